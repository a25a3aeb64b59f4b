#include "engine/kinds/activations.h"

#include "engine/kinds/activation_formula.h"
#include "engine/schema/config.h"

#include <math.h>
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

typedef struct leaky_relu_parameters {
    double negative_slope;
} leaky_relu_parameters;

static const rnl_field leaky_relu_fields[] = {
    {.key = "negative_slope",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(leaky_relu_parameters, negative_slope),
     .fallback = "0.3",
     .minimum = 0,
     .maximum = 1e6,
     .help =
         "f'(z) below 0; 0.3 is that of Keras's layer, where its name as an activation has 0.2, "
         "PyTorch 0.01"},
    {.key = NULL},
};

/* Without parameters. */
#define BIND(name)                                                                                 \
    static void bind_##name(rnl_bound_activation *bound, const rnl_kernels *kernels,               \
                            const void *parameters)                                                \
    {                                                                                              \
        (void)parameters;                                                                          \
        *bound = (rnl_bound_activation){kernels->name##_forward, kernels->name##_backward, 0,      \
                                        false, NULL};                                              \
    }

BIND(linear)
BIND(relu)
BIND(sigmoid)
BIND(tanh)
BIND(selu)
BIND(softsign)
BIND(hard_sigmoid)

static void bind_elu(rnl_bound_activation *bound, const rnl_kernels *kernels,
                     const void *parameters)
{
    const elu_parameters *p = parameters;
    *bound = (rnl_bound_activation){kernels->elu_forward, kernels->elu_backward, (float)p->alpha,
                                    false, NULL};
}

static void bind_leaky_relu(rnl_bound_activation *bound, const rnl_kernels *kernels,
                            const void *parameters)
{
    const leaky_relu_parameters *p = parameters;
    *bound = (rnl_bound_activation){kernels->leaky_relu_forward, kernels->leaky_relu_backward,
                                    (float)p->negative_slope, false, NULL};
}

static double slope_of_leaky_relu(const void *parameters)
{
    return ((const leaky_relu_parameters *)parameters)->negative_slope;
}

/* The exponential's slope is its output. */
static void bind_exponential(rnl_bound_activation *bound, const rnl_kernels *kernels,
                             const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->exponential_forward, kernels->kept_backward, 0, false,
                                    NULL};
}

static void bind_swish(rnl_bound_activation *bound, const rnl_kernels *kernels,
                       const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->swish_forward, kernels->kept_backward, 0, true, NULL};
}

static void bind_softplus(rnl_bound_activation *bound, const rnl_kernels *kernels,
                          const void *parameters)
{
    (void)parameters;
    *bound =
        (rnl_bound_activation){kernels->softplus_forward, kernels->kept_backward, 0, true, NULL};
}

static void bind_gelu(rnl_bound_activation *bound, const rnl_kernels *kernels,
                      const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->gelu_forward, kernels->kept_backward, 0, true, NULL};
}

static void bind_mish(rnl_bound_activation *bound, const rnl_kernels *kernels,
                      const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_activation){kernels->mish_forward, kernels->kept_backward, 0, true, NULL};
}

#define REACH(name, lower, upper)                                                                  \
    static rnl_reach reach_##name(const void *parameters)                                          \
    {                                                                                              \
        (void)parameters;                                                                          \
        return (rnl_reach){lower, upper};                                                          \
    }

REACH(positive, 0, INFINITY)
REACH(share, 0, 1)
REACH(sign, -1, 1)
REACH(selu, -1.7580993408473766, INFINITY)
REACH(swish, -0.27846454276107380, INFINITY)
REACH(gelu, -0.16997120747990369, INFINITY)
REACH(mish, -0.30884341301725043, INFINITY)

static rnl_reach reach_elu(const void *parameters)
{
    const elu_parameters *p = parameters;
    return (rnl_reach){-p->alpha, INFINITY};
}

static rnl_reach reach_leaky_relu(const void *parameters)
{
    const leaky_relu_parameters *p = parameters;
    return (rnl_reach){p->negative_slope > 0 ? -INFINITY : 0, INFINITY};
}

rnl_reach rnl_activation_reach(const rnl_choice *activation)
{
    const rnl_activation *operations = rnl_activation_of(activation);
    return operations->reach ? operations->reach(activation->parameters)
                             : (rnl_reach){-INFINITY, INFINITY};
}

/* Where y (1 - y) of sigmoid, 1 - y^2 of tanh and (1 - |y|)^2 of softsign are 2 % of their maxima:
 * (1 +- sqrt(0.98)) / 2, +- sqrt(0.98), +- (1 - sqrt(0.02)). */
#define STEEP_SIGMOID  .steep_above = 0.00502525317f, .steep_below = 0.994974747f
#define STEEP_TANH     .steep_above = -0.989949494f, .steep_below = 0.989949494f
#define STEEP_SOFTSIGN .steep_above = -0.858578644f, .steep_below = 0.858578644f

/* He, Zhang, Ren and Sun 2015; Klambauer, Unterthiner, Mayr and Hochreiter 2017, after LeCun 1998;
 * Glorot and Bengio 2010. */
const char *const rnl_he_initializers[] = {"he_normal", "he_uniform", NULL};
const char *const rnl_lecun_initializers[] = {"lecun_normal", "lecun_uniform", NULL};
const char *const rnl_glorot_initializers[] = {"glorot_uniform", "glorot_normal", NULL};

static const rnl_kind kinds[] = {
    {.name = "linear",
     .aliases = "identity",
     .help = "f(z) = z",
     .operations = &(const rnl_activation){.bind = bind_linear}},
    {.name = "relu",
     .help = "f(z) = max(0, z)",
     .operations = &(const rnl_activation){.bind = bind_relu,
                                           .reach = reach_positive,
                                           .initializers = rnl_he_initializers,
                                           .dies = true}},
    {.name = "elu",
     .help = "f(z) = z for z >= 0, else alpha (e^z - 1)",
     .fields = elu_fields,
     .main = "alpha",
     .size = sizeof(elu_parameters),
     .operations = &(const rnl_activation){.bind = bind_elu,
                                           .reach = reach_elu,
                                           .initializers = rnl_he_initializers}},
    {.name = "sigmoid",
     .aliases = "logistic",
     .help = "f(z) = 1 / (1 + e^-z)",
     .operations =
         &(const rnl_activation){.bind = bind_sigmoid, .reach = reach_share, STEEP_SIGMOID}},
    {.name = "tanh",
     .help = "f(z) = (e^z - e^-z) / (e^z + e^-z)",
     .operations = &(const rnl_activation){.bind = bind_tanh, .reach = reach_sign, STEEP_TANH}},
    {.name = "leaky_relu",
     .help = "f(z) = z for z >= 0, else negative_slope z",
     .fields = leaky_relu_fields,
     .main = "negative_slope",
     .size = sizeof(leaky_relu_parameters),
     .operations = &(const rnl_activation){.bind = bind_leaky_relu,
                                           .reach = reach_leaky_relu,
                                           .initializers = rnl_he_initializers,
                                           .slope = slope_of_leaky_relu,
                                           .dies = true}},
    {.name = "selu",
     .help =
         "f(z) = 1.0507 z for z >= 0, else 1.7581 (e^z - 1); keeps its input's mean and variance",
     .operations = &(const rnl_activation){.bind = bind_selu,
                                           .reach = reach_selu,
                                           .initializers = rnl_lecun_initializers}},
    {.name = "softplus",
     .help = "f(z) = log(1 + e^z)",
     .operations = &(const rnl_activation){.bind = bind_softplus,
                                           .reach = reach_positive,
                                           .initializers = rnl_he_initializers}},
    {.name = "softsign",
     .help = "f(z) = z / (1 + |z|)",
     .operations =
         &(const rnl_activation){.bind = bind_softsign, .reach = reach_sign, STEEP_SOFTSIGN}},
    {.name = "exponential",
     .help = "f(z) = e^z",
     .operations = &(const rnl_activation){.bind = bind_exponential, .reach = reach_positive}},
    {.name = "hard_sigmoid",
     .help = "f(z) = (z + 3) / 6, within 0 and 1",
     .operations = &(
         const rnl_activation){.bind = bind_hard_sigmoid, .reach = reach_share, .steep_below = 1}},
    {.name = "swish",
     .aliases = "silu",
     .help = "f(z) = z / (1 + e^-z)",
     .operations = &(const rnl_activation){.bind = bind_swish,
                                           .reach = reach_swish,
                                           .initializers = rnl_he_initializers}},
    {.name = "gelu",
     .help = "f(z) = z Phi(z), Phi the normal distribution",
     .operations = &(const rnl_activation){.bind = bind_gelu,
                                           .reach = reach_gelu,
                                           .initializers = rnl_he_initializers}},
    {.name = "mish",
     .help = "f(z) = z tanh(softplus z) = z tanh(log(1 + e^z))",
     .operations = &(const rnl_activation){.bind = bind_mish,
                                           .reach = reach_mish,
                                           .initializers = rnl_he_initializers}},
    {.name = "softmax",
     .help = "f(z)_i = e^z_i / sum_j e^z_j; only in the last layer, with a crossentropy loss",
     .operations = &(
         const rnl_activation){.bind = bind_linear, .reach = reach_share, .only_with_loss = true}},
    {.name = "formula",
     .help =
         "a formula of z, which may stand alone: `activation: max(0.1*z, z)`; takes a few times "
         "as long as a named activation",
     .fields = rnl_formula_activation_fields,
     .main = "expression",
     .size = sizeof(rnl_formula_activation),
     .operations = &rnl_activation_by_formula},
    {.name = "callback",
     .help = "a function of the program that uses the library",
     .fields = rnl_callback_activation_fields,
     .main = "name",
     .size = sizeof(rnl_callback_activation),
     .operations = &rnl_activation_by_callback},
};

const rnl_kind_table rnl_activations = {
    .noun = "activation",
    .plural = "activations",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .formula = "formula",
};
