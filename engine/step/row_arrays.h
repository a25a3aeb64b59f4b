/*
 * What is known of each row of a mini-batch, as ranks send it to each other: so that all sum up
 * losses and metrics as one process does, row by row.
 */
#ifndef RNL_ENGINE_STEP_ROW_ARRAYS_H
#define RNL_ENGINE_STEP_ROW_ARRAYS_H

#include "engine/step/step.h"

typedef struct rnl_row_array {
    void *where;  /* of the pointer to it, which is set when the step is bound */
    size_t bytes; /* of a row */
} rnl_row_array;

typedef struct rnl_row_arrays {
    size_t count, bytes; /* of a row in all arrays */
    rnl_row_array items[4 + RNL_MAX_METRICS];
} rnl_row_arrays;

/* Lists losses, metrics, and the predictions that metrics look at once rows are summed up; with
 * `classes` labels and predicted classes, too, where there are any. */
void rnl_row_arrays_list(rnl_row_arrays *arrays, rnl_step *step, bool classes);

/* Copies rows of a planned step into a message of count x bytes, or with `out` out of it. */
void rnl_row_arrays_copy(const rnl_row_arrays *arrays, size_t first, size_t count, char *message,
                         bool out);

#endif
