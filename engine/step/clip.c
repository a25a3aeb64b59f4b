#include "engine/step/clip.h"

#include "engine/base/error.h"
#include "engine/kinds/clippings.h"
#include "engine/schema/config.h"
#include "engine/step/penalty.h"
#include "engine/step/sizes.h"

#include <math.h>
#include <stddef.h>

typedef struct clip_state {
    rnl_clipping clipping;
    double squares[]; /* (blocks) sum of the squared gradients */
} clip_state;

static rnl_status run_measure(void *self, size_t tile, rnl_step_worker *worker)
{
    clip_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_block *block = step->blocks.items[tile];
    if (!block->trained)
        return RNL_OK;
    if (block->penalties[0])
        rnl_penalty_add_slope(step, block, worker->batch.rows, 0, block->count, block->gradients);
    if (state->clipping.kind == RNL_CLIPS_VALUES) {
        step->kernels->clamp(
            &(const rnl_clamp){block->count, block->gradients, (float)state->clipping.limit});
        return RNL_OK;
    }
    double absolutes;
    rnl_sizes_measure(step->kernels, block->count, block->gradients, &absolutes,
                      &state->squares[tile]);
    return RNL_OK;
}

/* The blocks of a parameter follow each other. */
static size_t end_of_parameter(const rnl_step *step, size_t block)
{
    const rnl_parameter *parameter = step->blocks.items[block]->parameter;
    while (block < step->blocks.count && step->blocks.items[block]->parameter == parameter)
        ++block;
    return block;
}

/* Sets the factor from the sum over the blocks in their order, regardless of the workers that
 * measured them. */
static void set_factor(const clip_state *state, const rnl_step *step, size_t begin, size_t end)
{
    double squares = 0;
    for (size_t i = begin; i < end; ++i)
        squares += state->squares[i];
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

rnl_status rnl_plan_clipping(rnl_step *step)
{
    if (!rnl_step_clips(step))
        return RNL_OK;
    const size_t bytes = sizeof(clip_state) + step->blocks.count * sizeof(double);
    clip_state *state = rnl_step_allocate(step, bytes, NULL);
    if (!state)
        return rnl_fail_memory(bytes);
    const rnl_choice *clipping = &step->given.model->config->training.clipping;
    state->clipping = rnl_clipping_of(clipping);
    for (size_t i = 0; i < step->blocks.count; ++i)
        rnl_factor_split(1, step->blocks.items[i]->clip_factors);
    RNL_TRY(rnl_phases_add(&step->phases,
                           (rnl_phase){.name = clipping->kind->name,
                                       .tiles = step->blocks.count,
                                       .run = run_measure,
                                       .self = state,
                                       .cost = {.bytes = (double)step->memory.gradients,
                                                .shared = (double)step->memory.gradients}}));
    if (state->clipping.kind == RNL_CLIPS_VALUES)
        return RNL_OK;
    return rnl_phases_add(
        &step->phases,
        (rnl_phase){.name = "clipping factors", .tiles = 1, .run = run_factors, .self = state});
}
