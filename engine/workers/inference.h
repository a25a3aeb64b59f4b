/*
 * A step that infers: one phase in which a predictor answers, and the loss.
 */
#ifndef RNL_ENGINE_WORKERS_INFERENCE_H
#define RNL_ENGINE_WORKERS_INFERENCE_H

#include "engine/step/step.h"

/* Plans the step in place of rnl_step_plan.  Its mini-batches take the rows of the dataset in their
 * order.  The predictor judges unless the step only predicts, and lives as long as the step. */
rnl_status rnl_inference_plan(rnl_step *step, const rnl_predictor *predictor);

/* The rows of its mini-batches: enough for many workers, and whole mini-batches of the
 * configuration, unless they are all rows. */
size_t rnl_inference_rows(const rnl_model *model, const rnl_dataset *dataset);

/* Bytes that an inference needs beyond those of a training step. */
size_t rnl_inference_bytes_beyond(const rnl_step *training);

#endif
