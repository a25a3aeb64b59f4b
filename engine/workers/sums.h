/*
 * Adding up a pass.
 */
#ifndef RNL_ENGINE_WORKERS_SUMS_H
#define RNL_ENGINE_WORKERS_SUMS_H

#include "engine/step/step.h"

/* Adds the mini-batch that the step has just computed, row by row in double, and for each row the
 * penalty that was last set. */
void rnl_sums_add(rnl_sums *sums, const rnl_step *step, const rnl_batch *batch);

#endif
