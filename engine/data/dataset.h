/*
 * Rows in memory, as they came: inputs in a type that holds what they were on disk, and the
 * targets.
 */
#ifndef RNL_ENGINE_DATA_DATASET_H
#define RNL_ENGINE_DATA_DATASET_H

#include "engine/data/encoding.h"
#include "engine/data/notes.h"
#include "engine/data/row_parts.h"
#include "engine/schema/config.h"

#include <stdint.h>

#define RNL_MAX_RANK 8

typedef enum rnl_element { RNL_UINT8, RNL_FLOAT32, RNL_FLOAT64 } rnl_element;

static inline size_t rnl_element_bytes(rnl_element element)
{
    return element == RNL_UINT8 ? 1 : element == RNL_FLOAT32 ? sizeof(float) : sizeof(double);
}

static inline double rnl_element_at(rnl_element element, const void *array, size_t i)
{
    return element == RNL_UINT8     ? (double)((const uint8_t *)array)[i]
           : element == RNL_FLOAT32 ? (double)((const float *)array)[i]
                                    : ((const double *)array)[i];
}

/* Puts a number into an array of floating-point numbers. */
static inline void rnl_element_put(rnl_element element, void *array, size_t i, double number)
{
    if (element == RNL_FLOAT64)
        ((double *)array)[i] = number;
    else
        ((float *)array)[i] = (float)number;
}

/* The kind of target that a loss compares the outputs with. */
typedef enum rnl_target {
    RNL_TARGET_CLASS,        /* a class number */
    RNL_TARGET_DISTRIBUTION, /* a probability for each class; a class number stands for 1 there */
    RNL_TARGET_VALUES        /* a value for each output; a class number stands for itself */
} rnl_target;

/* The arrays of a set that are the caller's. */
typedef struct rnl_borrowed {
    bool inputs, targets, weights;
} rnl_borrowed;

typedef struct rnl_dataset {
    size_t rows;
    size_t features;            /* of a row: the product of its shape */
    size_t rank;                /* of a row: 2 for images of height x width */
    size_t shape[RNL_MAX_RANK]; /* of a row */
    rnl_element element;
    void *inputs;         /* (rows, features); with `parts` those of other ranks are unset, and take
                             address space alone */
    size_t mapped;        /* bytes of the mapping that they are, then; else 0 */
    rnl_row_parts *parts; /* NULL: all inputs are here */
    uint64_t *origins;    /* (rows) row of the file, or byte of the table, while inputs are still to
                             be read by parts */
    int32_t *labels;      /* (rows) class numbers from 0, or NULL, */
    int32_t largest_label; /* -1 without; */
    union {
        float *values;       /* (rows, value_columns) target values, or NULL */
        double *wide_values; /* the same, where they are wide */
    };
    bool wide; /* the target values are doubles */
    size_t value_columns;
    float *sample_weights; /* (rows) factors of the rows' losses, or NULL for 1 */
    rnl_borrowed borrowed;
    char *name; /* for messages: the files or the generator it came from */
} rnl_dataset;

/* The encoding of a model that training starts from. */
typedef struct rnl_earlier_encoding {
    const rnl_encoding *encoding; /* NULL: there is none */
    bool targets;                 /* its classes hold, too */
} rnl_earlier_encoding;

/* What a set is loaded for. */
typedef struct rnl_loading {
    uint64_t seed; /* the run's, for generated sets */
    rnl_target target;
    bool counts;           /* targets of tables below 0 are refused */
    bool two_classes;      /* the loss takes two classes by name as the values 0 and 1 */
    bool predicting;       /* inputs alone are asked for */
    bool without_targets;  /* targets are not read: the inputs take their place */
    bool weights_optional; /* rows of a table without the column of sample weights weigh 1 */
    /* Inputs and target values are scaled: they are kept as doubles where float cannot hold them.
     */
    bool wide_inputs, wide_values;
    /* The encoding of text columns as numbers: measured by the first set, then used by the
     * others. */
    rnl_encoding *encoding;
    rnl_earlier_encoding earlier;  /* that a measured one follows */
    rnl_notes *notes;              /* notes on what was read; NULL: none are kept */
    struct rnl_class_use *classes; /* what is selected of them; NULL: all */
    const rnl_number_list *resize; /* size that images get; NULL: as they are */
    /* Whose ranks read inputs by parts, where the format allows, once it is known which rows are
     * whose; NULL: inputs are read with the rest. */
    rnl_job *job;
    bool *told; /* set where the ranks have told each other of a failure */
} rnl_loading;

/* Bytes of memory: of the loaded data, and the peak that loading needs beside them. */
typedef struct rnl_data_need {
    size_t kept, beside;
} rnl_data_need;

#define RNL_MOST_FILES 3 /* of a set */

/* What a data format does (the operations of rnl_data_formats). */
typedef struct rnl_data_format {
    /* Adds the memory that loading will need, as far as the beginning of the files shows, and the
     * bytes kept by earlier sets; false if they cannot be addressed.  NULL if only reading the file
     * shows it. */
    bool (*add_need)(rnl_data_need *need, const void *parameters, const rnl_loading *loading);
    /* Reads or makes the whole set, of at most UINT32_MAX rows.  A failure leaves nothing
     * allocated. */
    rnl_status (*load)(rnl_dataset *dataset, const void *parameters, const rnl_loading *loading);
    /* Reads the inputs of the rows that this rank holds, of a set that was loaded without them: it
     * has origins, and parts, and room for all inputs. */
    rnl_status (*read_held)(rnl_dataset *dataset, const void *parameters,
                            const rnl_encoding *encoding);
    /* Lists the files that are read. */
    void (*list_files)(const char *paths[RNL_MOST_FILES], const void *parameters);
} rnl_data_format;

/* Tests if any array is the caller's. */
static inline bool rnl_dataset_borrows(const rnl_dataset *dataset)
{
    const rnl_borrowed *borrowed = &dataset->borrowed;
    return borrowed->inputs || borrowed->targets || borrowed->weights;
}

static inline double rnl_dataset_value(const rnl_dataset *dataset, size_t i)
{
    return dataset->wide ? dataset->wide_values[i] : (double)dataset->values[i];
}

/* The target of an output: a class number stands for 0 and 1, or for itself if there is one
 * output. */
static inline double rnl_dataset_target(const rnl_dataset *dataset, size_t row, size_t output,
                                        size_t outputs)
{
    if (dataset->values)
        return rnl_dataset_value(dataset, row * outputs + output);
    const int32_t label = dataset->labels[row];
    return outputs == 1 ? (double)label : (double)((size_t)label == output);
}

/* Tests if a row has one target, a class or a value. */
static inline bool rnl_dataset_has_one_target(const rnl_dataset *dataset)
{
    return dataset->labels || (dataset->values && dataset->value_columns == 1);
}

/* Returns the class of a row's target, if it stands for one. */
int32_t rnl_dataset_class(const rnl_dataset *dataset, size_t row);

static inline rnl_element rnl_dataset_value_element(const rnl_dataset *dataset)
{
    return dataset->wide ? RNL_FLOAT64 : RNL_FLOAT32;
}

/* Refuses rows of which other ranks hold some, and this job is not theirs. */
rnl_status rnl_dataset_check_held(const rnl_dataset *dataset, const rnl_job *job);

/* Bytes of a row's inputs, and of its target values. */
size_t rnl_dataset_input_bytes(const rnl_dataset *dataset);
size_t rnl_dataset_value_bytes(const rnl_dataset *dataset);

/* Makes an array of doubles one of floats, which is half as long, if floats hold all of them.  True
 * if so. */
bool rnl_narrow(double **doubles, size_t count);

void rnl_dataset_release(rnl_dataset *dataset);

/* Sets largest_label. */
void rnl_dataset_measure_labels(rnl_dataset *dataset);

/* Refuses sample weights that are negative or not finite. */
rnl_status rnl_dataset_check_weights(const rnl_dataset *dataset);

/* Refuses inputs that are NaN or infinite, and doubles that float32 cannot hold. */
rnl_status rnl_dataset_check_inputs(const rnl_dataset *dataset);

/* RNL_BAD_DATA for a number that is NaN or infinite; row and column count from 0. */
rnl_status rnl_fail_not_a_number(const char *source, size_t row, size_t column, double got);

/* "60000 x 28 x 28", for messages. */
#define RNL_SHAPE_TEXT (RNL_MAX_RANK * 24)
void rnl_shape_text(char text[RNL_SHAPE_TEXT], const size_t *shape, size_t rank);

struct rnl_data {
    rnl_dataset train, validation, test; /* with rows 0 where not loaded */
    rnl_encoding encoding;
    rnl_notes notes;
    bool shaped; /* what a configuration says of rows was done: splits, limits, classes */
};

const rnl_dataset *rnl_data_part(const rnl_data *data, rnl_part part);

/* Refuses a part without rows; purpose: "evaluate on". */
rnl_status rnl_data_require_rows(const rnl_data *data, rnl_part part, const char *purpose);

/* A part of a dataset that a scaling is measured on. */
typedef struct rnl_numbers {
    size_t rows, columns;
    rnl_element element;
    const void *array;          /* (rows, columns) */
    const char *name;           /* for messages */
    const rnl_row_parts *parts; /* of the rows, or NULL */
} rnl_numbers;

rnl_numbers rnl_dataset_inputs(const rnl_dataset *dataset);
rnl_numbers rnl_dataset_values(const rnl_dataset *dataset);

#endif
