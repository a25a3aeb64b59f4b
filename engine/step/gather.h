/*
 * The rows of a mini-batch, gathered from the dataset: inputs and targets, scaled, and weights.
 */
#ifndef RNL_ENGINE_STEP_GATHER_H
#define RNL_ENGINE_STEP_GATHER_H

#include "engine/step/row_tiles.h"

/* Plans the phase that gathers. */
rnl_status rnl_plan_gather(rnl_step *step);

/* Gathers rows of such elements, scaled. */
void rnl_gather_rows(const rnl_kernels *kernels, rnl_element element, const rnl_gather *rows);

/* Gathers targets, classes and weights of rows whose inputs have been gathered. */
void rnl_gather_targets(const rnl_step *step, const rnl_batch *batch, rnl_row_tile rows);

/* Tests if the rows have weights, of samples or of classes. */
bool rnl_batch_is_weighted(const rnl_step *step, const rnl_batch *batch);

#endif
