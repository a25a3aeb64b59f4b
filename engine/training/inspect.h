/*
 * Inspection between two steps.
 */
#ifndef RNL_ENGINE_TRAINING_INSPECT_H
#define RNL_ENGINE_TRAINING_INSPECT_H

#include "engine/step/probe.h"
#include "engine/workers/pass.h"

/* Performs a step on all workers, measures it and reverts it, and with it what the pass in training
 * mode before it has changed, unless that is NULL.  Begins after a barrier and ends with one. */
void rnl_inspect_step(rnl_hand *hand, const rnl_batch *batch, rnl_pass *before);

/* Reports the figures; false if the callback asks to stop. */
bool rnl_inspect_report(const rnl_step *step, size_t epoch, const rnl_options *options);

#endif
