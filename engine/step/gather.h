/*
 * The rows of a mini-batch, gathered from the dataset: inputs and targets, scaled, and weights.
 */
#ifndef RNL_ENGINE_STEP_GATHER_H
#define RNL_ENGINE_STEP_GATHER_H

#include "engine/step/row_tiles.h"

/* Plans the phase that gathers. */
rnl_status rnl_plan_gather(rnl_step *step);

/* Returns how a scaler's bytes may be scaled in float, to the same bits: where all features are
 * multiplied by one factor alone, and each of the 256 bytes is proven equal. */
rnl_byte_scale rnl_byte_scale_of(const rnl_kernels *kernels, const rnl_scaler *scaler);

/* Gathers rows of such elements, scaled. */
void rnl_gather_rows(const rnl_kernels *kernels, rnl_element element, const rnl_gather *rows);

/* Gathers targets, classes and weights of rows whose inputs have been gathered. */
void rnl_gather_targets(const rnl_step *step, const rnl_batch *batch, rnl_row_tile rows);

/* Tests if the rows have weights, of samples or of classes. */
bool rnl_batch_is_weighted(const rnl_step *step, const rnl_batch *batch);

#endif
