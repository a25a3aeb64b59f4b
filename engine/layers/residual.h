/*
 * Layers that hold a list of layers: residual blocks, and repetition.
 */
#ifndef RNL_ENGINE_LAYERS_RESIDUAL_H
#define RNL_ENGINE_LAYERS_RESIDUAL_H

#include "engine/model/layer.h"

typedef struct rnl_residual {
    rnl_choice_list layers;
} rnl_residual;

typedef struct rnl_repeat {
    int64_t times;
    rnl_choice_list layers;
} rnl_repeat;

extern const rnl_layer_operations rnl_residual_operations, rnl_repeat_operations;
extern const rnl_field rnl_residual_fields[], rnl_repeat_fields[];

#endif
