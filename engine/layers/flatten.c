#include "engine/layers/layers.h"

#include "engine/layers/pass_through.h"

static rnl_status build(rnl_layer *layer)
{
    layer->output = (rnl_shape){.rank = 1, .size = {rnl_shape_features(&layer->input)}};
    return RNL_OK;
}

const rnl_layer_operations rnl_flatten_operations = {
    .build = build,
    .views_input = true,
    .reads_pairs = true,
    .plan_forward = rnl_pass_through_plan_forward,
    .plan_backward = rnl_pass_through_plan_backward,
};
