/*
 * Looking inside: what the outputs of the layers are like, and how large the gradients and the
 * updates of a step are against the weights.
 *
 * A step is measured by taking it and taking it back: its parameters and the optimizer's state are
 * kept, the step runs as any other, gradients and new weights are measured, and what was kept is
 * put back bit for bit.  So the figures follow from where training stands alone, are the same in a
 * run that was interrupted just there, and exist before the first step too.
 *
 * All sums are in double, over the values of a block or the rows of a unit in their order, so that
 * nothing hangs on who adds them up.
 */
#ifndef RNL_ENGINE_STEP_PROBE_H
#define RNL_ENGINE_STEP_PROBE_H

#include "engine/step/step.h"

/* The phases of step->probes. */
enum {
    RNL_PROBE_KEEP,   /* all parameters and the optimizer's state */
    RNL_PROBE_UPDATE, /* after a step: measures it and puts back what was kept */
    RNL_PROBE_OUTPUTS /* after the layers have run forward: adds the rows of the mini-batch */
};

/* Plans the phases and their memory. */
rnl_status rnl_plan_probe(rnl_step *step);

/* Forgets the rows that were added; called by one worker. */
void rnl_probe_clear(const rnl_step *step);

/* What was measured since, layer by layer; called by one worker.  Belongs to the step. */
const rnl_layer_inspection *rnl_probe_read(const rnl_step *step, size_t *layer_count, size_t *rows);

#endif
