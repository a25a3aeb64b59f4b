/*
 * Rows in the caller's own arrays.
 */
#include "engine/base/error.h"
#include "engine/data/parts.h"
#include "threading/floating_mode.h"

#include <stdlib.h>
#include <string.h>

static rnl_status check_rows(const rnl_rows *rows, const char *name)
{
    bool fits = rows->rank >= 1 && rows->rank <= RNL_MAX_RANK && rows->rows <= UINT32_MAX;
    size_t features = 1;
    for (size_t i = 0; fits && i < rows->rank; ++i)
        fits = rows->shape[i] > 0 && !__builtin_mul_overflow(features, rows->shape[i], &features);
    if (!fits)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected up to 4294967295 rows of 1 to %d dimensions of at least 1",
                        name, RNL_MAX_RANK);
    if (!rows->floats + !rows->bytes + !rows->doubles != 2)
        return rnl_fail(RNL_BAD_DATA, "%s: expected either floats, bytes or doubles as inputs",
                        name);
    if (!rows->classes + !rows->values + !rows->double_values < 2)
        return rnl_fail(RNL_BAD_DATA, "%s: expected either classes or values as targets", name);
    for (size_t i = 0; rows->classes && i < rows->rows; ++i)
        if (rows->classes[i] < 0)
            return rnl_fail(RNL_BAD_DATA, "%s: row %zu: expected a class number from 0, got %d",
                            name, i, (int)rows->classes[i]);
    return RNL_OK;
}

/* The members are not written to: rows of a dataset never change. */
static void *borrow(const void *array)
{
    return (void *)(uintptr_t)array;
}

static void borrow_inputs(rnl_dataset *dataset, const rnl_rows *rows)
{
    dataset->element = rows->bytes ? RNL_UINT8 : rows->floats ? RNL_FLOAT32 : RNL_FLOAT64;
    dataset->inputs = borrow(rows->bytes    ? (const void *)rows->bytes
                             : rows->floats ? (const void *)rows->floats
                                            : rows->doubles);
}

static void borrow_targets(rnl_dataset *dataset, const rnl_rows *rows)
{
    dataset->labels = borrow(rows->classes);
    dataset->wide = rows->double_values != NULL;
    dataset->values = borrow(dataset->wide ? (const void *)rows->double_values : rows->values);
    dataset->value_columns = dataset->values ? rows->value_columns : 0;
}

static rnl_status borrow_rows(rnl_dataset *dataset, const rnl_rows *rows, const char *name)
{
    if (!rows || rows->rows == 0)
        return RNL_OK;
    RNL_TRY(check_rows(rows, name));
    *dataset = (rnl_dataset){
        .rows = rows->rows,
        .features = 1,
        .rank = rows->rank,
        .sample_weights = borrow(rows->sample_weights),
        .borrowed = true,
        .name = strdup(name),
    };
    borrow_inputs(dataset, rows);
    borrow_targets(dataset, rows);
    for (size_t i = 0; i < rows->rank; ++i) {
        dataset->shape[i] = rows->shape[i];
        dataset->features *= rows->shape[i];
    }
    if (!dataset->name)
        return rnl_fail_memory(strlen(name) + 1);
    rnl_dataset_measure_labels(dataset);
    RNL_TRY(rnl_dataset_check_inputs(dataset));
    return rnl_dataset_check_weights(dataset);
}

rnl_status rnl_data_create(rnl_data **data, const rnl_rows *train, const rnl_rows *validation,
                           const rnl_rows *test)
{
    RNL_OWN_FLOATING_MODE;
    rnl_data *created = rnl_data_create_empty();
    if (!created)
        return rnl_fail_memory(sizeof *created);
    rnl_status status = borrow_rows(&created->train, train, "training rows");
    if (status == RNL_OK)
        status = borrow_rows(&created->validation, validation, "validation rows");
    if (status == RNL_OK)
        status = borrow_rows(&created->test, test, "test rows");
    if (status == RNL_OK)
        status = rnl_data_check_shapes(created);
    return rnl_data_deliver(data, created, status);
}
