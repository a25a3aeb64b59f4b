/*
 * The dense layer: y = f(x W + b), with W (fan_in, units) and b (units).
 */
#ifndef RNL_ENGINE_LAYERS_DENSE_DENSE_H
#define RNL_ENGINE_LAYERS_DENSE_DENSE_H

#include "engine/step/step.h"

enum { RNL_DENSE_KERNEL, RNL_DENSE_BIAS };

typedef struct rnl_dense {
    int64_t units;
    rnl_choice activation;
    bool use_bias;
    rnl_choice kernel_initializer, bias_initializer;
    rnl_choice kernel_regularizer, bias_regularizer; /* of rnl_regularizers; may be none */
    rnl_choice activity_regularizer;                 /* of rnl_regularizers; none after it has
                                                        become a layer of its own */
    rnl_choice kernel_constraint;                    /* of rnl_constraints; may be none */
    char *tied_to;                                   /* a layer's name; NULL for none */
    bool trainable;
    rnl_choice learning_rate_factor;  /* of rnl_rate_factors */
    double bias_learning_rate_factor; /* 0: that of the layer */
} rnl_dense;

static inline const rnl_dense *rnl_dense_of(const rnl_layer *layer)
{
    return layer->choice->parameters;
}

/* Finds the layer that a dense layer is tied to, if to any.  RNL_BAD_CONFIG if there is none of
 * that name and shape before it. */
rnl_status rnl_dense_tie(rnl_layer *layer);

rnl_status rnl_dense_plan_forward(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                                  const rnl_matrix **output, void **state);
rnl_status rnl_dense_plan_inference(const rnl_layer *layer, struct rnl_predictor *predictor);
rnl_status rnl_dense_plan_backward(void *state, rnl_step *step, const rnl_upstream *upstream,
                                   rnl_upstream *downstream);
const rnl_taker *rnl_dense_taker(const void *state);
rnl_status rnl_dense_collect(const void *state, size_t array, rnl_layer *layer);
void rnl_dense_place(const void *state, size_t array);

/* A dense layer beside the layers of a residual block, as wide as they end. */
extern const rnl_layer_operations rnl_dense_operations, rnl_projection_operations;
extern const rnl_field rnl_dense_fields[], rnl_projection_fields[];

#endif
