#include "engine/step/clip.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/clippings.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/step/shared.h"
#include "engine/step/sizes.h"

#include <math.h>
#include <stddef.h>

#define CHUNK RNL_SIZES_IN_FLOAT

typedef struct slice {
    const rnl_block *block;
    rnl_block_part part; /* of what this process updates */
} slice;

/* Squares are summed chunk by chunk, and the chunks of a block in their order, whoever summed
 * them. */
typedef struct clip_state {
    rnl_clipping clipping;
    float *sums;   /* of the squares of each chunk, block behind block: first those of ranks */
    size_t *first; /* (blocks) of these */
    size_t begin[RNL_UPDATED_REGIONS]; /* of those of the early and the late region (shared.h) */
    size_t *ends[RNL_UPDATED_REGIONS]; /* (ranks) of a rank's from there on, in bytes */
    size_t count;
    slice slices[];
} clip_state;

static void measure_chunks(const clip_state *state, const rnl_kernels *kernels, const slice *s)
{
    for (size_t at = s->part.begin; at < s->part.begin + s->part.count; at += CHUNK) {
        double absolutes, squares;
        kernels->sizes(&(const rnl_sizes){rnl_least(s->part.begin + s->part.count - at, CHUNK),
                                          s->block->gradients + at, &absolutes, &squares});
        state->sums[state->first[s->block->index] + at / CHUNK] = (float)squares;
    }
}

static rnl_status run_measure(void *self, size_t tile, rnl_step_worker *worker)
{
    const clip_state *state = self;
    const rnl_step *step = worker->step;
    const slice *s = &state->slices[tile];
    float *gradients = s->block->gradients + s->part.begin;
    if (s->block->penalties[0])
        rnl_penalty_add_slope(step, s->block, worker->batch.rows, s->part.begin, s->part.count,
                              gradients);
    if (state->clipping.kind == RNL_CLIPS_VALUES)
        step->kernels->clamp(
            &(const rnl_clamp){s->part.count, gradients, (float)state->clipping.limit});
    else
        measure_chunks(state, step->kernels, s);
    return RNL_OK;
}

/* ---- factors --------------------------------------------------------------------------------- */

static double sum_chunks(const clip_state *state, const rnl_block *block)
{
    const float *sums = state->sums + state->first[block->index];
    double squares = 0;
    for (size_t k = 0; k < rnl_divide_up(block->count, CHUNK); ++k)
        squares += (double)sums[k];
    return squares;
}

/* Measures again, in double, what float lost. */
static double squares_of(const clip_state *state, const rnl_step *step, const rnl_block *block)
{
    double absolutes, squares = block->trained ? sum_chunks(state, block) : 0;
    if (block->trained && rnl_squares_are_lost(squares))
        rnl_sizes_measure(step->kernels, block->count, block->gradients, &absolutes, &squares);
    return squares;
}

/* The blocks of a parameter follow each other. */
static size_t end_of_parameter(const rnl_step *step, size_t block)
{
    const rnl_parameter *parameter = step->blocks.items[block]->parameter;
    while (block < step->blocks.count && step->blocks.items[block]->parameter == parameter)
        ++block;
    return block;
}

/* Sets the factor from the sum over the blocks in their order. */
static void set_factor(const clip_state *state, const rnl_step *step, size_t begin, size_t end)
{
    double squares = 0;
    for (size_t i = begin; i < end; ++i)
        squares += squares_of(state, step, step->blocks.items[i]);
    const double norm = sqrt(squares);
    for (size_t i = begin; i < end; ++i)
        rnl_factor_split(norm > state->clipping.limit ? state->clipping.limit / norm : 1,
                         step->blocks.items[i]->clip_factors);
}

static rnl_status run_factors(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const clip_state *state = self;
    const rnl_step *step = worker->step;
    if (state->clipping.kind == RNL_CLIPS_GLOBAL_NORM) {
        set_factor(state, step, 0, step->blocks.count);
        return RNL_OK;
    }
    for (size_t begin = 0; begin < step->blocks.count;) {
        const size_t end = end_of_parameter(step, begin);
        set_factor(state, step, begin, end);
        begin = end;
    }
    return RNL_OK;
}

/* ---- among ranks ----------------------------------------------------------------------------- */

/* All gradients are gathered where a sum is lost: too large or too small for float, or 0. */
static rnl_status run_gather(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const clip_state *state = self;
    const rnl_step *step = worker->step;
    bool lost = false;
    for (size_t k = 0; k < RNL_UPDATED_REGIONS; ++k)
        RNL_TRY(rnl_shared_gather(step->shared, state->sums + state->begin[k], state->ends[k]));
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        lost |= rnl_block_is_gathered(block) && rnl_squares_are_lost(sum_chunks(state, block));
    }
    return lost ? rnl_shared_gather_gradients(step) : RNL_OK;
}

/* The ends of what each rank measures of a region; returns the last. */
static size_t list_ends(size_t *ends, const rnl_step *step, size_t region)
{
    size_t bytes = 0;
    for (size_t r = 0; r < step->shared->ranks; ++r) {
        for (size_t i = 0; i < step->blocks.count; ++i) {
            const rnl_block *block = step->blocks.items[i];
            if (rnl_block_is_gathered(block) && rnl_region_of(step, block) == region)
                bytes +=
                    rnl_divide_up(rnl_shared_part(step, block, r).count, CHUNK) * sizeof(float);
        }
        ends[r] = bytes;
    }
    return bytes;
}

static rnl_status plan_gather(clip_state *state, rnl_step *step)
{
    const rnl_step_shared *shared = step->shared;
    if (!shared)
        return RNL_OK;
    size_t bytes = 0;
    for (size_t k = 0; k < RNL_UPDATED_REGIONS; ++k) {
        state->ends[k] = rnl_step_allocate(step, shared->ranks * sizeof **state->ends, NULL);
        if (!state->ends[k])
            return rnl_fail_memory(shared->ranks * sizeof **state->ends);
        bytes += list_ends(state->ends[k], step, k);
    }
    return rnl_phases_add(&step->phases,
                          (rnl_phase){.name = "gather norms",
                                      .tiles = 1,
                                      .run = run_gather,
                                      .self = state,
                                      .cost = {.waits = 1, .received = (double)bytes}});
}

/* ---- planning -------------------------------------------------------------------------------- */

/* Numbers the chunks of blocks of a region, or of those that ranks do not share out. */
static size_t number_chunks(const clip_state *state, const rnl_step *step, size_t region,
                            size_t next)
{
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        const size_t own = rnl_block_is_gathered(block) ? rnl_region_of(step, block) : RNL_TIED;
        if (!block->trained || own != region)
            continue;
        state->first[i] = next;
        next += rnl_divide_up(block->count, CHUNK);
    }
    return next;
}

static rnl_status plan_sums(clip_state *state, rnl_step *step)
{
    state->first = rnl_step_allocate(step, (step->blocks.count + 1) * sizeof *state->first, NULL);
    if (!state->first)
        return rnl_fail_memory(step->blocks.count * sizeof *state->first);
    size_t chunks = 0;
    for (size_t region = 0; region <= RNL_TIED; ++region) {
        if (region < RNL_UPDATED_REGIONS)
            state->begin[region] = chunks;
        chunks = number_chunks(state, step, region, chunks);
    }
    state->sums = rnl_step_allocate(step, (chunks + 1) * sizeof *state->sums, NULL);
    return state->sums ? RNL_OK : rnl_fail_memory(chunks * sizeof *state->sums);
}

static size_t slices_of(const rnl_block *block)
{
    return block->trained ? rnl_divide_up(block->own.count, RNL_UPDATE_SLICE) : 0;
}

static void list_slices(clip_state *state, const rnl_step *step)
{
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        for (size_t k = 0; k < slices_of(block); ++k) {
            const size_t at = k * RNL_UPDATE_SLICE, left = block->own.count - at;
            state->slices[state->count++] =
                (slice){block, {block->own.begin + at, rnl_least(left, RNL_UPDATE_SLICE)}};
        }
    }
}

rnl_status rnl_plan_clipping(rnl_step *step)
{
    if (!rnl_step_clips(step))
        return RNL_OK;
    size_t count = 0;
    double gradients = 0;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const size_t slices = slices_of(step->blocks.items[i]);
        count += slices;
        gradients += slices > 0 ? (double)step->blocks.items[i]->own.count * sizeof(float) : 0;
    }
    const size_t bytes = sizeof(clip_state) + count * sizeof(slice);
    clip_state *state = rnl_step_allocate(step, bytes, NULL);
    if (!state)
        return rnl_fail_memory(bytes);
    const rnl_choice *clipping = &step->given.model->config->training.clipping;
    state->clipping = rnl_clipping_of(clipping);
    list_slices(state, step);
    for (size_t i = 0; i < step->blocks.count; ++i)
        rnl_factor_split(1, step->blocks.items[i]->clip_factors);
    if (count > 0)
        RNL_TRY(rnl_phases_add(&step->phases,
                               (rnl_phase){.name = clipping->kind->name,
                                           .tiles = count,
                                           .run = run_measure,
                                           .self = state,
                                           .cost = {.bytes = gradients, .shared = gradients}}));
    if (state->clipping.kind == RNL_CLIPS_VALUES)
        return RNL_OK;
    RNL_TRY(plan_sums(state, step));
    RNL_TRY(plan_gather(state, step));
    return rnl_phases_add(
        &step->phases,
        (rnl_phase){.name = "clipping factors", .tiles = 1, .run = run_factors, .self = state});
}
