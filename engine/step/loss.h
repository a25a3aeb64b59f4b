/*
 * The loss of a mini-batch.
 */
#ifndef RNL_ENGINE_STEP_LOSS_H
#define RNL_ENGINE_STEP_LOSS_H

#include "engine/step/step.h"

/* Plans the phase that computes prediction, loss and metrics of each row, and in training the
 * gradient with respect to the last output. */
rnl_status rnl_plan_loss(rnl_step *step);

#endif
