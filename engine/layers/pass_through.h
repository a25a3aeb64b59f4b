/*
 * Layers that pass values and gradients on unchanged: the next layer reads the previous one's
 * output, and its input gradient is this layer's.
 */
#ifndef RNL_ENGINE_LAYERS_PASS_THROUGH_H
#define RNL_ENGINE_LAYERS_PASS_THROUGH_H

#include "engine/step/step.h"

rnl_status rnl_pass_through_plan_forward(const rnl_layer *layer, rnl_step *step,
                                         const rnl_matrix *input, const rnl_matrix **output,
                                         void **state);
rnl_status rnl_pass_through_plan_backward(void *state, rnl_step *step, const rnl_upstream *upstream,
                                          rnl_upstream *downstream);

#endif
