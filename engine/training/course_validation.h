/*
 * Validations during a training, the decisions by their figures, and inspections.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_VALIDATION_H
#define RNL_ENGINE_TRAINING_COURSE_VALIDATION_H

#include "engine/training/course.h"

/* All workers: validates, reports the figures since the last report, and decides by them. */
void rnl_course_validate(rnl_course *t, rnl_hand *hand);

/* Tests if validate_every asks for a validation now. */
bool rnl_course_validation_is_due(const rnl_course *t);

/* Validates at the end of training, if steps have followed the last validation.  Checkpoints do not
 * record it, so a run resumed for more epochs continues as if it had not happened. */
void rnl_course_validate_end(rnl_course *t, rnl_hand *hand);

bool rnl_course_is_inspecting(const rnl_course *t);
void rnl_course_inspect_beginning(rnl_course *t, rnl_hand *hand);
void rnl_course_inspect_end(rnl_course *t, rnl_hand *hand);

#endif
