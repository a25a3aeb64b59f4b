/*
 * What a step does with each row beside its layers.
 */
#ifndef RNL_ENGINE_STEP_ROWS_H
#define RNL_ENGINE_STEP_ROWS_H

#include "engine/step/step.h"

/* Inputs and targets of the mini-batch, gathered from the dataset and scaled. */
rnl_status rnl_plan_gather(rnl_step *step);

/* Prediction, loss and metrics of each row, and in training the gradient with respect to the last
 * output. */
rnl_status rnl_plan_loss(rnl_step *step);

#endif
