#include "engine/data/hold_out.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Copies the marked rows of a set's array into a new one at `where`, the address of a pointer; NULL
 * gives NULL. */
static rnl_status copy_marked(void *where, const void *array, const rnl_dataset *dataset,
                              const bool *marks, size_t count, size_t row_bytes)
{
    char *copy = NULL;
    if (array) {
        size_t next = 0;
        RNL_TRY(rnl_allocate_rows(&copy, dataset->name, count, row_bytes, 1));
        for (size_t i = 0; i < dataset->rows; ++i)
            if (marks[i])
                memcpy(copy + next++ * row_bytes, (const char *)array + i * row_bytes, row_bytes);
    }
    memcpy(where, &copy, sizeof copy);
    return RNL_OK;
}

/* Closes the gaps that the marked rows leave in the array at `where`.  A failure to shrink leaves
 * the larger block, which serves as well. */
static void drop_marked(void *where, size_t rows, const bool *marks, size_t row_bytes)
{
    char *array;
    memcpy(&array, where, sizeof array);
    if (!array)
        return;
    size_t next = 0;
    for (size_t i = 0; i < rows; ++i)
        if (!marks[i]) {
            if (next < i)
                memcpy(array + next * row_bytes, array + i * row_bytes, row_bytes);
            ++next;
        }
    char *smaller = realloc(array, next * row_bytes);
    if (smaller)
        memcpy(where, &smaller, sizeof smaller);
}

/* Bytes to a row. */
typedef struct row_bytes {
    size_t inputs, labels, values, sample_weights;
} row_bytes;

static row_bytes bytes_of(const rnl_dataset *dataset)
{
    return (row_bytes){
        .inputs = rnl_dataset_input_bytes(dataset),
        .labels = sizeof *dataset->labels,
        .values = rnl_dataset_value_bytes(dataset),
        .sample_weights = sizeof *dataset->sample_weights,
    };
}

static rnl_status copy_all(rnl_dataset *copy, const rnl_dataset *dataset, const bool *marks)
{
    const row_bytes bytes = bytes_of(dataset);
    RNL_TRY(copy_marked(&copy->inputs, dataset->inputs, dataset, marks, copy->rows, bytes.inputs));
    RNL_TRY(copy_marked(&copy->labels, dataset->labels, dataset, marks, copy->rows, bytes.labels));
    RNL_TRY(copy_marked(&copy->origins, dataset->origins, dataset, marks, copy->rows,
                        sizeof *dataset->origins));
    RNL_TRY(copy_marked(&copy->values, dataset->values, dataset, marks, copy->rows, bytes.values));
    return copy_marked(&copy->sample_weights, dataset->sample_weights, dataset, marks, copy->rows,
                       bytes.sample_weights);
}

static void drop_all(rnl_dataset *dataset, const bool *marks)
{
    const row_bytes bytes = bytes_of(dataset);
    drop_marked(&dataset->inputs, dataset->rows, marks, bytes.inputs);
    drop_marked(&dataset->labels, dataset->rows, marks, bytes.labels);
    drop_marked(&dataset->origins, dataset->rows, marks, sizeof *dataset->origins);
    drop_marked(&dataset->values, dataset->rows, marks, bytes.values);
    drop_marked(&dataset->sample_weights, dataset->rows, marks, bytes.sample_weights);
}

/* A set of the marked rows, with arrays of its own and the name that is given. */
static rnl_status copy_rows(rnl_dataset *copied, const rnl_dataset *dataset, const bool *marks,
                            size_t count, char *name)
{
    rnl_dataset copy = *dataset;
    copy.rows = count;
    copy.inputs = NULL;
    copy.labels = NULL;
    copy.values = NULL;
    copy.origins = NULL;
    copy.sample_weights = NULL;
    copy.borrowed = (rnl_borrowed){0};
    copy.name = name;
    const rnl_status status = copy_all(&copy, dataset, marks);
    if (status != RNL_OK) {
        rnl_dataset_release(&copy);
        return status;
    }
    rnl_dataset_measure_labels(&copy);
    *copied = copy;
    return RNL_OK;
}

rnl_status rnl_dataset_hold_out(rnl_dataset *held_out, rnl_dataset *dataset, const bool *marks,
                                size_t count, char *name)
{
    RNL_TRY(copy_rows(held_out, dataset, marks, count, name));
    drop_all(dataset, marks);
    dataset->rows -= count;
    rnl_dataset_measure_labels(dataset);
    return RNL_OK;
}

/* Replaces a set by a copy of the marked rows. */
static rnl_status replace(rnl_dataset *dataset, const bool *marks, size_t count)
{
    rnl_dataset kept;
    char *name = strdup(dataset->name);
    if (!name)
        return rnl_fail_memory(strlen(dataset->name) + 1);
    RNL_TRY(copy_rows(&kept, dataset, marks, count, name));
    rnl_dataset_release(dataset);
    *dataset = kept;
    return RNL_OK;
}

static rnl_status drop_others(rnl_dataset *dataset, const bool *marks, size_t count)
{
    bool *others;
    RNL_TRY(rnl_allocate_rows(&others, dataset->name, dataset->rows, 1, sizeof *others));
    for (size_t i = 0; i < dataset->rows; ++i)
        others[i] = !marks[i];
    drop_all(dataset, others);
    free(others);
    dataset->rows = count;
    rnl_dataset_measure_labels(dataset);
    return RNL_OK;
}

rnl_status rnl_dataset_keep(rnl_dataset *dataset, const bool *marks, size_t count)
{
    return rnl_dataset_borrows(dataset) ? replace(dataset, marks, count)
                                        : drop_others(dataset, marks, count);
}

rnl_status rnl_dataset_own(rnl_dataset *dataset)
{
    bool *all;
    if (!rnl_dataset_borrows(dataset) || dataset->rows == 0)
        return RNL_OK;
    RNL_TRY(rnl_allocate_rows(&all, dataset->name, dataset->rows, 1, sizeof *all));
    memset(all, true, dataset->rows * sizeof *all);
    const rnl_status status = replace(dataset, all, dataset->rows);
    free(all);
    return status;
}
