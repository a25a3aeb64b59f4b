/*
 * Inspection of layers: statistics of their outputs, and norms of a step's gradients and updates
 * beside those of the weights.
 *
 * A step is measured by performing and reverting it: its parameters and the optimizer's state are
 * copied, the step runs as usual, gradients and new weights are measured, and the copies are
 * restored bit for bit.  So the figures depend only on the position of training: they are the same
 * after a resume, and exist before the first step.
 *
 * All sums are in double, over the values of a block or the rows of a unit in their order, and so
 * independent of the workers.
 */
#ifndef RNL_ENGINE_STEP_PROBE_H
#define RNL_ENGINE_STEP_PROBE_H

#include "engine/step/step.h"

/* The phases of step->probes. */
enum {
    RNL_PROBE_KEEP,   /* all parameters and the optimizer's state */
    RNL_PROBE_UPDATE, /* after a step: measures it and restores the copies */
    RNL_PROBE_OUTPUTS /* after the layers have run forward: adds the rows of the mini-batch */
};

/* Plans the phases and their memory. */
rnl_status rnl_plan_probe(rnl_step *step);

/* Forgets the rows that were added; called by one worker. */
void rnl_probe_clear(const rnl_step *step);

/* Returns the figures measured since then, layer by layer; called by one worker.  They belong to
 * the step. */
const rnl_layer_inspection *rnl_probe_read(const rnl_step *step, size_t *layer_count, size_t *rows);

#endif
