/*
 * Warnings about unscaled inputs.
 */
#ifndef RNL_ENGINE_TRAINING_INPUT_SCALE_H
#define RNL_ENGINE_TRAINING_INPUT_SCALE_H

#include "engine/model/model.h"

#define RNL_INPUT_SCALE_TEXT 256

/* Tests if batch normalization before the first dense layer normalizes the inputs. */
bool rnl_inputs_are_normalized(const rnl_model *model);

/* True, with words for a warning, if nothing scales the inputs, or some columns of them, and some
 * are far from 1: the root mean square of one above 10, or of all below 0.1; or if all are scaled
 * to one range, of which one of them has less than a thousandth. */
bool rnl_input_scale_is_odd(const rnl_model *model, const rnl_dataset *rows,
                            char text[RNL_INPUT_SCALE_TEXT]);

/* Mean and standard deviation of all inputs are near 0 and 1 as the network sees them, because they
 * are standardized, or came so. */
bool rnl_inputs_are_standardized(const rnl_model *model, const rnl_dataset *rows);

/* Tests if all scaled inputs are 0. */
bool rnl_inputs_are_zero(const rnl_model *model, const rnl_dataset *rows);

#endif
