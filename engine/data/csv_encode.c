/*
 * Rows of a table as numbers, by its encoding.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/csv_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rnl_status fail_category(const rnl_csv_table *t, size_t cell, const rnl_column *column,
                                bool is_input)
{
    char expected[RNL_EXPECTED_CATEGORY];
    rnl_column_expect(column, is_input, rnl_csv_text(t, cell), expected);
    return rnl_csv_fail_cell(t, cell, expected);
}

/* Where the inputs of a row go. */
typedef struct input_place {
    const rnl_dataset *dataset;
    size_t at;
} input_place;

static void put(input_place *place, double number)
{
    rnl_element_put(place->dataset->element, place->dataset->inputs, place->at++, number);
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
            RNL_TRY(rnl_csv_read_input(t, cell, &number));
        put(x, number);
        return RNL_OK;
    }
    if (missing)
        category = (size_t)column->fill;
    else if (!rnl_encoding_place(rnl_csv_encoding(t), column, rnl_csv_text(t, cell), &category))
        return fail_category(t, cell, column, true);
    for (size_t i = 0; i < rnl_column_width(column); ++i)
        put(x, rnl_column_number(column, category, i));
    return RNL_OK;
}

rnl_status rnl_csv_encode_inputs(const rnl_csv_table *t, const rnl_dataset *dataset, size_t row)
{
    const rnl_columns *columns = &rnl_csv_encoding(t)->inputs;
    input_place x = {dataset, row * dataset->features};
    for (size_t i = 0; i < columns->count; ++i)
        RNL_TRY(encode_input(t, t->inputs[i], &columns->items[i], &x));
    return RNL_OK;
}

/* ---- targets and weights --------------------------------------------------------------------- */

static rnl_status read_target(const rnl_csv_table *t, size_t index, double *number)
{
    const rnl_column *column = &rnl_csv_encoding(t)->targets.items[index];
    const size_t cell = t->targets[index];
    if (rnl_csv_is_missing(t, cell))
        return rnl_csv_fail_missing(t, cell);
    if (!column->categorical) {
        RNL_TRY(rnl_csv_read_number(t, cell, number));
        return *number < 0 && t->loading->counts
                   ? rnl_csv_fail_cell(t, cell, "a number from 0 up, as the loss needs")
                   : RNL_OK;
    }
    const size_t class = rnl_column_find(column, rnl_csv_text(t, cell));
    *number = (double)class;
    return class < column->category_count ? RNL_OK : fail_category(t, cell, column, false);
}

static rnl_status read_weight(const rnl_csv_table *t, double *number)
{
    if (rnl_csv_is_missing(t, t->weight))
        return rnl_csv_fail_missing(t, t->weight);
    RNL_TRY(rnl_csv_read_number(t, t->weight, number));
    return *number >= 0 ? RNL_OK : rnl_csv_fail_cell(t, t->weight, "a sample weight of at least 0");
}

rnl_status rnl_csv_read_answers(const rnl_csv_table *t, double *answers)
{
    for (size_t i = 0; i < rnl_csv_target_count(t); ++i)
        RNL_TRY(read_target(t, i, answers++));
    return t->weighted ? read_weight(t, answers) : RNL_OK;
}

void rnl_csv_put_answers(rnl_dataset *dataset, size_t row, const double *answers)
{
    const size_t columns = dataset->value_columns;
    if (dataset->labels)
        dataset->labels[row] = (int32_t)*answers++;
    for (size_t i = row * columns; i < (row + 1) * columns; ++i, ++answers)
        if (dataset->wide)
            dataset->wide_values[i] = *answers;
        else
            dataset->values[i] = (float)*answers;
    if (dataset->sample_weights)
        dataset->sample_weights[row] = (float)*answers;
}

/* ---- sets ------------------------------------------------------------------------------------ */

static rnl_dataset shape_of(const rnl_csv_table *t, size_t rows)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    const size_t targets = rnl_csv_target_count(t), features = rnl_encoding_features(encoding);
    const bool labels = targets > 0 && encoding->targets.items[0].categorical;
    return (rnl_dataset){
        .rows = rows,
        .features = features,
        .rank = 1,
        .shape = {features},
        .element = t->loading->wide_inputs ? RNL_FLOAT64 : RNL_FLOAT32,
        .wide = t->loading->wide_values && !labels && targets > 0,
        .largest_label = -1,
        .value_columns = labels ? 0 : targets,
    };
}

rnl_status rnl_csv_allocate(rnl_dataset *dataset, const rnl_csv_table *t, size_t rows)
{
    const char *path = t->parameters->path;
    *dataset = shape_of(t, rows);
    if (rows == 0 || rows > UINT32_MAX)
        return rnl_fail(RNL_BAD_DATA, "%s: expected 1 to 4294967295 rows, got %zu", path, rows);
    if (rnl_csv_target_count(t) > 0 && dataset->value_columns == 0)
        RNL_TRY(rnl_allocate_rows(&dataset->labels, path, rows, 1, sizeof(int32_t)));
    else if (dataset->value_columns > 0)
        RNL_TRY(
            rnl_allocate_rows(&dataset->values, path, rows, rnl_dataset_value_bytes(dataset), 1));
    if (t->weighted)
        RNL_TRY(rnl_allocate_rows(&dataset->sample_weights, path, rows, 1, sizeof(float)));
    dataset->name = strdup(path);
    return dataset->name ? RNL_OK : rnl_fail_memory(strlen(path) + 1);
}

void rnl_csv_complete(rnl_dataset *dataset)
{
    if (dataset->wide)
        dataset->wide = !rnl_narrow(&dataset->wide_values, dataset->rows * dataset->value_columns);
    rnl_dataset_measure_labels(dataset);
}

/* Numbers that float holds are kept as floats. */
static void narrow(rnl_dataset *dataset)
{
    double *inputs = dataset->inputs;
    if (dataset->element == RNL_FLOAT64 && rnl_narrow(&inputs, dataset->rows * dataset->features))
        dataset->element = RNL_FLOAT32;
    dataset->inputs = inputs;
}

static rnl_status encode_rows(rnl_csv_table *t, rnl_dataset *dataset, double *answers)
{
    for (size_t row = 0; row < dataset->rows; ++row) {
        RNL_TRY(rnl_csv_table_next(t));
        if (t->reader.count == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: it changed while it was read", t->parameters->path);
        RNL_TRY(rnl_csv_encode_inputs(t, dataset, row));
        RNL_TRY(rnl_csv_read_answers(t, answers));
        rnl_csv_put_answers(dataset, row, answers);
    }
    return RNL_OK;
}

rnl_status rnl_csv_encode(rnl_csv_table *t, rnl_dataset *dataset, size_t rows)
{
    const char *path = t->parameters->path;
    double *answers;
    RNL_TRY(rnl_csv_allocate(dataset, t, rows));
    RNL_TRY(rnl_allocate_rows(&dataset->inputs, path, rows, rnl_dataset_input_bytes(dataset), 1));
    RNL_TRY(rnl_allocate_rows(&answers, path, rnl_csv_target_count(t) + 1, 1, sizeof *answers));
    const rnl_status status = encode_rows(t, dataset, answers);
    free(answers);
    RNL_TRY(status);
    narrow(dataset);
    rnl_csv_complete(dataset);
    return RNL_OK;
}
