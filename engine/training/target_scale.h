/*
 * Targets that a network cannot learn well: far from 0 and 1, or out of its last activation's
 * reach.
 */
#ifndef RNL_ENGINE_TRAINING_TARGET_SCALE_H
#define RNL_ENGINE_TRAINING_TARGET_SCALE_H

#include "engine/model/model.h"

#define RNL_TARGET_TEXT 320

/* True, with words for a warning, if the configuration scales no target values and they are the
 * inputs, which it scales; or if the mean or the standard deviation of one is above 10, or all
 * standard deviations are below 0.1. */
bool rnl_target_scale_is_odd(const rnl_model *model, const rnl_dataset *rows,
                             char text[RNL_TARGET_TEXT]);

/* True, with words for a warning, if some targets, as they are scaled, lie where the last layer's
 * activation never comes. */
bool rnl_targets_are_out_of_reach(const rnl_model *model, const rnl_dataset *rows,
                                  char text[RNL_TARGET_TEXT]);

#endif
