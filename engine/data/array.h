/*
 * An array as stored in a file: numbers of any type and byte order, which become a dataset's inputs
 * or targets.
 */
#ifndef RNL_ENGINE_DATA_ARRAY_H
#define RNL_ENGINE_DATA_ARRAY_H

#include "engine/data/formats.h"
#include "engine/storage/input_stream.h"

typedef enum rnl_number { RNL_UNSIGNED, RNL_SIGNED, RNL_FLOATING } rnl_number;

typedef struct rnl_number_type {
    rnl_number kind;
    size_t size; /* bytes: 1, 2, 4 or 8 */
    bool big_endian;
    const char *name; /* "uint8", for messages */
} rnl_number_type;

typedef struct rnl_array {
    const char *path;
    rnl_number_type type;
    size_t rank;
    size_t shape[RNL_MAX_RANK];
    bool first_index_fastest; /* Fortran's order; else row-major */
    size_t count;             /* of elements */
    unsigned char *bytes;     /* the elements as in the file */
    size_t first;             /* row of the file that they begin with, for messages */
    uint64_t begin;           /* bytes of the file before all elements */
    bool plain;               /* the file is not compressed */
} rnl_array;

/* Returns the number that the 16 bits of a half stand for: 5 of exponent, 10 of mantissa. */
double rnl_half_of_bits(uint64_t bits);

/* Reads the header of a file: type, shape and order of the elements, which begin behind so many
 * bytes. */
typedef rnl_status rnl_array_header(rnl_array *array, const rnl_input_stream *stream,
                                    uint64_t *bytes);

/* Reads the header of a file alone: the array has no bytes. */
rnl_status rnl_array_open(rnl_array *array, rnl_array_header *header, const char *path);

/* Converts an element to a number: NaN, infinities, and what float32 cannot hold are refused. */
rnl_status rnl_array_number(const rnl_array *array, size_t i, double *number);

/* Adds the sizes that the files' headers give. */
bool rnl_array_add_need(rnl_data_need *need, rnl_array_header *header, const rnl_array_files *files,
                        const rnl_loading *loading);

/* A whole dataset from the files; targets and sample weights are left out in prediction.  A single
 * whole number for each row, of shape (n) or (n, 1), is a class number, unless the loss compares
 * with values; of floating-point type, only where it compares with classes. */
rnl_status rnl_array_load(rnl_dataset *dataset, rnl_array_header *header,
                          const rnl_array_files *files, const rnl_loading *loading);

/* Lists them as a format does: `parameters` is an rnl_array_files. */
void rnl_array_list_files(const char *paths[RNL_MOST_FILES], const void *parameters);

/* Reads the inputs of the rows that this rank holds (array_held.c). */
rnl_status rnl_array_read_held(rnl_dataset *dataset, rnl_array_header *header,
                               const rnl_array_files *files);

#endif
