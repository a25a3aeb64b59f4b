/*
 * The keys trainable and learning_rate_factor, for layers with parameters.
 */
#ifndef RNL_ENGINE_LAYERS_RATE_FACTOR_H
#define RNL_ENGINE_LAYERS_RATE_FACTOR_H

#include "engine/model/layer.h"

/* Describes the struct's bool trainable. */
#define RNL_TRAINABLE_FIELD(struct_)                                                               \
    {                                                                                              \
        .key = "trainable", .type = RNL_FIELD_BOOLEAN, .offset = offsetof(struct_, trainable),     \
        .fallback = "true",                                                                        \
        .help = "false: frozen: nothing changes its parameters, batch normalization uses its "     \
                "moving statistics, and no gradient is computed for them"                          \
    }

/* Describes the struct's double learning_rate_factor. */
#define RNL_RATE_FACTOR_FIELD(struct_)                                                             \
    {                                                                                              \
        .key = "learning_rate_factor", .type = RNL_FIELD_NUMBER,                                   \
        .offset = offsetof(struct_, learning_rate_factor), .fallback = "1.0", .maximum = 1e6,      \
        .help = "times the learning rate of a step, for the parameters of this layer; 0: as "      \
                "trainable: false"                                                                 \
    }

/* Returns the factor of a choice of rnl_rate_factors for a kernel. */
double rnl_rate_factor_of(const rnl_choice *choice, size_t fan_in);

static inline void rnl_layer_set_training(rnl_layer *layer, bool trainable, double factor)
{
    layer->learning_rate_factor = (float)factor;
    layer->trainable = trainable && layer->learning_rate_factor > 0;
    layer->frozen = !layer->trainable;
}

#endif
