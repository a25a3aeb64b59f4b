#include "engine/step/penalty.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/regularizers.h"
#include "engine/schema/config.h"
#include "engine/step/sizes.h"

void rnl_penalty_add_slope(const rnl_step *step, const rnl_block *block, size_t rows, size_t begin,
                           size_t count, float *gradients)
{
    const rnl_regularizer regularizer = rnl_regularizer_of(block->parameter->regularizer);
    const double divisor = regularizer.by_rows ? (double)rows : 1;
    step->kernels->penalty_slope(&(const rnl_penalty_slope){
        .count = count,
        .weights = block->arrays[RNL_VALUES] + begin,
        .gradient = gradients,
        .l1 = regularizer.proximal ? 0 : (float)regularizer.l1,
        .l2 = (float)(regularizer.l2 / divisor),
    });
}

static size_t piece_count(const rnl_block *block)
{
    return rnl_divide_up(block->count, block->piece);
}

static double penalty_of(const rnl_step *step, const rnl_block *block, size_t begin, size_t count)
{
    const rnl_regularizer regularizer = rnl_regularizer_of(block->parameter->regularizer);
    double absolutes, squares;
    rnl_sizes_measure(step->kernels, count, block->arrays[RNL_VALUES] + begin, &absolutes,
                      &squares);
    return regularizer.l1 * absolutes + regularizer.l2 * squares;
}

void rnl_penalty_measure(const rnl_step *step, const rnl_block *block, uint64_t number,
                         size_t begin, size_t count)
{
    for (size_t at = begin; at < begin + count; at += block->piece) {
        const size_t left = begin + count - at;
        block->penalties[number % 2][at / block->piece] =
            penalty_of(step, block, at, rnl_least(left, block->piece));
    }
}

static void add_pieces(double *sum, const rnl_block *block, uint64_t number)
{
    for (size_t k = 0; block->penalties[0] && k < piece_count(block); ++k)
        *sum += block->penalties[number % 2][k];
}

/* Sums blocks and pieces in their order, regardless of the workers that measured them. */
void rnl_step_set_penalty(rnl_step *step, uint64_t number, size_t rows)
{
    if (rows == 0)
        rows = (size_t)step->given.model->config->training.batch_size;
    double plain = 0, by_rows = 0;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        const rnl_regularizer regularizer = rnl_regularizer_of(block->parameter->regularizer);
        add_pieces(regularizer.by_rows ? &by_rows : &plain, block, number);
    }
    step->update.penalty = plain + by_rows / (double)rows;
}

/* Measures before the first step; fills the penalties for even and odd steps. */
static rnl_status run_measure(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)self;
    const rnl_step *step = worker->step;
    const rnl_block *block = step->blocks.items[tile];
    for (uint64_t parity = 0; block->penalties[0] && parity < 2; ++parity)
        rnl_penalty_measure(step, block, parity, 0, block->count);
    return RNL_OK;
}

static bool is_penalized(const rnl_block *block)
{
    const rnl_regularizer regularizer = rnl_regularizer_of(block->parameter->regularizer);
    return !block->layer->frozen && (regularizer.l1 != 0 || regularizer.l2 != 0);
}

/* Slices that are measured behind the update; constraints measure what they change. */
static size_t late_slices(const rnl_block *block)
{
    return is_penalized(block) && rnl_block_is_gathered(block) && !block->constrained
               ? rnl_divide_up(block->count, RNL_UPDATE_SLICE)
               : 0;
}

/* Tiles are the slices of such blocks, in their order. */
static rnl_status run_late(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_step *step = self;
    rnl_block *const *block = step->blocks.items;
    for (; tile >= late_slices(*block); ++block)
        tile -= late_slices(*block);
    const size_t begin = tile * RNL_UPDATE_SLICE;
    rnl_penalty_measure(step, *block, worker->batch.number + 1, begin,
                        rnl_least((*block)->count - begin, RNL_UPDATE_SLICE));
    return RNL_OK;
}

rnl_status rnl_plan_late_penalties(rnl_step *step)
{
    size_t slices = 0;
    for (size_t i = 0; i < step->blocks.count; ++i)
        slices += late_slices(step->blocks.items[i]);
    if (slices == 0)
        return RNL_OK;
    const double bytes = (double)slices * RNL_UPDATE_SLICE * sizeof(float);
    return rnl_phases_add(&step->phases, (rnl_phase){.name = "penalties",
                                                     .tiles = slices,
                                                     .run = run_late,
                                                     .self = step,
                                                     .cost = {.bytes = bytes}});
}

rnl_status rnl_plan_penalties(rnl_step *step)
{
    bool any = false;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        rnl_block *block = step->blocks.items[i];
        if (!is_penalized(block))
            continue;
        any = true;
        if (block->delayed || block->piece == 0)
            block->piece = RNL_UPDATE_SLICE;
        const size_t bytes = piece_count(block) * sizeof(double);
        for (size_t k = 0; k < 2; ++k)
            block->penalties[k] = rnl_step_allocate(step, bytes, NULL);
        if (!block->penalties[0] || !block->penalties[1])
            return rnl_fail_memory(bytes);
    }
    return any ? rnl_phases_add(&step->preparation,
                                (rnl_phase){.tiles = step->blocks.count, .run = run_measure})
               : RNL_OK;
}
