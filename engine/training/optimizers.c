#include "engine/training/optimizers.h"

#include "engine/config/config.h"

#include <stddef.h>

typedef struct sgd_parameters {
    double learning_rate;
    double momentum;
    bool nesterov;
} sgd_parameters;

static size_t sgd_slots(const void *parameters)
{
    const sgd_parameters *p = parameters;
    return p->momentum == 0 ? 0 : 1;
}

static void bind_sgd(rnl_bound_optimizer *bound, const rnl_kernels *kernels, const void *parameters)
{
    const sgd_parameters *p = parameters;
    *bound = (rnl_bound_optimizer){
        .update = p->momentum == 0 ? kernels->sgd_update
                  : p->nesterov    ? kernels->nesterov_update
                                   : kernels->momentum_update,
        .learning_rate = (float)p->learning_rate,
        .momentum = (float)p->momentum,
    };
}

static const rnl_optimizer sgd = {.slots = sgd_slots, .bind = bind_sgd};

/* The three names of stochastic gradient descent differ in their defaults alone. */
#define SGD_FIELDS(momentum_fallback, nesterov_fallback)                                           \
    (const rnl_field[])                                                                            \
    {                                                                                              \
        {.key = "learning_rate",                                                                   \
         .type = RNL_FIELD_NUMBER,                                                                 \
         .offset = offsetof(sgd_parameters, learning_rate),                                        \
         .fallback = "0.01",                                                                       \
         .minimum = 0,                                                                             \
         .maximum = 1e6,                                                                           \
         .above_minimum = true,                                                                    \
         .help = "length of a step against the gradient"},                                         \
            {.key = "momentum",                                                                    \
             .type = RNL_FIELD_NUMBER,                                                             \
             .offset = offsetof(sgd_parameters, momentum),                                         \
             .fallback = momentum_fallback,                                                        \
             .minimum = 0,                                                                         \
             .maximum = 1,                                                                         \
             .help = "share of the velocity that is kept: v = momentum v - learning_rate g"},      \
            {.key = "nesterov",                                                                    \
             .type = RNL_FIELD_BOOLEAN,                                                            \
             .offset = offsetof(sgd_parameters, nesterov),                                         \
             .fallback = nesterov_fallback,                                                        \
             .help = "take the gradient ahead, where the velocity leads"},                         \
        {                                                                                          \
            .key = NULL                                                                            \
        }                                                                                          \
    }

static const rnl_kind kinds[] = {
    {.name = "sgd",
     .help = "stochastic gradient descent",
     .fields = SGD_FIELDS("0.0", "false"),
     .size = sizeof(sgd_parameters),
     .operations = &sgd},
    {.name = "momentum",
     .help = "sgd with momentum 0.9",
     .fields = SGD_FIELDS("0.9", "false"),
     .size = sizeof(sgd_parameters),
     .operations = &sgd},
    {.name = "nesterov",
     .help = "sgd with momentum 0.9 and Nesterov's look ahead",
     .fields = SGD_FIELDS("0.9", "true"),
     .size = sizeof(sgd_parameters),
     .operations = &sgd},
};

const rnl_kind_table rnl_optimizers = {
    .noun = "optimizer",
    .plural = "optimizers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
