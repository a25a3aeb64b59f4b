/*
 * Batch normalization (Ioffe and Szegedy 2015), for each unit: y = gamma (x - mean) / sqrt(variance
 * + epsilon) + beta.  In training, mean and variance are those of the mini-batch; otherwise they
 * are their moving averages.
 */
#ifndef RNL_ENGINE_LAYERS_BATCH_NORMALIZATION_H
#define RNL_ENGINE_LAYERS_BATCH_NORMALIZATION_H

#include "engine/step/step.h"

typedef struct rnl_batch_normalization {
    double momentum, epsilon;
    bool center, scale;
    rnl_choice statistics, moving_statistics;
    bool trainable;
    double learning_rate_factor;
} rnl_batch_normalization;

static inline const rnl_batch_normalization *rnl_batch_normalization_of(const rnl_layer *layer)
{
    return layer->choice->parameters;
}

/* Indices of the layer's parameters; gamma and beta are RNL_ABSENT without scale and center. */
typedef struct rnl_normalization_places {
    size_t gamma, beta, moving_mean, moving_variance;
} rnl_normalization_places;

#define RNL_ABSENT SIZE_MAX

rnl_normalization_places rnl_normalization_places_of(const rnl_layer *layer);

bool rnl_normalization_by_shards(const rnl_layer *layer);
bool rnl_normalization_has_final_pass(const rnl_layer *layer);

rnl_status rnl_normalization_plan_forward(const rnl_layer *layer, rnl_step *step,
                                          const rnl_matrix *input, const rnl_matrix **output,
                                          void **state);
rnl_status rnl_normalization_plan_inference(const rnl_layer *layer,
                                            struct rnl_predictor *predictor);
rnl_status rnl_normalization_plan_backward(void *state, rnl_step *step,
                                           const rnl_upstream *upstream, rnl_upstream *downstream);
rnl_status rnl_normalization_collect(const void *state, size_t array, rnl_layer *layer);
void rnl_normalization_place(const void *state, size_t array);

extern const rnl_layer_operations rnl_batch_normalization_operations;
extern const rnl_field rnl_batch_normalization_fields[];

#endif
