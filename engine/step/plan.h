/*
 * The plan of a training step: the phases that compute it, in their order.
 *
 * They gather the rows of the mini-batch, run the layers forward, compute the loss, and run the
 * layers backward with the update of each; where gradients are clipped, the update of all follows.
 * Evaluation runs the phases up to the loss.
 */
#ifndef RNL_ENGINE_STEP_PLAN_H
#define RNL_ENGINE_STEP_PLAN_H

#include "engine/step/step.h"

/* Plans the phases of a step and counts its memory, without a look at workers. `model`, `kernels`,
 * `batch_size` and `training` are set before, and what else the caller asks for.  rnl_step_release
 * is due after a failure, too. */
rnl_status rnl_step_plan(rnl_step *step);

/* Arranges a planned step for its workers, makes its products and allocates its memory; called by
 * one worker of the team.  `workers` and `active` are set before. */
rnl_status rnl_step_arrange(rnl_step *step);

/* Finds the tiles that are this worker's, and runs their bind functions. */
rnl_status rnl_step_bind(rnl_step *step, rnl_step_worker *worker);
void rnl_step_unbind(rnl_step_worker *worker);

/* Copies one array of all parameters into the model, which has room for it; called by one worker of
 * the team. */
rnl_status rnl_step_collect(const rnl_step *step, size_t array, rnl_model *model);

#endif
