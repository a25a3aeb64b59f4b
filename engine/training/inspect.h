/*
 * Looking inside between two steps.
 */
#ifndef RNL_ENGINE_TRAINING_INSPECT_H
#define RNL_ENGINE_TRAINING_INSPECT_H

#include "engine/step/probe.h"
#include "engine/workers/pass.h"

/* Takes a step on all workers together, measures it, and takes it back, and with it what a pass in
 * training mode before it has moved, unless that is NULL.  Begins after a barrier and ends with
 * one. */
void rnl_inspect_step(rnl_hand *hand, const rnl_batch *batch, rnl_pass *before);

/* Tells the caller what was measured; false if it wants to stop. */
bool rnl_inspect_report(const rnl_step *step, size_t epoch, const rnl_options *options);

#endif
