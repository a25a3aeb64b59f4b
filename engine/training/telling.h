/*
 * What a training tells in its log of its data, of memory and of the weights that it ends with.
 */
#ifndef RNL_ENGINE_TRAINING_TELLING_H
#define RNL_ENGINE_TRAINING_TELLING_H

#include "engine/step/step.h"

/* What was seen while the data were loaded. */
void rnl_tell_notes(const rnl_data *data, const rnl_options *options);

/* The workers and the memory of a planned step, beside the data. */
void rnl_tell_plan(const rnl_step *step, const rnl_data *data, const rnl_options *options);

/* The memory that was resident at the most, so far. */
void rnl_tell_peak(const rnl_options *options);

/* Where l1 is to make weights 0, how many nearly are. */
void rnl_tell_sparsity(const rnl_model *model, const rnl_options *options);

#endif
