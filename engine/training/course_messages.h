/*
 * What messages between ranks take of training, for the log.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_MESSAGES_H
#define RNL_ENGINE_TRAINING_COURSE_MESSAGES_H

#include "engine/training/course.h"

/* Counts from here on, the steps alone. */
void rnl_course_begin_messages(rnl_course *t);

/* Leaves out messages that belong to no step: those since `before` (rnl_job_count_traffic). */
void rnl_course_set_messages_aside(rnl_course *t, rnl_job_traffic before);

/* Tells what the steps since rnl_course_begin_messages sent and waited, on rank 0. */
void rnl_course_tell_messages(const rnl_course *t);

#endif
