/*
 * The kinds of layers; layers.c makes the table of them.
 */
#ifndef RNL_ENGINE_LAYERS_LAYERS_H
#define RNL_ENGINE_LAYERS_LAYERS_H

#include "engine/layers/batch_normalization.h"
#include "engine/layers/dense.h"

extern const rnl_layer_operations rnl_flatten_operations;

/* An activation as a layer of its own. */
typedef struct rnl_activation_layer {
    rnl_choice function; /* of rnl_activations */
} rnl_activation_layer;

extern const rnl_layer_operations rnl_activation_operations;
extern const rnl_field rnl_activation_fields[];

#endif
