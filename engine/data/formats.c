#include "engine/data/formats.h"

#include <stddef.h>

#define FILE_FIELD(member, help_text)                                                              \
    {                                                                                              \
        .key = #member, .type = RNL_FIELD_TEXT, .offset = offsetof(rnl_array_files, member),       \
        .help = help_text                                                                          \
    }

static const rnl_field idx_fields[] = {
    FILE_FIELD(inputs, "path of the inputs, the rows along the first dimension; plain or gzip"),
    FILE_FIELD(targets, "path of the class numbers, from 0, one for each row; plain or gzip"),
    {.key = NULL},
};

static const rnl_field npy_fields[] = {
    FILE_FIELD(inputs, "path of the inputs, the rows along the first dimension"),
    FILE_FIELD(targets, "path of the class numbers, from 0, one for each row"),
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
     .minimum = 0,
     .maximum = 1e6,
     .above_minimum = true,
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

static const rnl_kind kinds[] = {
    {.name = "idx",
     .help = "arrays in IDX files, the format of MNIST: inputs of any type, integer class numbers",
     .fields = idx_fields,
     .size = sizeof(rnl_array_files),
     .operations = &rnl_idx_format},
    {.name = "npy",
     .help = "arrays in NumPy's .npy files: inputs of any number type, integer class numbers",
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
};

const rnl_kind_table rnl_data_formats = {
    .noun = "data format",
    .plural = "data formats",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
