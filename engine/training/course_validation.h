/*
 * Validations in the course of a training, what is decided by their figures, and looking inside.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_VALIDATION_H
#define RNL_ENGINE_TRAINING_COURSE_VALIDATION_H

#include "engine/training/course.h"

/* All workers: validates, tells the figures since the last time, and decides what hangs on them. */
void rnl_course_validate(rnl_course *t, rnl_hand *hand);

/* By validate_every. */
bool rnl_course_validation_is_due(const rnl_course *t);

/* The steps since the last validation, where they were too few for another, get theirs at the end.
 * No checkpoint knows of it, so that a run that goes on for more epochs goes on as if it had never
 * been. */
void rnl_course_validate_end(rnl_course *t, rnl_hand *hand);

bool rnl_course_is_inspecting(const rnl_course *t);
void rnl_course_inspect_beginning(rnl_course *t, rnl_hand *hand);
void rnl_course_inspect_end(rnl_course *t, rnl_hand *hand);

#endif
