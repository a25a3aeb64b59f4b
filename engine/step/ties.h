/*
 * Parameters that are another layer's, too, in another shape: one gradient, one update.  The other
 * layer's gradient is added to the owner's once all gradients are there, and its values follow the
 * owner's once they are updated.
 */
#ifndef RNL_ENGINE_STEP_TIES_H
#define RNL_ENGINE_STEP_TIES_H

#include "engine/step/step.h"

/* Registers a tie by its two phases. */
rnl_status rnl_step_tie(rnl_step *step, rnl_phase add_gradient, rnl_phase follow);

/* Adds the phases of all ties: behind the backward pass, and behind all that changes values. */
rnl_status rnl_plan_tied_gradients(rnl_step *step);
rnl_status rnl_plan_tied_values(rnl_step *step);

#endif
