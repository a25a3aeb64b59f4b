/*
 * Clipping of gradients before the optimizer reads them: each value, the norm of each parameter's
 * gradient, or the norm of all gradients.
 */
#ifndef RNL_ENGINE_STEP_CLIP_H
#define RNL_ENGINE_STEP_CLIP_H

#include "engine/step/step.h"

/* Adds the phases between backward and update, if the configuration clips. */
rnl_status rnl_plan_clipping(rnl_step *step);

#endif
