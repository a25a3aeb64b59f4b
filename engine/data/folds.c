#include "engine/data/folds.h"

#include "engine/data/row_order.h"
#include "engine/error.h"
#include "engine/storage/memory_limit.h"

#include <stdlib.h>
#include <string.h>

/* The places of the rows in the new order: first those that stay, then those held out. */
static rnl_status new_order(uint32_t *order, size_t rows, size_t begin, size_t end)
{
    bool *held_out = calloc(rows, sizeof *held_out);
    if (!held_out)
        return rnl_fail_memory(rows * sizeof *held_out);
    rnl_row_order(order, rows, 0, UINT32_MAX, true);
    for (size_t i = begin; i < end; ++i)
        held_out[order[i]] = true;
    size_t staying = 0, leaving = rows - (end - begin);
    for (size_t i = 0; i < rows; ++i)
        order[held_out[i] ? leaving++ : staying++] = (uint32_t)i;
    free(held_out);
    return RNL_OK;
}

/* An array with `row_bytes` to a row, in the new order; nothing of NULL. */
static rnl_status reorder(void *where, const rnl_dataset *dataset, const uint32_t *order,
                          size_t row_bytes)
{
    char *array;
    memcpy(&array, where, sizeof array);
    if (!array)
        return RNL_OK;
    void *moved = NULL;
    RNL_TRY(rnl_allocate_rows(&moved, dataset->name, dataset->rows, row_bytes, 1));
    for (size_t i = 0; i < dataset->rows; ++i)
        memcpy((char *)moved + i * row_bytes, array + order[i] * row_bytes, row_bytes);
    free(array);
    memcpy(where, &moved, sizeof moved);
    return RNL_OK;
}

static rnl_status reorder_all(rnl_dataset *dataset, const uint32_t *order)
{
    const size_t element = dataset->element == RNL_UINT8 ? 1 : sizeof(float);
    RNL_TRY(reorder(&dataset->inputs, dataset, order, dataset->features * element));
    RNL_TRY(reorder(&dataset->labels, dataset, order, sizeof *dataset->labels));
    RNL_TRY(reorder(&dataset->values, dataset, order,
                    dataset->value_columns * sizeof *dataset->values));
    return reorder(&dataset->sample_weights, dataset, order, sizeof *dataset->sample_weights);
}

rnl_status rnl_folds_move_to_end(rnl_dataset *dataset, size_t folds, size_t fold, size_t *count)
{
    const size_t rows = dataset->rows;
    if (folds > rows)
        return rnl_fail(RNL_BAD_CONFIG,
                        "data.folds: expected at most one for each of the %zu rows, got %zu", rows,
                        folds);
    const size_t begin = rows * (fold - 1) / folds, end = rows * fold / folds;
    uint32_t *order = malloc(rows * sizeof *order);
    if (!order)
        return rnl_fail_memory(rows * sizeof *order);
    rnl_status status = new_order(order, rows, begin, end);
    if (status == RNL_OK)
        status = reorder_all(dataset, order);
    free(order);
    *count = end - begin;
    return status;
}
