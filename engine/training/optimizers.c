#include "engine/training/optimizers.h"

#include "engine/config/config.h"

#include <math.h>
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

typedef struct adam_parameters {
    double learning_rate, beta_1, beta_2, epsilon;
} adam_parameters;

static size_t adam_slots(const void *parameters)
{
    (void)parameters;
    return 2;
}

static void bind_adam(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                      const void *parameters)
{
    const adam_parameters *p = parameters;
    *bound = (rnl_bound_optimizer){
        .update = kernels->adam_update,
        .learning_rate = (float)p->learning_rate,
        .momentum = (float)p->beta_1,
        .beta_2 = (float)p->beta_2,
        .epsilon = (float)p->epsilon,
    };
}

/* eta sqrt(1 - beta_2^t) / (1 - beta_1^t); Kingma and Ba, "Adam" (2015), end of section 2. */
static float adam_rate(const void *parameters, uint64_t number)
{
    const adam_parameters *p = parameters;
    const double t = (double)number;
    return (float)(p->learning_rate * sqrt(1 - pow(p->beta_2, t)) / (1 - pow(p->beta_1, t)));
}

static const rnl_optimizer adam = {.slots = adam_slots, .bind = bind_adam, .rate = adam_rate};

/* The largest float below 1 is 1 - 2^-24. */
#define BELOW_1 0.9999999

static const rnl_field adam_fields[] = {
    {.key = "learning_rate",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(adam_parameters, learning_rate),
     .fallback = "0.001",
     .minimum = 0,
     .maximum = 1e6,
     .above_minimum = true,
     .help = "length of a step, before it is divided by the root of the mean square"},
    {.key = "beta_1",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(adam_parameters, beta_1),
     .fallback = "0.9",
     .minimum = 0,
     .maximum = BELOW_1,
     .help = "share of the mean gradient that is kept"},
    {.key = "beta_2",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(adam_parameters, beta_2),
     .fallback = "0.999",
     .minimum = 0,
     .maximum = BELOW_1,
     .help = "share of the mean square that is kept"},
    {.key = "epsilon",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(adam_parameters, epsilon),
     .fallback = "1e-7",
     .minimum = 1e-30,
     .maximum = 1,
     .help = "added to the root, so that nothing is divided by 0"},
    {.key = NULL},
};

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
    {.name = "adam",
     .help = "each weight at a rate of its own, from means of gradients and of their squares",
     .fields = adam_fields,
     .size = sizeof(adam_parameters),
     .operations = &adam},
};

const rnl_kind_table rnl_optimizers = {
    .noun = "optimizer",
    .plural = "optimizers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
