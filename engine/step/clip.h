/*
 * Clipping of gradients, before the optimizer sees them: each value, the norm of each parameter's
 * gradient, or the norm of all together.
 */
#ifndef RNL_ENGINE_STEP_CLIP_H
#define RNL_ENGINE_STEP_CLIP_H

#include "engine/step/step.h"

/* The phases between backward and update, if the configuration asks for them. */
rnl_status rnl_plan_clipping(rnl_step *step);

#endif
