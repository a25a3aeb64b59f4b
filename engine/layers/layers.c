#include "engine/layers/layers.h"

#include "engine/config/config.h"

static const rnl_kind kinds[] = {
    {.name = "flatten",
     .help = "makes one row of numbers of a row of any shape",
     .operations = &rnl_flatten_operations},
    {.name = "dense",
     .help = "y = f(x W + b)",
     .fields = rnl_dense_fields,
     .size = sizeof(rnl_dense),
     .operations = &rnl_dense_operations},
    {.name = "batch_normalization",
     .help = "y = gamma (x - mean) / sqrt(variance + epsilon) + beta, unit by unit",
     .fields = rnl_batch_normalization_fields,
     .size = sizeof(rnl_batch_normalization),
     .operations = &rnl_batch_normalization_operations},
    {.name = "activation",
     .help = "an activation as a layer of its own",
     .fields = rnl_activation_fields,
     .size = sizeof(rnl_activation_layer),
     .shorthand = "function",
     .operations = &rnl_activation_operations},
};

const rnl_kind_table rnl_layers = {
    .noun = "layer",
    .plural = "layers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
