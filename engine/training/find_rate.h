/*
 * The range test of the learning rate: rnl_find_learning_rate is declared in runnel.h.
 */
#ifndef RNL_ENGINE_TRAINING_FIND_RATE_H
#define RNL_ENGINE_TRAINING_FIND_RATE_H

#include "engine/model/model.h"

/* Runs a range test for an optimizer or a schedule that takes its rate, or its highest one, from
 * it, and logs the rate. */
rnl_status rnl_find_rate(double *learning_rate, const rnl_model *model, const rnl_data *data,
                         const rnl_options *options);

#endif
