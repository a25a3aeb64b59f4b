/*
 * Checks of a model against its data, and of computed numbers.
 */
#ifndef RNL_ENGINE_TRAINING_CHECK_H
#define RNL_ENGINE_TRAINING_CHECK_H

#include "engine/step/step.h"

/* Checks that the model is complete and the rows fit it. */
rnl_status rnl_check_dataset(const rnl_model *model, const rnl_dataset *dataset);

/* Checks the rows' targets, too. */
rnl_status rnl_check_labelled(const rnl_model *model, const rnl_dataset *dataset);

/* Checks that the job's ranks, or this process alone, hold the rows that they would train and
 * validate on by the model's configuration. */
rnl_status rnl_check_held(const rnl_model *model, const rnl_data *data, const rnl_job *job);

/* Checks that there are rows and parameters to train, too. */
rnl_status rnl_check_trainable(const rnl_model *model, const rnl_data *data);

/* RNL_NOT_FINITE naming the first layer whose output over the mini-batch is not finite. */
rnl_status rnl_fail_not_finite(const rnl_step *step, const rnl_batch *batch, uint64_t number);

/* RNL_NOT_FINITE naming step, layer and parameter if an update of a step before this one met a
 * gradient that is not finite, or made a parameter so. */
rnl_status rnl_check_updates(const rnl_step *step, uint64_t before);

/* RNL_NOT_FINITE naming the layer if a parameter in the step is not finite, or was met so. */
rnl_status rnl_check_parameters(const rnl_step *step);

#endif
