/*
 * Whether a training may begin, or go on from where a checkpoint stands.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_CHECK_H
#define RNL_ENGINE_TRAINING_COURSE_CHECK_H

#include "engine/model/model.h"

/* Model, rows and configuration fit each other and the model's position. */
rnl_status rnl_course_check(rnl_model *model, const rnl_data *data);

/* The rows are those that the model began with; it notes their digest.  Called on all ranks at the
 * same time. */
rnl_status rnl_course_check_rows(rnl_model *model, const rnl_data *data);

#endif
