/*
 * Files written during a training: checkpoints, and the models with the best and the last weights.
 */
#ifndef RNL_ENGINE_TRAINING_COURSE_SAVING_H
#define RNL_ENGINE_TRAINING_COURSE_SAVING_H

#include "engine/training/course.h"

/* Warns if another version of Runnel cut the steps of the checkpoint otherwise, or summed in
 * another order.  The processor does not matter. */
void rnl_course_warn_if_moved(const rnl_course *t);

/* Allocates the tallies of the course, and the model's, which takes over what a checkpoint had.
 * RNL_NO_MEMORY, RNL_BAD_DATA. */
rnl_status rnl_course_allocate_tallies(rnl_course *t);

/* Allocates what checkpoints hold, before any training whose result could not be saved.  Of ranks,
 * the first alone has the optimizer's state in its model. */
rnl_status rnl_course_allocate_checkpoints(const rnl_course *t);

/* Worker 0: copies parameters and optimizer state into the model; among ranks the parameters alone,
 * without a word to the others. */
rnl_status rnl_course_collect(rnl_course *t, const rnl_step *step);

/* Worker 0 of all ranks: likewise, and the optimizer's state of all into the model of rank 0. */
rnl_status rnl_course_collect_all(rnl_course *t, const rnl_step *step);

/* Worker 0: tests if the checkpoint of an epoch is due, by the clock of rank 0: to save may take
 * longer than a short epoch. */
bool rnl_course_checkpoint_is_due(rnl_course *t, rnl_hand *hand);

/* Saves if worker 0 has decided so before the last barrier. */
void rnl_course_save_if_due(rnl_course *t, rnl_hand *hand);

/* Saves a model beside the checkpoint.  A failure is a warning: the checkpoint holds the same
 * weights. */
bool rnl_course_save_beside(const rnl_course *t, const char *which, const char *path);

/* Whether the best weights that a checkpoint knows of are to be written once more. */
bool rnl_course_resaves_best(const rnl_model *model, const rnl_options *options);

/* Saves the best weights if their file lacks them; called by worker 0 or without workers. */
void rnl_course_save_best(rnl_course *t);

/* Worker 0: keeps the current weights as the best ones. */
void rnl_course_keep_best(rnl_course *t, rnl_hand *hand);

#endif
