/*
 * The plan of a training step: the phases that compute it, in their order.
 *
 * They gather the rows of the mini-batch, run the layers forward, compute the loss, and run the
 * layers backward, each with its update; if gradients are clipped, one update of all follows
 * instead.  Evaluation runs the phases up to the loss.
 */
#ifndef RNL_ENGINE_STEP_PLAN_H
#define RNL_ENGINE_STEP_PLAN_H

#include "engine/step/step.h"

/* Plans the phases of a step and counts its memory, independently of the workers.  The caller has
 * set `model`, `kernels`, `batch_size`, `training` and optional modes, and calls rnl_step_release
 * also after a failure. */
rnl_status rnl_step_plan(rnl_step *step);

/* The beginning of a plan: how the rows are cut, and what is stored for each of them beside the
 * layers' outputs. */
rnl_status rnl_step_plan_rows(rnl_step *step);

/* Arranges a planned step for its workers, creates its products and allocates its memory; called by
 * one worker of the team, with `workers` and `active` set. */
rnl_status rnl_step_arrange(rnl_step *step);

/* Finds the tiles that are this worker's. */
rnl_status rnl_step_bind(rnl_step *step, rnl_step_worker *worker);
void rnl_step_unbind(rnl_step_worker *worker);

/* Copies one array of all parameters into the model, which has room for it; called by one worker of
 * the team. */
rnl_status rnl_step_collect(const rnl_step *step, size_t array, rnl_model *model);

#endif
