/*
 * inspect.csv: what training.inspect sees of every layer, before the first step and after each
 * epoch.
 */
#ifndef RNL_CLI_INSPECTION_FILE_H
#define RNL_CLI_INSPECTION_FILE_H

#include "cli/history.h"

/* Adds the lines of the layers; before the first, the header.  What a layer does not have is left
 * empty. */
void rnl_inspection_add(rnl_history *file, const rnl_inspection *inspection);

/* The numbers of a line, in its order.  NaN where the line has none. */
typedef enum rnl_inspection_column {
    RNL_MEAN,
    RNL_STD,
    RNL_SATURATED,
    RNL_DEAD,
    RNL_GRADIENT_NORM,
    RNL_UPDATE_NORM,
    RNL_WEIGHT_NORM,
    RNL_GRADIENT_TO_WEIGHTS,
    RNL_UPDATE_TO_WEIGHTS,
    RNL_ZERO_WEIGHTS, /* the files of earlier programs lack it */
    RNL_INSPECTION_COLUMNS
} rnl_inspection_column;

typedef struct rnl_inspected_layer {
    char name[64];
    double numbers[RNL_INSPECTION_COLUMNS];
    bool diverged; /* one of them is in the file as NaN or infinity */
} rnl_inspected_layer;

/* Tests if the layer has a kernel without gradients: it was frozen. */
bool rnl_inspected_is_frozen(const rnl_inspected_layer *layer);

/* The layers after one epoch. */
typedef struct rnl_inspected_epoch {
    size_t epoch;
    size_t layer_count, capacity;
    rnl_inspected_layer *layers;
} rnl_inspected_epoch;

/* Reads an epoch of the file, the last one if `wanted` is NULL; to be released.  Complains and
 * returns false if it cannot be read, is no such file, or lacks the epoch. */
bool rnl_inspection_read(rnl_inspected_epoch *epoch, const char *path, const size_t *wanted);
void rnl_inspection_release(rnl_inspected_epoch *epoch);

#endif
