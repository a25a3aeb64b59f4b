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
