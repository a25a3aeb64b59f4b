#include "engine/model/activations.h"

#include "engine/config/config.h"

#include <stddef.h>

typedef struct elu_parameters {
    double alpha;
} elu_parameters;

static const rnl_field elu_fields[] = {
    {.key = "alpha",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(elu_parameters, alpha),
     .fallback = "1.0",
     .minimum = 0,
     .maximum = 1e6,
     .help = "limit of the negative part: f(z) tends to -alpha"},
    {.key = NULL},
};

static void bind_linear(rnl_bound_activation *bound, const rnl_kernels *kernels,
                        const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->linear_forward, kernels->linear_backward, 0};
}

static void bind_relu(rnl_bound_activation *bound, const rnl_kernels *kernels,
                      const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->relu_forward, kernels->relu_backward, 0};
}

static void bind_elu(rnl_bound_activation *bound, const rnl_kernels *kernels,
                     const void *parameters)
{
    const elu_parameters *p = parameters;
    *bound = (rnl_bound_activation){kernels->elu_forward, kernels->elu_backward, (float)p->alpha};
}

static void bind_sigmoid(rnl_bound_activation *bound, const rnl_kernels *kernels,
                         const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->sigmoid_forward, kernels->sigmoid_backward, 0};
}

static void bind_tanh(rnl_bound_activation *bound, const rnl_kernels *kernels,
                      const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->tanh_forward, kernels->tanh_backward, 0};
}

static const rnl_kind kinds[] = {
    {.name = "linear",
     .help = "f(z) = z",
     .operations = &(const rnl_activation){.bind = bind_linear}},
    {.name = "relu",
     .help = "f(z) = max(0, z)",
     .operations = &(const rnl_activation){.bind = bind_relu}},
    {.name = "elu",
     .help = "f(z) = z for z >= 0, else alpha (e^z - 1)",
     .fields = elu_fields,
     .size = sizeof(elu_parameters),
     .operations = &(const rnl_activation){.bind = bind_elu}},
    {.name = "sigmoid",
     .help = "f(z) = 1 / (1 + e^-z)",
     .operations = &(const rnl_activation){.bind = bind_sigmoid}},
    {.name = "tanh",
     .help = "f(z) = (e^z - e^-z) / (e^z + e^-z)",
     .operations = &(const rnl_activation){.bind = bind_tanh}},
    {.name = "softmax",
     .help = "f(z)_i = e^z_i / sum_j e^z_j; only in the last layer, with a crossentropy loss",
     .operations = &(const rnl_activation){.bind = bind_linear, .only_with_loss = true}},
};

const rnl_kind_table rnl_activations = {
    .noun = "activation",
    .plural = "activations",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
