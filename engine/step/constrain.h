/*
 * Constraints in a step: a last phase, after the update, that enforces them on the weights.
 */
#ifndef RNL_ENGINE_STEP_CONSTRAIN_H
#define RNL_ENGINE_STEP_CONSTRAIN_H

#include "engine/step/step.h"

/* A block with the group of each of its weights, in the block's order: from 1, 0 for padding; NULL
 * for a constraint without groups. */
typedef struct rnl_labelled_block {
    rnl_block *block;
    float *labels; /* (block->count) */
} rnl_labelled_block;

/* Constrains the blocks of one parameter together.  The labels are not kept. */
rnl_status rnl_step_constrain(rnl_step *step, const rnl_choice *constraint,
                              const rnl_labelled_block *blocks, size_t block_count,
                              size_t group_count);

/* Adds the phase, if there are constraints. */
rnl_status rnl_plan_constraints(rnl_step *step);

#endif
