/*
 * The end of a training: restores the best weights, and runs the final pass that some layers need.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_ENDING_H
#define RNL_ENGINE_TRAINING_COURSE_ENDING_H

#include "engine/training/course.h"

/* Called by worker 0 when training.max_seconds are over: what is done from here on, which the
 * checkpoint does not know, leaves the model where that stands. */
void rnl_course_time_out(rnl_hand *hand, void *context);

/* Called by all workers after the last step. */
void rnl_course_end(rnl_course *t, rnl_hand *hand);

/* Called by worker 0 at the very end, whether training has ended or was stopped: writes the final
 * state into the model. */
rnl_status rnl_course_finish(const rnl_step *step, void *context);

#endif
