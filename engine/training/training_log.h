/*
 * What a training logs of its data, its memory and the weights that it ends with.
 */
#ifndef RNL_ENGINE_TRAINING_TRAINING_LOG_H
#define RNL_ENGINE_TRAINING_TRAINING_LOG_H

#include "engine/step/step.h"

/* Logs what loading the data noted, and warns of rows of the caller that lack what the
 * configuration says of them. */
void rnl_log_notes(const rnl_config *config, const rnl_data *data, const rnl_options *options);

/* Logs the workers and the memory of a planned step, beside the data. */
void rnl_log_plan(const rnl_step *step, const rnl_data *data, const rnl_options *options);

/* Logs the peak of resident memory so far. */
void rnl_log_peak(const rnl_options *options);

/* Logs the share of weights near 0 under l1. */
void rnl_log_sparsity(const rnl_model *model, const rnl_options *options);

/* Tells the phase in which the model stands, where there are several. */
void rnl_log_phase(const rnl_model *model, const rnl_options *options);

#endif
