/*
 * What a training leaves on the way: checkpoints, and the best and last weights beside them.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_SAVING_H
#define RNL_ENGINE_TRAINING_COURSE_SAVING_H

#include "engine/training/course.h"

/* Warns where the checkpoint was computed with something else than this run is. */
void rnl_course_warn_if_moved(const rnl_course *t, const rnl_step *step);

/* Worker 0: brings parameters and optimizer state into the model. */
rnl_status rnl_course_collect(rnl_course *t, const rnl_step *step);

/* Saves if worker 0 has said so before the last barrier. */
void rnl_course_save_if_due(rnl_course *t, rnl_hand *hand);

/* The checkpoint has the same weights: without the file, a model is lost to those alone who want it
 * before training ends, or beside the one that it ends with.  Returns false, and tells it, if it
 * cannot be written. */
bool rnl_course_save_beside(const rnl_course *t, const char *which, const char *path);

/* Whether the best weights that a checkpoint knows of are to be written once more. */
bool rnl_course_resaves_best(const rnl_model *model, const rnl_options *options);

/* Worker 0 or none: the file gets the best weights that it lacks; again later if it cannot be
 * written. */
void rnl_course_save_best(rnl_course *t);

/* Worker 0: the weights as they are, as the best. */
void rnl_course_keep_best(rnl_course *t, rnl_hand *hand);

#endif
