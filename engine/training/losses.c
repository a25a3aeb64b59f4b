#include "engine/training/losses.h"

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/model/activations.h"

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

typedef struct huber_parameters {
    double delta;
} huber_parameters;

static void bind_sparse_cross_entropy(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                      const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){kernels->sparse_cross_entropy, softmax, 0};
}

static void bind_cross_entropy(rnl_bound_loss *bound, const rnl_kernels *kernels,
                               const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){kernels->cross_entropy, softmax, 0};
}

static void bind_binary_cross_entropy(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                      const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){kernels->binary_cross_entropy, sigmoid, 0};
}

static void bind_squared_error(rnl_bound_loss *bound, const rnl_kernels *kernels,
                               const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){kernels->squared_error, NULL, 0};
}

static void bind_absolute_error(rnl_bound_loss *bound, const rnl_kernels *kernels,
                                const void *parameters)
{
    (void)parameters;
    *bound = (rnl_bound_loss){kernels->absolute_error, NULL, 0};
}

static void bind_huber(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters)
{
    const huber_parameters *p = parameters;
    *bound = (rnl_bound_loss){kernels->huber, NULL, (float)p->delta};
}

bool rnl_loss_is_binary(const rnl_choice *loss)
{
    const rnl_loss *operations = rnl_loss_of(loss);
    return operations->target == RNL_TARGET_VALUES && operations->fused_activation;
}

bool rnl_loss_fuses(const rnl_choice *loss, const rnl_choice *activation)
{
    const char *fused = rnl_loss_of(loss)->fused_activation;
    return fused && activation && strcmp(activation->kind->name, fused) == 0;
}

rnl_status rnl_loss_check(const rnl_choice *loss, const rnl_choice *activation,
                          const rnl_layer *last)
{
    const char *wanted = rnl_loss_of(loss)->fused_activation;
    const bool only_fused = activation && rnl_activation_of(activation)->only_with_loss;
    if (wanted ? !rnl_loss_fuses(loss, activation) : only_fused)
        return rnl_fail_at(last->choice->place, "%s: loss %s needs a last layer with %s%s, got %s",
                           last->name, loss->kind->name,
                           wanted ? "activation " : "another activation", wanted ? wanted : "",
                           activation ? activation->kind->name : "none");
    if (wanted && strcmp(wanted, "softmax") == 0 && rnl_shape_features(&last->output) == 1)
        return rnl_fail_at(last->choice->place,
                           "%s: softmax of 1 unit is always 1: for two classes write {units: 1, "
                           "activation: sigmoid} with loss binary_crossentropy, or 2 units",
                           last->name);
    if (last->output.rank != 1)
        return rnl_fail_at(last->choice->place,
                           "%s: loss %s needs outputs in one dimension: put a flatten layer before "
                           "it",
                           last->name, loss->kind->name);
    return RNL_OK;
}

/* ---- targets --------------------------------------------------------------------------------- */

static rnl_status check_labels(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs)
{
    const size_t classes = rnl_loss_classes(loss, outputs);
    if (rnl_loss_of(loss)->target == RNL_TARGET_VALUES && outputs != 1)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected %zu values for each row, one for each output of the last "
                        "layer, got a class number",
                        dataset->name, outputs);
    if (classes > 0 && dataset->largest_label >= 0 && (size_t)dataset->largest_label >= classes)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: label %d is outside of the classes: the model tells %zu apart, "
                        "labelled 0 to %zu; it needs a last layer with units: %zu",
                        dataset->name, (int)dataset->largest_label, classes, classes - 1,
                        (size_t)dataset->largest_label + 1);
    return RNL_OK;
}

/* Probabilities lie between 0 and 1, other values are finite. */
static rnl_status check_range(const rnl_choice *loss, const rnl_dataset *dataset)
{
    const bool probabilities = rnl_loss_of(loss)->fused_activation != NULL;
    const double least = probabilities ? 0 : -FLT_MAX, most = probabilities ? 1 : FLT_MAX;
    for (size_t i = 0; i < dataset->rows * dataset->value_columns; ++i) {
        const double value = rnl_dataset_value(dataset, i);
        if (!(value >= least && value <= most))
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: loss %s needs %s as targets, got %g",
                            dataset->name, i / dataset->value_columns, loss->kind->name,
                            probabilities ? "numbers from 0 to 1" : "finite numbers", value);
    }
    return RNL_OK;
}

static rnl_status check_values(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs)
{
    if (rnl_loss_of(loss)->target == RNL_TARGET_CLASS)
        return rnl_fail(RNL_BAD_DATA, "%s: loss %s needs class numbers as targets, got values",
                        dataset->name, loss->kind->name);
    if (dataset->value_columns != outputs)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected %zu target values for each row, one for each output of the "
                        "last layer, got %zu",
                        dataset->name, outputs, dataset->value_columns);
    return check_range(loss, dataset);
}

rnl_status rnl_loss_check_rows(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs)
{
    if (dataset->values)
        return check_values(loss, dataset, outputs);
    if (dataset->labels)
        return check_labels(loss, dataset, outputs);
    return rnl_fail(RNL_BAD_DATA, "%s: expected targets beside the inputs, got none",
                    dataset->name);
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
     .operations = &(const rnl_loss){RNL_TARGET_CLASS, "softmax", bind_sparse_cross_entropy}},
    {.name = "categorical_crossentropy",
     .help = "the same with a probability for each class as targets (class numbers become 0 and "
             "1); last activation softmax",
     .operations = &(const rnl_loss){RNL_TARGET_DISTRIBUTION, "softmax", bind_cross_entropy}},
    {.name = "binary_crossentropy",
     .aliases = "bce",
     .help = "mean over the outputs of -log of the probability of the truth; targets from 0 to 1; "
             "last activation sigmoid",
     .operations = &(const rnl_loss){RNL_TARGET_VALUES, "sigmoid", bind_binary_cross_entropy}},
    {.name = "mean_squared_error",
     .aliases = "mse",
     .help = "mean over the outputs of the squared difference from the target values",
     .operations = &(const rnl_loss){RNL_TARGET_VALUES, NULL, bind_squared_error}},
    {.name = "mean_absolute_error",
     .aliases = "mae",
     .help = "mean over the outputs of the absolute difference from the target values",
     .operations = &(const rnl_loss){RNL_TARGET_VALUES, NULL, bind_absolute_error}},
    {.name = "huber",
     .aliases = "huber_loss",
     .help = "mean over the outputs of half the squared difference e, beyond delta of "
             "delta (|e| - delta / 2): outliers pull less",
     .fields = huber_fields,
     .main = "delta",
     .size = sizeof(huber_parameters),
     .operations = &(const rnl_loss){RNL_TARGET_VALUES, NULL, bind_huber}},
};

const rnl_kind_table rnl_losses = {
    .noun = "loss",
    .plural = "losses",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
