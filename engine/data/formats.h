/*
 * The data formats, with their parameters in a configuration.
 */
#ifndef RNL_ENGINE_DATA_FORMATS_H
#define RNL_ENGINE_DATA_FORMATS_H

#include "engine/data/dataset.h"

/* idx, npy */
typedef struct rnl_array_files {
    char *inputs, *targets, *sample_weight; /* paths; sample_weight may be NULL */
} rnl_array_files;

typedef struct rnl_csv_parameters {
    char *path;
    rnl_text_list target, features, categorical, sample_weight, ignore; /* names of columns */
    char *delimiter; /* one character, or RNL_CSV_WHITESPACE */
    char *decimal;   /* "." or "," */
    bool header;
    rnl_choice missing; /* of rnl_missing_rules */
    rnl_text_list missing_values;
} rnl_csv_parameters;

/* What the keys of a table fall back to: of files for a model that was trained on a frame. */
extern const rnl_csv_parameters rnl_csv_plain;

/* Parses a number in a table's way of writing them. */
bool rnl_csv_parse_number(const char *text, char decimal, double *number);
/* Parses what an input may be: such a number, or a truth value, which is 1 or 0. */
bool rnl_csv_parse_input(const char *text, char decimal, double *number);

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

typedef struct rnl_regression_parameters {
    int64_t rows, features, targets;
    double noise;
    int64_t seed;
} rnl_regression_parameters;

extern const rnl_data_format rnl_idx_format;
extern const rnl_data_format rnl_npy_format;
extern const rnl_data_format rnl_csv_format;

/* What is expected in place of a delimiter or a sign before fractions; NULL if it is taken. */
const char *rnl_csv_refuse_delimiter(const char *text);
const char *rnl_csv_refuse_decimal(const char *text);

extern const rnl_data_format rnl_regression_format;
extern const rnl_data_format rnl_spirals_format;
extern const rnl_data_format rnl_blobs_format;

#define RNL_NPY_MAGIC        "\x93NUMPY"
#define RNL_NPY_MAGIC_LENGTH 6

/* Reads files in the format that their content has: .npy, IDX, else a table.  `csv` is how tables
 * are written, or NULL if the model knows none.  A table has its targets among its columns, beside
 * arrays they are a file of their own. */
rnl_status rnl_files_read(rnl_dataset *dataset, const rnl_array_files *files,
                          const rnl_csv_parameters *csv, const rnl_loading *loading);

#endif
