/*
 * Whether a training may begin, or go on from where a checkpoint stands.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_CHECK_H
#define RNL_ENGINE_TRAINING_COURSE_CHECK_H

#include "engine/model/model.h"

/* Model, rows and configuration fit each other and the model's position.  The model notes the rows'
 * digest. */
rnl_status rnl_course_check(rnl_model *model, const rnl_data *data);

#endif
