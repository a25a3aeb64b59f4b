/*
 * Rows of a table as numbers, by its encoding.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/csv_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rnl_status find_category(const rnl_csv_table *t, size_t cell, const rnl_column *column,
                                size_t *category)
{
    *category = rnl_column_find(column, rnl_csv_text(t, cell));
    if (*category < column->category_count)
        return RNL_OK;
    char expected[RNL_EXPECTED_CATEGORY];
    rnl_column_expect(column, rnl_csv_text(t, cell), expected);
    return rnl_csv_fail_cell(t, cell, expected);
}

/* Where the inputs of a row go. */
typedef struct input_place {
    const rnl_dataset *dataset;
    size_t at;
} input_place;

static void put(input_place *place, double number)
{
    if (place->dataset->element == RNL_FLOAT64)
        ((double *)place->dataset->inputs)[place->at++] = number;
    else
        ((float *)place->dataset->inputs)[place->at++] = (float)number;
}

/* Writes the numbers that a cell becomes, and moves behind them. */
static rnl_status encode_input(const rnl_csv_table *t, size_t cell, const rnl_column *column,
                               input_place *x)
{
    double number = column->fill;
    size_t category;
    const bool missing = rnl_csv_is_missing(t, cell);
    if (missing && rnl_csv_missing_rule(t) != RNL_MISSING_FILL)
        return rnl_csv_fail_missing(t, cell);
    if (!column->categorical) {
        if (!missing)
            RNL_TRY(rnl_csv_read_number(t, cell, &number));
        put(x, number);
        return RNL_OK;
    }
    if (missing)
        category = (size_t)column->fill;
    else
        RNL_TRY(find_category(t, cell, column, &category));
    for (size_t i = 0; i < column->category_count; ++i)
        put(x, i == category);
    return RNL_OK;
}

static rnl_status encode_target(const rnl_csv_table *t, rnl_dataset *dataset, size_t row,
                                size_t index)
{
    const rnl_column *column = &rnl_csv_encoding(t)->targets.items[index];
    const size_t cell = t->targets[index];
    size_t category;
    double number;
    if (rnl_csv_is_missing(t, cell))
        return rnl_csv_fail_missing(t, cell);
    if (column->categorical) {
        RNL_TRY(find_category(t, cell, column, &category));
        dataset->labels[row] = (int32_t)category;
        return RNL_OK;
    }
    RNL_TRY(rnl_csv_read_number(t, cell, &number));
    const size_t at = row * dataset->value_columns + index;
    if (dataset->wide)
        dataset->wide_values[at] = number;
    else
        dataset->values[at] = (float)number;
    return RNL_OK;
}

static rnl_status encode_weight(const rnl_csv_table *t, float *weight)
{
    double number;
    if (rnl_csv_is_missing(t, t->weight))
        return rnl_csv_fail_missing(t, t->weight);
    RNL_TRY(rnl_csv_read_number(t, t->weight, &number));
    if (number < 0)
        return rnl_csv_fail_cell(t, t->weight, "a sample weight of at least 0");
    *weight = (float)number;
    return RNL_OK;
}

static rnl_status encode_row(const rnl_csv_table *t, rnl_dataset *dataset, size_t row)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    input_place x = {dataset, row * dataset->features};
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        RNL_TRY(encode_input(t, t->inputs[i], &encoding->inputs.items[i], &x));
    for (size_t i = 0; i < rnl_csv_target_count(t); ++i)
        RNL_TRY(encode_target(t, dataset, row, i));
    return t->weighted ? encode_weight(t, &dataset->sample_weights[row]) : RNL_OK;
}

static rnl_status allocate(rnl_dataset *dataset, const rnl_csv_table *t, size_t rows)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    const size_t targets = rnl_csv_target_count(t);
    const bool labels = targets > 0 && encoding->targets.items[0].categorical;
    *dataset = (rnl_dataset){
        .rows = rows,
        .features = rnl_encoding_features(encoding),
        .rank = 1,
        .element = t->loading->wide_inputs ? RNL_FLOAT64 : RNL_FLOAT32,
        .wide = t->loading->wide_values && !labels && targets > 0,
        .largest_label = -1,
        .value_columns = labels ? 0 : targets,
    };
    dataset->shape[0] = dataset->features;
    const char *path = t->parameters->path;
    RNL_TRY(rnl_allocate_rows(&dataset->inputs, path, rows, rnl_dataset_input_bytes(dataset), 1));
    if (labels)
        RNL_TRY(rnl_allocate_rows(&dataset->labels, path, rows, 1, sizeof(int32_t)));
    else if (targets > 0)
        RNL_TRY(
            rnl_allocate_rows(&dataset->values, path, rows, rnl_dataset_value_bytes(dataset), 1));
    if (t->weighted)
        RNL_TRY(rnl_allocate_rows(&dataset->sample_weights, path, rows, 1, sizeof(float)));
    dataset->name = strdup(path);
    return dataset->name ? RNL_OK : rnl_fail_memory(strlen(path) + 1);
}

/* Numbers that float holds are kept as floats. */
static void narrow(rnl_dataset *dataset)
{
    double *inputs = dataset->inputs;
    if (dataset->element == RNL_FLOAT64 && rnl_narrow(&inputs, dataset->rows * dataset->features))
        dataset->element = RNL_FLOAT32;
    dataset->inputs = inputs;
    if (dataset->wide)
        dataset->wide = !rnl_narrow(&dataset->wide_values, dataset->rows * dataset->value_columns);
}

rnl_status rnl_csv_encode(rnl_csv_table *t, rnl_dataset *dataset, size_t rows)
{
    RNL_TRY(allocate(dataset, t, rows));
    for (size_t row = 0; row < rows; ++row) {
        RNL_TRY(rnl_csv_table_next(t));
        if (t->reader.count == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: it changed while it was read", t->parameters->path);
        RNL_TRY(encode_row(t, dataset, row));
    }
    narrow(dataset);
    rnl_dataset_measure_labels(dataset);
    return RNL_OK;
}
