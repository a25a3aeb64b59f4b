/*
 * Warnings about targets that a network cannot learn well: far from 0 and 1, or outside the range
 * of its last activation.
 */
#ifndef RNL_ENGINE_TRAINING_TARGET_SCALE_H
#define RNL_ENGINE_TRAINING_TARGET_SCALE_H

#include "engine/model/model.h"

#define RNL_TARGET_TEXT 320

/* Returns true, with a warning's text, if the only target is the same in every row; if the
 * configuration scales no target values and they are the inputs, which it scales; or if the mean or
 * standard deviation of one is above 10, or all standard deviations are below 0.1. */
bool rnl_target_scale_is_odd(const rnl_model *model, const rnl_dataset *rows,
                             char text[RNL_TARGET_TEXT]);

/* Returns true, with a warning's text, if some scaled targets lie outside the range of the last
 * layer's activation. */
bool rnl_targets_are_out_of_reach(const rnl_model *model, const rnl_dataset *rows,
                                  char text[RNL_TARGET_TEXT]);

/* Returns true, with a warning's text, if the loss takes the logarithm of predictions that the last
 * layer's activation may make negative. */
bool rnl_predictions_may_be_negative(const rnl_model *model, char text[RNL_TARGET_TEXT]);

#endif
