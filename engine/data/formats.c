#include "engine/data/formats.h"

#include <stddef.h>

#define FILE_FIELD(member, help_text)                                                              \
    {                                                                                              \
        .key = #member, .type = RNL_FIELD_TEXT, .offset = offsetof(rnl_array_files, member),       \
        .help = help_text                                                                          \
    }

#define SAMPLE_WEIGHT_FIELD                                                                        \
    {                                                                                              \
        .key = "sample_weight", .type = RNL_FIELD_TEXT,                                            \
        .offset = offsetof(rnl_array_files, sample_weight), .fallback = "null",                    \
        .help = "path of a number for each row, from 0: a factor of its loss"                      \
    }

#define TARGETS_FIELD                                                                              \
    {                                                                                              \
        .key = "targets", .type = RNL_FIELD_TEXT, .offset = offsetof(rnl_array_files, targets),    \
        .fallback = "null",                                                                        \
        .help = "path of the class numbers, from 0, or target values, for each row; plain or "     \
                "gzip; without it, data.targets is inputs"                                         \
    }

static const rnl_field idx_fields[] = {
    FILE_FIELD(inputs, "path of the inputs, the rows along the first dimension; plain or gzip"),
    TARGETS_FIELD,
    SAMPLE_WEIGHT_FIELD,
    {.key = NULL},
};

static const rnl_field npy_fields[] = {
    FILE_FIELD(inputs, "path of the inputs, the rows along the first dimension; plain or gzip"),
    TARGETS_FIELD,
    SAMPLE_WEIGHT_FIELD,
    {.key = NULL},
};

static const rnl_kind missing_kinds[] = {
    {.name = "error",
     .help = "refuse the file, naming the cell",
     .operations = &(const rnl_missing_rule){RNL_MISSING_ERROR}},
    {.name = "drop",
     .help = "leave such rows out (in prediction an error)",
     .operations = &(const rnl_missing_rule){RNL_MISSING_DROP}},
    {.name = "fill",
     .help = "an input becomes the mean or the most frequent category of the training rows; in "
             "columns that `categorical: auto` finds, no category",
     .operations = &(const rnl_missing_rule){RNL_MISSING_FILL}},
};

const rnl_kind_table rnl_missing_rules = {
    .noun = "rule for missing cells",
    .plural = "missing rules",
    .kinds = missing_kinds,
    .count = sizeof missing_kinds / sizeof *missing_kinds,
};

const rnl_csv_parameters rnl_csv_plain = {
    .delimiter = (char *)(uintptr_t) ",",
    .decimal = (char *)(uintptr_t) ".",
    .header = true,
    .missing = {.kind = &missing_kinds[RNL_MISSING_ERROR]},
};

#define CSV_TEXTS(member, help_text)                                                               \
    {                                                                                              \
        .key = #member, .type = RNL_FIELD_TEXT_LIST,                                               \
        .offset = offsetof(rnl_csv_parameters, member), .fallback = "[]", .help = help_text        \
    }

static const rnl_field csv_fields[] = {
    {.key = "path",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_csv_parameters, path),
     .help = "path of the table; plain or gzip"},
    CSV_TEXTS(target, "column to predict, or columns of values; only the training set needs it"),
    CSV_TEXTS(features, "columns of the inputs; without it, all others that have a name"),
    CSV_TEXTS(categorical,
              "those whose cells are names: an input becomes 0 or 1 for each name; or auto, among "
              "them: also columns that hold something but numbers, of up to "
              "data.one_hot_max names, two of which are one input of -1 and 1"),
    CSV_TEXTS(sample_weight, "column of numbers from 0: factors of the rows' losses; no input"),
    CSV_TEXTS(ignore, "columns that are neither inputs nor anything else, as a row's number"),
    {.key = "delimiter",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_csv_parameters, delimiter),
     .fallback = "','",
     .refuse = rnl_csv_refuse_delimiter,
     .help = "what stands between two cells: a character, \"\\t\" for a tab; or whitespace, any "
             "number of spaces and tabs"},
    {.key = "decimal",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_csv_parameters, decimal),
     .fallback = "'.'",
     .refuse = rnl_csv_refuse_decimal,
     .help = "what stands before the fraction of a number: \".\" or \",\""},
    {.key = "header",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(rnl_csv_parameters, header),
     .fallback = "true",
     .help = "the first line names the columns; else they are named 1, 2, 3, ..."},
    {.key = "missing",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_csv_parameters, missing),
     .fallback = "error",
     .kinds = &rnl_missing_rules,
     .help = "what a missing cell means"},
    CSV_TEXTS(missing_values, "what a missing cell says, beside nothing: [NA, \"?\"]"),
    {.key = NULL},
};

/* Counts of rows stay within 32 bits, as places in a random stream and in an order of rows do. */
#define INTEGER_FIELD(parameters, member, least, most, fallback_text, help_text)                   \
    {                                                                                              \
        .key = #member, .type = RNL_FIELD_INTEGER, .offset = offsetof(parameters, member),         \
        .fallback = fallback_text, .minimum = least, .maximum = most, .help = help_text            \
    }
#define ROWS_HELP    "number of rows; the classes take turns"
#define CLASSES_HELP "number of classes"
#define SEED_HELP    "another seed gives other points of the same classes, as a test set needs"

static const rnl_field spirals_fields[] = {
    INTEGER_FIELD(rnl_spirals_parameters, rows, 1, UINT32_MAX, "1000", ROWS_HELP),
    INTEGER_FIELD(rnl_spirals_parameters, classes, 1, INT32_MAX, "3", CLASSES_HELP),
    INTEGER_FIELD(rnl_spirals_parameters, seed, 0, UINT32_MAX, "0", SEED_HELP),
    {.key = "noise",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_spirals_parameters, noise),
     .fallback = "0.1",
     .minimum = 0,
     .maximum = 1e6,
     .help = "standard deviation of a point from its arm, in distances between two arms"},
    {.key = "turns",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_spirals_parameters, turns),
     .fallback = "1.0",
     .minimum = 1e-6,
     .maximum = 1e6,
     .help = "turns of an arm from the centre to its end"},
    {.key = NULL},
};

static const rnl_field blobs_fields[] = {
    INTEGER_FIELD(rnl_blobs_parameters, rows, 1, UINT32_MAX, "1000", ROWS_HELP),
    INTEGER_FIELD(rnl_blobs_parameters, classes, 1, INT32_MAX, "3", CLASSES_HELP),
    INTEGER_FIELD(rnl_blobs_parameters, features, 1, UINT32_MAX, "2", "coordinates of a point"),
    INTEGER_FIELD(rnl_blobs_parameters, seed, 0, UINT32_MAX, "0", SEED_HELP),
    {.key = "spread",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_blobs_parameters, spread),
     .fallback = "0.2",
     .minimum = 0,
     .maximum = 1e6,
     .help = "standard deviation of a blob; their centres have standard deviation 1"},
    {.key = NULL},
};

static const rnl_field regression_fields[] = {
    INTEGER_FIELD(rnl_regression_parameters, rows, 1, UINT32_MAX, "1000", "number of rows"),
    INTEGER_FIELD(rnl_regression_parameters, features, 1, UINT32_MAX, "10", "inputs of a row"),
    INTEGER_FIELD(rnl_regression_parameters, targets, 1, UINT32_MAX, "1", "target values of a row"),
    INTEGER_FIELD(rnl_regression_parameters, seed, 0, UINT32_MAX, "0",
                  "another seed gives other rows of the same function, as a test set needs"),
    {.key = "noise",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_regression_parameters, noise),
     .fallback = "0.1",
     .minimum = 0,
     .maximum = 1e6,
     .help = "standard deviation that is added to the targets, which themselves have 1"},
    {.key = NULL},
};

static const rnl_kind kinds[] = {
    {.name = "csv",
     .help = "a table of comma-separated values, with columns by name",
     .fields = csv_fields,
     .main = "path",
     .size = sizeof(rnl_csv_parameters),
     .operations = &rnl_csv_format},
    {.name = "idx",
     .help = "arrays in IDX files, the format of MNIST: inputs and targets of any type",
     .fields = idx_fields,
     .size = sizeof(rnl_array_files),
     .operations = &rnl_idx_format},
    {.name = "npy",
     .help = "arrays in NumPy's .npy files: inputs and targets of any number type",
     .fields = npy_fields,
     .size = sizeof(rnl_array_files),
     .operations = &rnl_npy_format},
    {.name = "spirals",
     .help = "generated: the arms of a spiral in the plane, one for each class",
     .fields = spirals_fields,
     .size = sizeof(rnl_spirals_parameters),
     .operations = &rnl_spirals_format},
    {.name = "blobs",
     .help = "generated: normally distributed points around a centre for each class",
     .fields = blobs_fields,
     .size = sizeof(rnl_blobs_parameters),
     .operations = &rnl_blobs_format},
    {.name = "regression",
     .help = "generated: normally distributed inputs, targets linear in them, and noise",
     .fields = regression_fields,
     .size = sizeof(rnl_regression_parameters),
     .operations = &rnl_regression_format},
};

const rnl_kind_table rnl_data_formats = {
    .noun = "data format",
    .plural = "data formats",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
