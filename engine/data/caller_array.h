/*
 * Numbers in an array of the caller, of any type and in any order, as rows of columns.
 */
#ifndef RNL_ENGINE_DATA_CALLER_ARRAY_H
#define RNL_ENGINE_DATA_CALLER_ARRAY_H

#include "engine/data/dataset.h"

/* Bytes of a number; 0 if there is no such type. */
size_t rnl_type_bytes(rnl_type type);

typedef struct rnl_caller_array {
    rnl_type type;
    const char *first;
    size_t rows, columns;
    ptrdiff_t row_stride;     /* bytes from a row to the next */
    const ptrdiff_t *offsets; /* (columns) bytes from a row's first number to each */
} rnl_caller_array;

/* Converts rows first to last - 1 into a row-major matrix of `width` columns, where the array's own
 * columns begin with the one that `matrix` points to.  Into RNL_UINT8 go arrays of bool and uint8
 * alone. */
void rnl_caller_array_read(const rnl_caller_array *array, size_t first, size_t last,
                           rnl_element element, void *matrix, size_t width);

/* True for types of which float holds all numbers. */
bool rnl_type_is_narrow(rnl_type type);

/* Returns the element that holds all numbers of an array; several threads look at a large one. */
rnl_element rnl_caller_array_element(const rnl_caller_array *array);

/* Reads all rows, by several threads where they are many. */
void rnl_caller_array_read_all(const rnl_caller_array *array, rnl_element element, void *matrix);

#endif
