/*
 * The end of a training: back to the best weights, and the pass over the training rows that some
 * layers end with.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_ENDING_H
#define RNL_ENGINE_TRAINING_COURSE_ENDING_H

#include "engine/training/course.h"

/* All workers, behind the last step. */
void rnl_course_end(rnl_course *t, rnl_hand *hand);

/* Worker 0, last of all, whether training has ended or was stopped: the model gets what it ends
 * with. */
rnl_status rnl_course_finish(const rnl_step *step, void *context);

#endif
