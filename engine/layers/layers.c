#include "engine/layers/layers.h"

#include "engine/schema/config.h"

#include <string.h>

static const rnl_kind kinds[] = {
    {.name = "flatten",
     .help = "makes one row of numbers of a row of any shape",
     .operations = &rnl_flatten_operations},
    {.name = "dense",
     .help = "y = f(x W + b)",
     .fields = rnl_dense_fields,
     .main = "units",
     .size = sizeof(rnl_dense),
     .operations = &rnl_dense_operations},
    {.name = "batch_normalization",
     .help = "y = gamma (x - mean) / sqrt(variance + epsilon) + beta, unit by unit",
     .fields = rnl_batch_normalization_fields,
     .size = sizeof(rnl_batch_normalization),
     .operations = &rnl_batch_normalization_operations},
    {.name = "dropout",
     .help = "drops elements in training, and divides the others by the share that is kept",
     .fields = rnl_dropout_fields,
     .size = sizeof(rnl_dropout),
     .shorthand = "rate",
     .operations = &rnl_dropout_operations},
    {.name = "alpha_dropout",
     .help = "dropout for selu: mean 0 and variance 1 stay what they are",
     .fields = rnl_dropout_fields,
     .size = sizeof(rnl_dropout),
     .shorthand = "rate",
     .operations = &rnl_alpha_dropout_operations},
    {.name = "gaussian_noise",
     .help = "adds normal numbers in training",
     .fields = rnl_gaussian_noise_fields,
     .size = sizeof(rnl_gaussian_noise),
     .shorthand = "stddev",
     .operations = &rnl_gaussian_noise_operations},
    {.name = "prelu",
     .help = "f(z) = z for z >= 0, else alpha z, with an alpha for each unit that is learned",
     .fields = rnl_prelu_fields,
     .main = "initial_slope",
     .size = sizeof(rnl_prelu),
     .operations = &rnl_prelu_operations},
    {.name = "rrelu",
     .help = "f(z) = z for z >= 0, else a random multiple of z in training, their mean outside",
     .fields = rnl_rrelu_fields,
     .size = sizeof(rnl_rrelu),
     .operations = &rnl_rrelu_operations},
    {.name = "activity_regularization",
     .help = "adds a penalty on the size of the outputs to the loss",
     .fields = rnl_activity_regularization_fields,
     .size = sizeof(rnl_activity_regularization),
     .shorthand = "regularizer",
     .operations = &rnl_activity_regularization_operations},
    {.name = "residual",
     .help = "a list of layers whose input is added to their output",
     .fields = rnl_residual_fields,
     .size = sizeof(rnl_residual),
     .shorthand = "layers",
     .operations = &rnl_residual_operations},
    {.name = "repeat",
     .help = "a list of layers, several times",
     .fields = rnl_repeat_fields,
     .size = sizeof(rnl_repeat),
     .operations = &rnl_repeat_operations},
    {.name = "reuse",
     .help = "layers of a saved model, with their values; the first entry, and new layers follow",
     .fields = rnl_reuse_fields,
     .main = "model",
     .size = sizeof(rnl_reuse),
     .operations = &rnl_reuse_operations},
    {.name = "activation",
     .help = "an activation as a layer of its own",
     .fields = rnl_activation_fields,
     .size = sizeof(rnl_activation_layer),
     .shorthand = "function",
     .operations = &rnl_activation_operations},
};

const char *const rnl_activation_layers[] = {"prelu", "rrelu", NULL};

bool rnl_is_activation_layer(const rnl_kind *layer)
{
    const char *const *name = rnl_activation_layers;
    while (*name && strcmp(*name, layer->name) != 0)
        ++name;
    return *name || layer->operations == &rnl_activation_operations;
}

const rnl_kind_table rnl_layers = {
    .noun = "layer",
    .plural = "layers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .named = true,
};
