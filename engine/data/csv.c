/*
 * Tables of comma-separated values.  The first set that is read, the training rows, is read twice:
 * once to measure the encoding, once to apply it.
 */
#include "engine/data/csv_reader.h"
#include "engine/data/encoding.h"
#include "engine/data/formats.h"
#include "engine/error.h"
#include "engine/number.h"
#include "engine/storage/memory_limit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A table at work. */
typedef struct table {
    const rnl_csv_parameters *parameters;
    const rnl_loading *loading;
    rnl_csv_reader reader;
    size_t width;        /* cells of every record */
    rnl_text_list names; /* (width) of the columns */
    size_t *inputs;      /* the cell of each input column, */
    size_t *targets;     /* and of each target column */
    size_t weight;       /* and of the sample weights, if they are asked for */
    bool in_hand;        /* the reader's record is the first row */
} table;

static rnl_encoding *encoding_of(const table *t)
{
    return t->loading->encoding;
}

static rnl_status fail_cell(const table *t, size_t cell, const char *expected)
{
    const rnl_csv_cell *at = &t->reader.cells[cell];
    return rnl_csv_fail(&t->reader, at->line, at->column,
                        "column '%.60s': expected %s, got '%.60s'", t->names.items[cell], expected,
                        at->text);
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool has_text(const rnl_text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; ++i)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static rnl_status find_cell(const table *t, const char *name, rnl_place place, size_t *cell)
{
    for (*cell = 0; *cell < t->width; ++*cell)
        if (strcmp(t->names.items[*cell], name) == 0)
            return RNL_OK;
    const char *nearest = rnl_nearest(name, (const char *const *)t->names.items, t->names.count);
    char text[512];
    snprintf(text, sizeof text, "%s has no column '%.60s'%s%.60s%s", t->reader.stream.path, name,
             nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return place.source ? rnl_fail_at(place, "%s", text) : rnl_fail(RNL_BAD_DATA, "%s", text);
}

/* The names from the first record, or the numbers of the columns from 1. */
static rnl_status name_columns(table *t)
{
    t->width = t->reader.count;
    t->names.items = calloc(t->width + 1, sizeof *t->names.items);
    if (!t->names.items)
        return rnl_fail_memory((t->width + 1) * sizeof *t->names.items);
    for (size_t i = 0; i < t->width; ++i) {
        const rnl_csv_cell *cell = &t->reader.cells[i];
        char number[24];
        snprintf(number, sizeof number, "%zu", i + 1);
        const char *name = t->parameters->header ? cell->text : number;
        if (!rnl_is_utf8(name))
            return rnl_csv_fail(&t->reader, cell->line, cell->column,
                                "expected the name of a column in UTF-8");
        if (has_text(&t->names, name))
            return rnl_csv_fail(&t->reader, cell->line, cell->column,
                                "the column '%.60s' is there twice", name);
        t->names.items[i] = strdup(name);
        if (!t->names.items[i])
            return rnl_fail_memory(strlen(name) + 1);
        ++t->names.count;
    }
    return RNL_OK;
}

static rnl_status add_column(const table *t, rnl_columns *columns, const char *name,
                             bool categorical, rnl_place place)
{
    size_t cell;
    RNL_TRY(find_cell(t, name, place, &cell));
    for (size_t i = 0; i < columns->count; ++i)
        if (strcmp(columns->items[i].name, name) == 0)
            return rnl_fail_at(place, "the column '%.60s' is named twice", name);
    return rnl_columns_add(columns, name, categorical);
}

static rnl_status choose_targets(const table *t)
{
    const rnl_csv_parameters *p = t->parameters;
    const bool classes = t->loading->target == RNL_TARGET_CLASS ||
                         (t->loading->target == RNL_TARGET_DISTRIBUTION && p->target.count == 1);
    if (p->target.count == 0)
        return rnl_fail_at(p->target.place, "target: expected the name of the column to predict");
    if (t->loading->target == RNL_TARGET_CLASS && p->target.count > 1)
        return rnl_fail_at(p->target.place,
                           "target: the loss needs one column of classes, got %zu columns",
                           p->target.count);
    for (size_t i = 0; i < p->target.count; ++i) {
        const bool categorical = classes || has_text(&p->categorical, p->target.items[i]);
        if (categorical && p->target.count > 1)
            return rnl_fail_at(p->target.place,
                               "target: several columns must be numbers, '%.60s' is categorical",
                               p->target.items[i]);
        RNL_TRY(add_column(t, &encoding_of(t)->targets, p->target.items[i], categorical,
                           p->target.place));
    }
    return RNL_OK;
}

/* Those that were named, or all but the targets. */
static rnl_status choose_inputs(const table *t)
{
    const rnl_csv_parameters *p = t->parameters;
    const rnl_text_list *wanted = p->features.count > 0 ? &p->features : &t->names;
    for (size_t i = 0; i < wanted->count; ++i) {
        const char *name = wanted->items[i];
        if (wanted == &t->names &&
            (has_text(&p->target, name) || has_text(&p->sample_weight, name)))
            continue;
        RNL_TRY(add_column(t, &encoding_of(t)->inputs, name, has_text(&p->categorical, name),
                           p->features.place));
    }
    if (encoding_of(t)->inputs.count == 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected a column beside the target",
                        t->reader.stream.path);
    return RNL_OK;
}

static rnl_status choose_columns(const table *t)
{
    const rnl_csv_parameters *p = t->parameters;
    for (size_t i = 0; i < p->categorical.count; ++i) {
        size_t cell;
        RNL_TRY(find_cell(t, p->categorical.items[i], p->categorical.place, &cell));
    }
    RNL_TRY(choose_targets(t));
    return choose_inputs(t);
}

static rnl_status find_cells(const table *t, const rnl_columns *columns, size_t **cells)
{
    const rnl_place none = {0};
    *cells = calloc(columns->count + 1, sizeof **cells);
    if (!*cells)
        return rnl_fail_memory((columns->count + 1) * sizeof **cells);
    for (size_t i = 0; i < columns->count; ++i)
        RNL_TRY(find_cell(t, columns->items[i].name, none, &(*cells)[i]));
    return RNL_OK;
}

static bool has_weights(const table *t)
{
    return t->parameters->sample_weight.count > 0 && !t->loading->predicting;
}

static rnl_status find_weight(table *t)
{
    const rnl_text_list *column = &t->parameters->sample_weight;
    return has_weights(t) ? find_cell(t, column->items[0], column->place, &t->weight) : RNL_OK;
}

static size_t target_count(const table *t)
{
    return t->loading->predicting ? 0 : encoding_of(t)->targets.count;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void close_table(table *t)
{
    rnl_csv_close(&t->reader);
    for (size_t i = 0; i < t->names.count; ++i)
        free(t->names.items[i]);
    free(t->names.items);
    free(t->inputs);
    free(t->targets);
}

/* Opens the file and finds the columns of the encoding, which is begun if it is empty. */
static rnl_status open_table(table *t, const rnl_csv_parameters *parameters,
                             const rnl_loading *loading)
{
    *t = (table){.parameters = parameters, .loading = loading};
    RNL_TRY(rnl_csv_open(&t->reader, parameters->path, *parameters->delimiter));
    rnl_status status = rnl_csv_next(&t->reader);
    if (status == RNL_OK && t->reader.count == 0)
        status = rnl_fail(RNL_BAD_DATA, "%s: expected rows, got an empty file", parameters->path);
    if (status == RNL_OK)
        status = name_columns(t);
    if (status == RNL_OK && !rnl_encoding_measured(loading->encoding))
        status = choose_columns(t);
    if (status == RNL_OK)
        status = find_cells(t, &loading->encoding->inputs, &t->inputs);
    if (status == RNL_OK && target_count(t) > 0)
        status = find_cells(t, &loading->encoding->targets, &t->targets);
    if (status == RNL_OK)
        status = find_weight(t);
    t->in_hand = !parameters->header;
    if (status != RNL_OK)
        close_table(t);
    return status;
}

static bool is_missing(const table *t, size_t cell)
{
    const rnl_csv_cell *at = &t->reader.cells[cell];
    return (*at->text == '\0' && !at->quoted) || has_text(&t->parameters->missing_values, at->text);
}

static bool misses_any(const table *t, const size_t *cells, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (is_missing(t, cells[i]))
            return true;
    return false;
}

static rnl_missing_rule missing_rule(const table *t)
{
    return *(const rnl_missing_rule *)t->parameters->missing.kind->operations;
}

/* A row without a target teaches nothing; in prediction every row needs an answer. */
static bool is_dropped(const table *t)
{
    return missing_rule(t) == RNL_MISSING_DROP && !t->loading->predicting &&
           (misses_any(t, t->inputs, encoding_of(t)->inputs.count) ||
            misses_any(t, t->targets, target_count(t)) ||
            (has_weights(t) && is_missing(t, t->weight)));
}

static rnl_status read_record(table *t)
{
    if (!t->in_hand)
        RNL_TRY(rnl_csv_next(&t->reader));
    t->in_hand = false;
    if (t->reader.count > 0 && t->reader.count != t->width)
        return rnl_csv_fail(&t->reader, t->reader.cells[0].line, 1,
                            "expected %zu cells, as the first line has, got %zu", t->width,
                            t->reader.count);
    return RNL_OK;
}

/* The next row that is not dropped; none is left if the reader's count is 0. */
static rnl_status next_row(table *t)
{
    do
        RNL_TRY(read_record(t));
    while (t->reader.count > 0 && is_dropped(t));
    return RNL_OK;
}

/* Within the range of float32, so that neither a value nor a sum of them overflows. */
static rnl_status read_number(const table *t, size_t cell, double *number)
{
    if (!rnl_parse_number(t->reader.cells[cell].text, number))
        return fail_cell(t, cell, "a number (columns of names belong under `categorical`)");
    if (!isfinite((float)*number))
        return fail_cell(t, cell, "a number between -3.4e38 and 3.4e38");
    return RNL_OK;
}

static rnl_status fail_missing(const table *t, size_t cell)
{
    return fail_cell(t, cell,
                     "a value (`missing: drop` leaves such rows out, `missing: fill` fills "
                     "inputs in)");
}

/* ---- measuring the encoding ------------------------------------------------------------------ */

/* The column's fill is the sum of its numbers until all rows have been seen. */
static rnl_status measure_cell(const table *t, size_t cell, rnl_column *column, size_t *seen)
{
    double number = 0;
    if (column->categorical) {
        if (*t->reader.cells[cell].text == '\0')
            return fail_missing(t, cell);
        if (!rnl_is_utf8(t->reader.cells[cell].text))
            return rnl_csv_fail(&t->reader, t->reader.cells[cell].line,
                                t->reader.cells[cell].column, "column '%.60s': expected UTF-8",
                                t->names.items[cell]);
        RNL_TRY(rnl_column_count(column, t->reader.cells[cell].text));
    } else {
        RNL_TRY(read_number(t, cell, &number));
    }
    column->fill += number;
    ++*seen;
    return RNL_OK;
}

static rnl_status measure_row(const table *t, size_t *seen)
{
    rnl_encoding *encoding = encoding_of(t);
    for (size_t i = 0; i < encoding->inputs.count; ++i) {
        const bool missing = is_missing(t, t->inputs[i]);
        if (missing && missing_rule(t) != RNL_MISSING_FILL)
            return fail_missing(t, t->inputs[i]);
        if (!missing)
            RNL_TRY(measure_cell(t, t->inputs[i], &encoding->inputs.items[i], &seen[i]));
    }
    for (size_t i = 0; i < encoding->targets.count; ++i) {
        size_t unused = 0;
        if (is_missing(t, t->targets[i]))
            return fail_missing(t, t->targets[i]);
        RNL_TRY(measure_cell(t, t->targets[i], &encoding->targets.items[i], &unused));
    }
    return RNL_OK;
}

/* A column without a value has nothing to fill in, and names no category. */
static rnl_status require_values(const table *t, const size_t *seen)
{
    const rnl_columns *inputs = &encoding_of(t)->inputs;
    for (size_t i = 0; i < inputs->count; ++i)
        if (seen[i] == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: column '%.60s': expected a value in some row",
                            t->parameters->path, inputs->items[i].name);
    return RNL_OK;
}

static void finish_column(rnl_column *column, size_t seen)
{
    rnl_column_sort(column);
    if (!column->categorical) {
        column->fill = seen > 0 ? column->fill / (double)seen : 0;
        return;
    }
    size_t most = 0;
    for (size_t i = 1; i < column->category_count; ++i)
        most = column->categories[i].rows > column->categories[most].rows ? i : most;
    column->fill = (double)most;
}

static rnl_status measure(table *t)
{
    rnl_encoding *encoding = encoding_of(t);
    size_t *seen = calloc(encoding->inputs.count, sizeof *seen);
    if (!seen)
        return rnl_fail_memory(encoding->inputs.count * sizeof *seen);
    rnl_status status = next_row(t);
    const bool empty = t->reader.count == 0;
    while (status == RNL_OK && t->reader.count > 0) {
        status = measure_row(t, seen);
        if (status == RNL_OK)
            status = next_row(t);
    }
    if (status == RNL_OK && !empty)
        status = require_values(t, seen);
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        finish_column(&encoding->inputs.items[i], seen[i]);
    for (size_t i = 0; i < encoding->targets.count; ++i)
        finish_column(&encoding->targets.items[i], 0);
    free(seen);
    return status;
}

/* ---- applying it ----------------------------------------------------------------------------- */

static rnl_status find_category(const table *t, size_t cell, const rnl_column *column,
                                size_t *category)
{
    *category = rnl_column_find(column, t->reader.cells[cell].text);
    if (*category < column->category_count)
        return RNL_OK;
    const char *names[16] = {0};
    const size_t count = column->category_count < 16 ? column->category_count : 16;
    for (size_t i = 0; i < count; ++i)
        names[i] = column->categories[i].name;
    const char *nearest = rnl_nearest(t->reader.cells[cell].text, names, count);
    char expected[256];
    snprintf(expected, sizeof expected, "one of the %zu categories of the training rows%s%.60s%s",
             column->category_count, nearest ? " (perhaps '" : "", nearest ? nearest : "",
             nearest ? "')" : "");
    return fail_cell(t, cell, expected);
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
static rnl_status encode_input(const table *t, size_t cell, const rnl_column *column,
                               input_place *x)
{
    double number = column->fill;
    size_t category;
    const bool missing = is_missing(t, cell);
    if (missing && missing_rule(t) != RNL_MISSING_FILL)
        return fail_missing(t, cell);
    if (!column->categorical) {
        if (!missing)
            RNL_TRY(read_number(t, cell, &number));
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

static rnl_status encode_target(const table *t, rnl_dataset *dataset, size_t row, size_t index)
{
    const rnl_column *column = &encoding_of(t)->targets.items[index];
    const size_t cell = t->targets[index];
    size_t category;
    double number;
    if (is_missing(t, cell))
        return fail_missing(t, cell);
    if (column->categorical) {
        RNL_TRY(find_category(t, cell, column, &category));
        dataset->labels[row] = (int32_t)category;
        return RNL_OK;
    }
    RNL_TRY(read_number(t, cell, &number));
    const size_t at = row * dataset->value_columns + index;
    if (dataset->wide)
        dataset->wide_values[at] = number;
    else
        dataset->values[at] = (float)number;
    return RNL_OK;
}

static rnl_status encode_weight(const table *t, float *weight)
{
    double number;
    if (is_missing(t, t->weight))
        return fail_missing(t, t->weight);
    RNL_TRY(read_number(t, t->weight, &number));
    if (number < 0)
        return fail_cell(t, t->weight, "a sample weight of at least 0");
    *weight = (float)number;
    return RNL_OK;
}

static rnl_status encode_row(const table *t, rnl_dataset *dataset, size_t row)
{
    const rnl_encoding *encoding = encoding_of(t);
    input_place x = {dataset, row * dataset->features};
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        RNL_TRY(encode_input(t, t->inputs[i], &encoding->inputs.items[i], &x));
    for (size_t i = 0; i < target_count(t); ++i)
        RNL_TRY(encode_target(t, dataset, row, i));
    return has_weights(t) ? encode_weight(t, &dataset->sample_weights[row]) : RNL_OK;
}

static rnl_status allocate(rnl_dataset *dataset, const table *t, size_t rows)
{
    const rnl_encoding *encoding = encoding_of(t);
    const size_t targets = target_count(t);
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
    if (has_weights(t))
        RNL_TRY(rnl_allocate_rows(&dataset->sample_weights, path, rows, 1, sizeof(float)));
    dataset->name = strdup(path);
    return dataset->name ? RNL_OK : rnl_fail_memory(strlen(path) + 1);
}

/* The rows that are not dropped. */
static rnl_status count_rows(table *t, size_t *rows)
{
    *rows = 0;
    RNL_TRY(next_row(t));
    while (t->reader.count > 0) {
        ++*rows;
        RNL_TRY(next_row(t));
    }
    if (*rows == 0 || *rows > UINT32_MAX)
        return rnl_fail(RNL_BAD_DATA, "%s: expected 1 to 4294967295 rows, got %zu",
                        t->parameters->path, *rows);
    return RNL_OK;
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

static rnl_status encode(table *t, rnl_dataset *dataset, size_t rows)
{
    RNL_TRY(allocate(dataset, t, rows));
    for (size_t row = 0; row < rows; ++row) {
        RNL_TRY(next_row(t));
        if (t->reader.count == 0)
            return rnl_fail(RNL_BAD_DATA, "%s: it changed while it was read", t->parameters->path);
        RNL_TRY(encode_row(t, dataset, row));
    }
    narrow(dataset);
    rnl_dataset_measure_labels(dataset);
    return RNL_OK;
}

/* One pass over the file with one of the functions above. */
static rnl_status measure_file(const rnl_csv_parameters *p, const rnl_loading *loading)
{
    table t;
    RNL_TRY(open_table(&t, p, loading));
    const rnl_status status = measure(&t);
    close_table(&t);
    return status;
}

static rnl_status count_file(const rnl_csv_parameters *p, const rnl_loading *loading, size_t *rows)
{
    table t;
    RNL_TRY(open_table(&t, p, loading));
    const rnl_status status = count_rows(&t, rows);
    close_table(&t);
    return status;
}

static rnl_status encode_file(const rnl_csv_parameters *p, const rnl_loading *loading,
                              rnl_dataset *dataset, size_t rows)
{
    table t;
    RNL_TRY(open_table(&t, p, loading));
    const rnl_status status = encode(&t, dataset, rows);
    close_table(&t);
    return status;
}

static rnl_status check_parameters(const rnl_csv_parameters *p)
{
    if (strlen(p->delimiter) != 1 || strchr("\"\r\n", *p->delimiter))
        return rnl_fail(RNL_BAD_CONFIG,
                        "delimiter: expected one character, neither a quote nor a line end, got "
                        "'%.20s'",
                        p->delimiter);
    if (p->sample_weight.count > 1)
        return rnl_fail_at(p->sample_weight.place, "sample_weight: expected one column, got %zu",
                           p->sample_weight.count);
    return RNL_OK;
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, const rnl_loading *loading)
{
    const rnl_csv_parameters *p = parameters;
    size_t rows;
    RNL_TRY(check_parameters(p));
    if (!rnl_encoding_measured(loading->encoding))
        RNL_TRY(measure_file(p, loading));
    RNL_TRY(count_file(p, loading, &rows));
    const rnl_status status = encode_file(p, loading, dataset, rows);
    if (status != RNL_OK)
        rnl_dataset_release(dataset);
    return status;
}

const rnl_data_format rnl_csv_format = {.load = load};
