/*
 * Branches in inference: their input is kept, and each output goes into its place.
 */
#ifndef RNL_ENGINE_LAYERS_CONCATENATE_INFERENCE_H
#define RNL_ENGINE_LAYERS_CONCATENATE_INFERENCE_H

#include "engine/predictor/predictor.h"

rnl_status rnl_branches_infer_begin(const rnl_layer *layer, rnl_predictor *predictor);
rnl_status rnl_branches_infer_turn(const rnl_layer *layer, rnl_predictor *predictor);

/* Outputs side by side, or added. */
rnl_status rnl_branches_infer_join(const rnl_layer *layer, rnl_predictor *predictor);
rnl_status rnl_branches_infer_sum(const rnl_layer *layer, rnl_predictor *predictor);

#endif
