/*
 * The key learning_rate_factor, for layers with parameters.
 */
#ifndef RNL_ENGINE_LAYERS_RATE_FACTOR_H
#define RNL_ENGINE_LAYERS_RATE_FACTOR_H

/* Describes the struct's double learning_rate_factor. */
#define RNL_RATE_FACTOR_FIELD(struct_)                                                             \
    {                                                                                              \
        .key = "learning_rate_factor", .type = RNL_FIELD_NUMBER,                                   \
        .offset = offsetof(struct_, learning_rate_factor), .fallback = "1.0", .maximum = 1e6,      \
        .help =                                                                                    \
            "times the learning rate of a step, for the parameters of this layer; 0: they stay "   \
            "as they are"                                                                          \
    }

#endif
