/*
 * What a layer with parameters may say of the learning rate: the key learning_rate_factor.
 */
#ifndef RNL_ENGINE_LAYERS_RATE_FACTOR_H
#define RNL_ENGINE_LAYERS_RATE_FACTOR_H

/* Of a struct with a double of that name. */
#define RNL_RATE_FACTOR_FIELD(struct_)                                                             \
    {                                                                                              \
        .key = "learning_rate_factor", .type = RNL_FIELD_NUMBER,                                   \
        .offset = offsetof(struct_, learning_rate_factor), .fallback = "1.0", .maximum = 1e6,      \
        .help =                                                                                    \
            "times the learning rate of a step, for the parameters of this layer; 0: they stay "   \
            "as they are"                                                                          \
    }

#endif
