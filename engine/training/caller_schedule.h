/*
 * A schedule that the caller of rnl_train gives as a function.
 */
#ifndef RNL_ENGINE_TRAINING_CALLER_SCHEDULE_H
#define RNL_ENGINE_TRAINING_CALLER_SCHEDULE_H

#include "engine/model/model.h"

/* Returns the caller's schedule, or else the one of the model's phase. */
rnl_choice rnl_schedule_given(const rnl_model *model, const rnl_options *options);

/* Refuses a caller's schedule beside one of the configuration. */
rnl_status rnl_schedule_given_check(const rnl_model *model, const rnl_options *options);

#endif
