/*
 * The kinds of layers; layers.c defines their table.
 */
#ifndef RNL_ENGINE_LAYERS_LAYERS_H
#define RNL_ENGINE_LAYERS_LAYERS_H

#include "engine/layers/batch_normalization.h"
#include "engine/layers/dense/dense.h"
#include "engine/layers/residual.h"
#include "engine/layers/reuse_layer.h"

extern const rnl_layer_operations rnl_flatten_operations;

/* An activation as a layer of its own. */
typedef struct rnl_activation_layer {
    rnl_choice function; /* of rnl_activations */
} rnl_activation_layer;

/* Layers that draw random numbers in training. */
typedef struct rnl_dropout {
    double rate;
} rnl_dropout;

typedef struct rnl_gaussian_noise {
    double stddev;
} rnl_gaussian_noise;

typedef struct rnl_rrelu {
    double lower, upper;
} rnl_rrelu;

extern const rnl_layer_operations rnl_dropout_operations, rnl_alpha_dropout_operations,
    rnl_gaussian_noise_operations, rnl_rrelu_operations;
extern const rnl_field rnl_dropout_fields[], rnl_gaussian_noise_fields[], rnl_rrelu_fields[];

/* A penalty on the size of outputs. */
typedef struct rnl_activity_regularization {
    rnl_choice regularizer; /* of rnl_regularizers */
} rnl_activity_regularization;

extern const rnl_layer_operations rnl_activity_regularization_operations;
extern const rnl_field rnl_activity_regularization_fields[];

/* A learned factor for each unit. */
typedef struct rnl_scale {
    bool trainable;
    double learning_rate_factor;
} rnl_scale;

extern const rnl_layer_operations rnl_scale_operations;
extern const rnl_field rnl_scale_fields[];

/* Parametric ReLU. */
typedef struct rnl_prelu {
    double initial_slope;
    bool trainable;
    double learning_rate_factor;
} rnl_prelu;

extern const rnl_layer_operations rnl_prelu_operations;
extern const rnl_field rnl_prelu_fields[];

extern const rnl_layer_operations rnl_activation_operations;
extern const rnl_field rnl_activation_fields[];

/* Tests if the layer is an activation as a layer of its own, of any kind. */
bool rnl_is_activation_layer(const rnl_kind *layer);

#endif
