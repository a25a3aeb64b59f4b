#include "engine/kinds/losses.h"

#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/schema/config.h"

#include <float.h>
#include <stddef.h>
#include <string.h>

static void softmax(const rnl_kernels *kernels, const rnl_softmax *rows)
{
    kernels->softmax(rows);
}

static void sigmoid(const rnl_kernels *kernels, const rnl_softmax *rows)
{
    kernels->sigmoid_forward(&(const rnl_activation_forward){
        .rows = rows->rows,
        .columns = rows->columns,
        .z = rows->z,
        .y = rows->y,
    });
}

static void exponential(const rnl_kernels *kernels, const rnl_softmax *rows)
{
    kernels->exponential_forward(&(const rnl_activation_forward){
        .rows = rows->rows,
        .columns = rows->columns,
        .z = rows->z,
        .y = rows->y,
    });
}

void rnl_quantiles_sort(float *row, size_t count)
{
    for (size_t i = 1; i < count; ++i) {
        const float value = row[i];
        size_t at = i;
        for (; at > 0 && row[at - 1] > value; --at)
            row[at] = row[at - 1];
        row[at] = value;
    }
}

static void in_order(const rnl_kernels *kernels, const rnl_softmax *rows)
{
    (void)kernels;
    for (size_t i = 0; i < rows->rows; ++i) {
        float *row = rows->y.values + i * rows->y.stride;
        memmove(row, rows->z.values + i * rows->z.stride, rows->columns * sizeof *row);
        rnl_quantiles_sort(row, rows->columns);
    }
}

typedef struct quantile_parameters {
    rnl_number_list quantiles;
} quantile_parameters;

static const rnl_number_list *quantiles_of(const void *parameters)
{
    return &((const quantile_parameters *)parameters)->quantiles;
}

static void bind_quantile(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters)
{
    const rnl_number_list *list = quantiles_of(parameters);
    *bound = (rnl_bound_loss){.rows = kernels->pinball, .probabilities = in_order};
    for (size_t i = 0; i < list->count && i < RNL_MOST_QUANTILES; ++i)
        bound->quantiles[i] = (float)list->items[i];
}

typedef struct huber_parameters {
    double delta;
} huber_parameters;

typedef struct cross_entropy_parameters {
    double label_smoothing;
} cross_entropy_parameters;

static float smoothing_of(const void *parameters)
{
    return (float)((const cross_entropy_parameters *)parameters)->label_smoothing;
}

static void bind_sparse_cross_entropy(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                      const void *parameters)
{
    *bound = (rnl_bound_loss){.rows = kernels->sparse_cross_entropy,
                              .probabilities = softmax,
                              .smoothing = smoothing_of(parameters)};
}

static void bind_cross_entropy(rnl_bound_loss *bound, const rnl_kernels *kernels,
                               const void *parameters)
{
    *bound = (rnl_bound_loss){.rows = kernels->cross_entropy,
                              .probabilities = softmax,
                              .smoothing = smoothing_of(parameters)};
}

static void bind_binary_cross_entropy(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                      const void *parameters)
{
    *bound = (rnl_bound_loss){.rows = kernels->binary_cross_entropy,
                              .probabilities = sigmoid,
                              .smoothing = smoothing_of(parameters)};
}

static void bind_squared_error(rnl_bound_loss *bound, const rnl_kernels *kernels,
                               const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){.rows = kernels->squared_error};
}

static void bind_absolute_error(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){.rows = kernels->absolute_error};
}

static void bind_huber(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters)
{
    const huber_parameters *p = parameters;
    *bound = (rnl_bound_loss){.rows = kernels->huber, .threshold = (float)p->delta};
}

static void bind_poisson(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){.rows = kernels->poisson};
}

static void bind_poisson_of_log(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){.rows = kernels->poisson_of_log, .probabilities = exponential};
}

void rnl_loss_bind(rnl_bound_loss *bound, const rnl_choice *loss, bool activation_in_loss,
                   const rnl_kernels *kernels)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    const bool joined = activation_in_loss && operations->joined_activation;
    (joined ? operations->bind_joined : operations->bind)(bound, kernels, loss->parameters);
}

bool rnl_loss_is_binary(const rnl_choice *loss)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    return operations->target == RNL_TARGET_VALUES && operations->fused_activation;
}

bool rnl_loss_fuses(const rnl_choice *loss, const rnl_choice *activation)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    const char *fused =
        operations->fused_activation ? operations->fused_activation : operations->joined_activation;
    return fused && activation && strcmp(activation->kind->name, fused) == 0;
}

size_t rnl_loss_classes(const rnl_choice *loss, size_t outputs)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    if (operations->target != RNL_TARGET_VALUES)
        return outputs;
    return rnl_loss_is_binary(loss) && outputs == 1 ? 2 : 0;
}

bool rnl_loss_is_of_numbers(const rnl_choice *loss)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    return operations->target == RNL_TARGET_VALUES && !operations->fused_activation;
}

#define SMOOTHING_FIELDS(help_text)                                                                \
    {                                                                                              \
        {.key = "label_smoothing",                                                                 \
         .type = RNL_FIELD_NUMBER,                                                                 \
         .offset = offsetof(cross_entropy_parameters, label_smoothing),                            \
         .fallback = "0.0",                                                                        \
         .minimum = 0,                                                                             \
         .maximum = 1,                                                                             \
         .help = help_text},                                                                       \
            {.key = NULL},                                                                         \
    }

static const rnl_field smoothing_fields[] =
    SMOOTHING_FIELDS("share s of 1 that the K classes divide: targets (1 - s) t + s / K");
static const rnl_field binary_smoothing_fields[] =
    SMOOTHING_FIELDS("how far s targets move to the middle: (1 - s) t + s / 2");

bool rnl_loss_scales_targets(const rnl_choice *loss)
{
    return rnl_loss_is_of_numbers(loss) && !rnl_loss_of(loss)->counts;
}

const rnl_number_list *rnl_loss_quantiles(const rnl_choice *loss)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    return operations->quantiles ? operations->quantiles(loss->parameters) : NULL;
}

size_t rnl_loss_targets(const rnl_choice *loss, size_t outputs)
{
    return rnl_loss_of(loss)->quantiles ? 1 : outputs;
}

size_t rnl_loss_median(const rnl_choice *loss)
{
    const rnl_number_list *list = rnl_loss_quantiles(loss);
    for (size_t i = 0; list && i < list->count; ++i)
        if (list->items[i] == 0.5)
            return i;
    return SIZE_MAX;
}

static const rnl_field quantile_fields[] = {
    {.key = "quantiles",
     .type = RNL_FIELD_NUMBER_LIST,
     .offset = offsetof(quantile_parameters, quantiles),
     .fallback = "[0.1, 0.5, 0.9]",
     .minimum = 0,
     .maximum = 1,
     .above_minimum = true,
     .help = "growing, between 0 and 1: the share of targets that each output is to lie above"},
    {.key = NULL},
};

static const rnl_field huber_fields[] = {
    {.key = "delta",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(huber_parameters, delta),
     .fallback = "1.0",
     .minimum = 1e-30,
     .maximum = 1e30,
     .help = "errors beyond it count linearly"},
    {.key = NULL},
};

static const rnl_kind kinds[] = {
    {.name = "sparse_categorical_crossentropy",
     .help = "-log of the probability of the true class; targets are class numbers; last "
             "activation softmax",
     .fields = smoothing_fields,
     .size = sizeof(cross_entropy_parameters),
     .operations = &(const rnl_loss){.target = RNL_TARGET_CLASS,
                                     .fused_activation = "softmax",
                                     .bind = bind_sparse_cross_entropy}},
    {.name = "categorical_crossentropy",
     .help = "the same with a probability for each class as targets (class numbers become 0 and "
             "1); last activation softmax",
     .fields = smoothing_fields,
     .size = sizeof(cross_entropy_parameters),
     .operations = &(const rnl_loss){.target = RNL_TARGET_DISTRIBUTION,
                                     .fused_activation = "softmax",
                                     .bind = bind_cross_entropy}},
    {.name = "binary_crossentropy",
     .aliases = "bce",
     .help = "mean over the outputs of -log of the probability of the truth; targets from 0 to 1; "
             "last activation sigmoid",
     .fields = binary_smoothing_fields,
     .size = sizeof(cross_entropy_parameters),
     .operations = &(const rnl_loss){.target = RNL_TARGET_VALUES,
                                     .fused_activation = "sigmoid",
                                     .bind = bind_binary_cross_entropy}},
    {.name = "mean_squared_error",
     .aliases = "mse",
     .help = "mean over the outputs of the squared difference from the target values",
     .operations = &(const rnl_loss){.target = RNL_TARGET_VALUES, .bind = bind_squared_error}},
    {.name = "mean_absolute_error",
     .aliases = "mae",
     .help = "mean over the outputs of the absolute difference from the target values",
     .operations = &(const rnl_loss){.target = RNL_TARGET_VALUES, .bind = bind_absolute_error}},
    {.name = "huber",
     .aliases = "huber_loss",
     .help = "mean over the outputs of half the squared difference e, beyond delta of "
             "delta (|e| - delta / 2): outliers pull less",
     .fields = huber_fields,
     .main = "delta",
     .size = sizeof(huber_parameters),
     .operations = &(const rnl_loss){.target = RNL_TARGET_VALUES, .bind = bind_huber}},
    {.name = "poisson",
     .help =
         "mean over the outputs of y - t log y, y the predicted mean of counts t from 0 up; with "
         "last activation exponential of e^z - t z",
     .operations = &(const rnl_loss){.target = RNL_TARGET_VALUES,
                                     .bind = bind_poisson,
                                     .joined_activation = "exponential",
                                     .bind_joined = bind_poisson_of_log,
                                     .counts = true}},
    {.name = "quantile",
     .aliases = "pinball quantile_loss pinball_loss",
     .help = "mean over the quantiles q, an output each, of q e where the target is e above the "
             "output, (1 - q) |e| where below: outputs tell a range; predictions are in order",
     .fields = quantile_fields,
     .size = sizeof(quantile_parameters),
     .operations = &(const rnl_loss){.target = RNL_TARGET_VALUES,
                                     .bind = bind_quantile,
                                     .quantiles = quantiles_of}},
};

const rnl_kind_table rnl_losses = {
    .noun = "loss",
    .plural = "losses",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
