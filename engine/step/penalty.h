/*
 * Regularizers in a step: the slope of a block's penalty is added to its gradient just before the
 * update, and the penalty is measured just after it, while the weights are in the cache.
 */
#ifndef RNL_ENGINE_STEP_PENALTY_H
#define RNL_ENGINE_STEP_PENALTY_H

#include "engine/step/step.h"

/* Adds the slope of the penalty to the gradients, (count), of a part of the block, over a
 * mini-batch of so many rows. */
void rnl_penalty_add_slope(const rnl_step *step, const rnl_block *block, size_t rows, size_t begin,
                           size_t count, float *gradients);

/* Measures a part of the block before step `number`: whole pieces, and possibly the rest of the
 * block. */
void rnl_penalty_measure(const rnl_step *step, const rnl_block *block, uint64_t number,
                         size_t begin, size_t count);

/* Sums the penalty of the weights before a step of so many rows, 0 for those of a full mini-batch;
 * called by one worker after the previous step is complete. */
void rnl_step_set_penalty(rnl_step *step, uint64_t number, size_t rows);

/* Tests if a phase behind the update measures the block's penalty. */
static inline bool rnl_penalty_is_late(const rnl_block *block)
{
    return block->constrained || rnl_block_is_gathered(block);
}

/* Adds the phase that measures penalties of weights that ranks have sent each other. */
rnl_status rnl_plan_late_penalties(rnl_step *step);

/* Plans the blocks' first measurement; called when all of them are there. */
rnl_status rnl_plan_penalties(rnl_step *step);

#endif
