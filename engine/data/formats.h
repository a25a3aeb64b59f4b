/*
 * The data formats: what each is told by a configuration.
 */
#ifndef RNL_ENGINE_DATA_FORMATS_H
#define RNL_ENGINE_DATA_FORMATS_H

#include "engine/data/dataset.h"

/* idx, npy */
typedef struct rnl_array_files {
    char *inputs, *targets; /* paths */
} rnl_array_files;

typedef struct rnl_spirals_parameters {
    int64_t rows, classes;
    double noise, turns;
    int64_t seed;
} rnl_spirals_parameters;

typedef struct rnl_blobs_parameters {
    int64_t rows, classes, features;
    double spread;
    int64_t seed;
} rnl_blobs_parameters;

extern const rnl_data_format rnl_idx_format;
extern const rnl_data_format rnl_npy_format;
extern const rnl_data_format rnl_spirals_format;
extern const rnl_data_format rnl_blobs_format;

#endif
