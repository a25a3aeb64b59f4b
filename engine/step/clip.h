/*
 * Clipping of gradients, before the optimizer sees them: each value, the norm of each parameter's
 * gradient, or the norm of all together.
 */
#ifndef RNL_ENGINE_STEP_CLIP_H
#define RNL_ENGINE_STEP_CLIP_H

#include "engine/step/step.h"

/* The phases between backward and update, if the configuration asks for them. */
rnl_status rnl_plan_clipping(rnl_step *step);

/* Then gradients are whole, penalties included, when the update begins, and no
 * tile of the backward pass updates anything. */
static inline bool rnl_step_clips(const rnl_step *step)
{
    return step->model->config->training.clipping.kind != NULL;
}

#endif
