#include "engine/layers/dense/dense.h"

#include "engine/base/error.h"
#include "engine/kinds/constraints.h"
#include "engine/kinds/initializers.h"
#include "engine/layers/rate_factor.h"
#include "engine/layers/residual.h"
#include "engine/schema/config.h"

#include <stddef.h>

/* What all kinds of dense layers have. */
#define WEIGHT_FIELDS                                                                              \
    {.key = "activation",                                                                          \
     .type = RNL_FIELD_KIND,                                                                       \
     .offset = offsetof(rnl_dense, activation),                                                    \
     .fallback = "linear",                                                                         \
     .kinds = &rnl_activations,                                                                    \
     .help = "applied to the outputs; prelu and rrelu become the next layer"},                     \
        {.key = "use_bias",                                                                        \
         .type = RNL_FIELD_BOOLEAN,                                                                \
         .offset = offsetof(rnl_dense, use_bias),                                                  \
         .fallback = "true",                                                                       \
         .help = "add a learned number to each output"},                                           \
        {.key = "kernel_initializer",                                                              \
         .type = RNL_FIELD_KIND,                                                                   \
         .offset = offsetof(rnl_dense, kernel_initializer),                                        \
         .fallback = "glorot_uniform",                                                             \
         .kinds = &rnl_initializers,                                                               \
         .help = "how the first weights are drawn"},                                               \
        {.key = "bias_initializer",                                                                \
         .type = RNL_FIELD_KIND,                                                                   \
         .offset = offsetof(rnl_dense, bias_initializer),                                          \
         .fallback = "zeros",                                                                      \
         .kinds = &rnl_initializers,                                                               \
         .help =                                                                                   \
             "how the first biases are drawn; both fans are the units, and auto and fixup are "    \
             "of kernels alone"},                                                                  \
        {.key = "kernel_regularizer",                                                              \
         .type = RNL_FIELD_KIND,                                                                   \
         .offset = offsetof(rnl_dense, kernel_regularizer),                                        \
         .fallback = "null",                                                                       \
         .kinds = &rnl_regularizers,                                                               \
         .help = "a penalty on the size of the weights"},                                          \
    {                                                                                              \
        .key = "bias_regularizer", .type = RNL_FIELD_KIND,                                         \
        .offset = offsetof(rnl_dense, bias_regularizer), .fallback = "null",                       \
        .kinds = &rnl_regularizers, .help = "a penalty on the size of the bias"                    \
    }

#define RATE_FIELDS                                                                                \
    RNL_TRAINABLE_FIELD(rnl_dense),                                                                \
        {.key = "learning_rate_factor",                                                            \
         .type = RNL_FIELD_KIND,                                                                   \
         .offset = offsetof(rnl_dense, learning_rate_factor),                                      \
         .fallback = "1.0",                                                                        \
         .kinds = &rnl_rate_factors,                                                               \
         .help = "times the learning rate of a step, for the parameters of this layer; 0: as "     \
                 "trainable: false; {over_sqrt_fan_in: 1} by the number of inputs"},               \
    {                                                                                              \
        .key = "bias_learning_rate_factor", .type = RNL_FIELD_NUMBER,                              \
        .offset = offsetof(rnl_dense, bias_learning_rate_factor), .fallback = "same",              \
        .maximum = 1e6, .above_minimum = true, .zero = "same",                                     \
        .help = "times the learning rate of a step, for the bias; same: as the kernel's"           \
    }

#define CONSTRAINT_FIELD                                                                           \
    {                                                                                              \
        .key = "kernel_constraint", .type = RNL_FIELD_KIND,                                        \
        .offset = offsetof(rnl_dense, kernel_constraint), .fallback = "null",                      \
        .kinds = &rnl_constraints, .help = "constraint enforced on the weights after each update"  \
    }

const rnl_field rnl_dense_fields[] = {
    {.key = "units",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(rnl_dense, units),
     .minimum = 1,
     .maximum = 1 << 24,
     .help = "outputs of the layer"},
    WEIGHT_FIELDS,
    {.key = "activity_regularizer",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, activity_regularizer),
     .fallback = "null",
     .kinds = &rnl_regularizers,
     .help = "a penalty on the size of the outputs; it becomes the next layer"},
    CONSTRAINT_FIELD,
    {.key = "tied_to",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_dense, tied_to),
     .fallback = "null",
     .help = "name of an earlier dense layer whose kernel, transposed, is that of this one: both "
             "learn it together; only the bias is this layer's own"},
    RATE_FIELDS,
    {.key = NULL},
};

const rnl_field rnl_projection_fields[] = {
    WEIGHT_FIELDS,
    CONSTRAINT_FIELD,
    RATE_FIELDS,
    {.key = NULL},
};

/* Refuses layers too large for the constraint's plan, which counts groups in floats. */
static rnl_status check_constraint(const rnl_layer *layer)
{
    const rnl_choice *constraint = &rnl_dense_of(layer)->kernel_constraint;
    if (constraint->kind && rnl_constraint_axis(constraint) == 1 && layer->input.size[0] > 1 << 24)
        return rnl_fail_at(constraint->place, "%s: %s with axis 1 takes at most %d inputs, got %zu",
                           layer->name, constraint->kind->name, 1 << 24, layer->input.size[0]);
    return RNL_OK;
}

static rnl_status check_bias_initializer(const rnl_layer *layer)
{
    const rnl_choice *initializer = &rnl_dense_of(layer)->bias_initializer;
    if (rnl_initializer_is_of_kernels(initializer))
        return rnl_fail_at(initializer->place,
                           "%s: bias_initializer: %s is of kernels alone; zeros is the default",
                           layer->name, initializer->kind->name);
    return RNL_OK;
}

static rnl_status build_units(rnl_layer *layer, size_t units)
{
    const rnl_dense *dense = rnl_dense_of(layer);
    if (layer->input.rank != 1)
        return rnl_fail_at(
            layer->choice->place,
            "%s: expected rows of rank 1, got rank %zu: put a flatten layer before it", layer->name,
            layer->input.rank);
    RNL_TRY(check_constraint(layer));
    RNL_TRY(check_bias_initializer(layer));
    layer->output = (rnl_shape){.rank = 1, .size = {units}};
    rnl_layer_set_training(layer, dense->trainable,
                           rnl_rate_factor_of(&dense->learning_rate_factor, layer->input.size[0]));
    RNL_TRY(rnl_dense_tie(layer));
    layer->parameters[layer->parameter_count++] =
        (rnl_parameter){.name = "kernel",
                        .fixed = layer->tied_to != NULL,
                        .rank = 2,
                        .size = {layer->input.size[0], units},
                        .regularizer = &dense->kernel_regularizer};
    if (dense->use_bias)
        layer->parameters[layer->parameter_count++] =
            (rnl_parameter){.name = "bias",
                            .rank = 1,
                            .size = {units},
                            .regularizer = &dense->bias_regularizer,
                            .learning_rate_factor = (float)dense->bias_learning_rate_factor};
    return RNL_OK;
}

static rnl_status build(rnl_layer *layer)
{
    return build_units(layer, (size_t)rnl_dense_of(layer)->units);
}

/* As wide as the branch before it. */
static rnl_status build_projection(rnl_layer *layer)
{
    const rnl_layer *turn = rnl_turn_before(layer);
    if (!turn)
        return rnl_fail_at(layer->choice->place,
                           "%s: expected in projected_residual alone, behind its first branch",
                           layer->name);
    return build_units(layer, rnl_shape_features(&turn->input));
}

static void initialize_bias(rnl_layer *layer, uint64_t seed)
{
    const size_t units = layer->output.size[0];
    const rnl_initial initial = {
        .seed = seed,
        .layer = layer->stream,
        .parameter = RNL_DENSE_BIAS,
        .fan_in = units,
        .fan_out = units,
    };
    rnl_initialize(&rnl_dense_of(layer)->bias_initializer, &initial, 1, units,
                   layer->parameters[RNL_DENSE_BIAS].arrays[RNL_VALUES]);
}

static void initialize(rnl_layer *layer, uint64_t seed)
{
    const rnl_parameter *kernel = &layer->parameters[RNL_DENSE_KERNEL];
    const rnl_initial initial = {
        .seed = seed,
        .layer = layer->stream,
        .parameter = RNL_DENSE_KERNEL,
        .fan_in = kernel->size[0],
        .fan_out = kernel->size[1],
        .fixup = layer->fixup,
    };
    rnl_initialize(&rnl_dense_of(layer)->kernel_initializer, &initial, kernel->size[0],
                   kernel->size[1], kernel->arrays[RNL_VALUES]);
    if (rnl_dense_of(layer)->use_bias)
        initialize_bias(layer, seed);
}

static const rnl_choice *activation(const rnl_layer *layer)
{
    return &rnl_dense_of(layer)->activation;
}

static size_t product_flops(const rnl_layer *layer)
{
    return 2 * layer->input.size[0] * layer->output.size[0];
}

const rnl_layer_operations rnl_dense_operations = {
    .build = build,
    .initialize = initialize,
    .activation = activation,
    .product_flops = product_flops,
    .reads_pairs = true,
    .plan_forward = rnl_dense_plan_forward,
    .plan_inference = rnl_dense_plan_inference,
    .plan_backward = rnl_dense_plan_backward,
    .gives_gradient = true,
    .taker = rnl_dense_taker,
    .collect = rnl_dense_collect,
    .place = rnl_dense_place,
};

const rnl_layer_operations rnl_projection_operations = {
    .build = build_projection,
    .unneeded = &rnl_identity,
    .initialize = initialize,
    .activation = activation,
    .product_flops = product_flops,
    .plan_forward = rnl_dense_plan_forward,
    .plan_inference = rnl_dense_plan_inference,
    .plan_backward = rnl_dense_plan_backward,
    .gives_gradient = true,
    .taker = rnl_dense_taker,
    .collect = rnl_dense_collect,
    .place = rnl_dense_place,
};
