#include "engine/model/layer.h"

size_t rnl_shape_features(const rnl_shape *shape)
{
    size_t features = 1;
    for (size_t i = 0; i < shape->rank; ++i)
        features *= shape->size[i];
    return features;
}

size_t rnl_parameter_count(const rnl_parameter *parameter)
{
    size_t count = 1;
    for (size_t i = 0; i < parameter->rank; ++i)
        count *= parameter->size[i];
    return count;
}

bool rnl_layer_learns(const rnl_layer *layer)
{
    for (size_t p = 0; p < layer->parameter_count; ++p)
        if (!layer->frozen && !layer->parameters[p].fixed)
            return true;
    return false;
}

bool rnl_parameter_has(const rnl_layer *layer, const rnl_parameter *parameter, size_t array)
{
    const bool slot = array >= RNL_FIRST_SLOT && array < RNL_BEST;
    return !slot || (layer->trainable && !parameter->fixed);
}
