/*
 * The phases that every step has, whatever its layers.
 */
#ifndef RNL_ENGINE_STEP_PHASES_H
#define RNL_ENGINE_STEP_PHASES_H

#include "engine/step/step.h"

/* Inputs and targets of the mini-batch, gathered from the dataset and scaled. */
rnl_status rnl_plan_gather(rnl_step *step);

/* Prediction, loss and metrics of each row, and in training the gradient with respect to the last
 * output. */
rnl_status rnl_plan_loss(rnl_step *step);

/* Small enough to share among many workers and to stay in the L1 cache, large enough to be worth a
 * call. */
#define RNL_UPDATE_SLICE 4096

/* The optimizer, on slices of all parameters. */
rnl_status rnl_plan_update(rnl_step *step);

#endif
