/*
 * Parameters read and set by callbacks while a model trains.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_ACCESS_H
#define RNL_ENGINE_TRAINING_COURSE_ACCESS_H

#include "engine/training/course.h"

/* Make the model's parameters go by way of the course, until training ends. */
void rnl_course_begin_access(rnl_course *t);
void rnl_course_end_access(rnl_course *t);

/* Worker 0: open the parameters to a callback, and close them after it. */
void rnl_course_open(rnl_course *t, rnl_hand *hand);
void rnl_course_close(rnl_course *t);

/* All workers, after a barrier: the step takes over what a callback has set. */
void rnl_course_take_changes(rnl_course *t, rnl_hand *hand);

#endif
