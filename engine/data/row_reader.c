#include "engine/data/row_reader.h"

#include "engine/base/error.h"
#include "engine/schema/schema.h"

#include <math.h>
#include <stdlib.h>

static rnl_status index_columns(rnl_row_reader *reader)
{
    const rnl_columns *columns = &reader->encoding.inputs;
    reader->places = calloc(columns->count, sizeof *reader->places);
    if (!reader->places)
        return rnl_fail_memory(columns->count * sizeof *reader->places);
    for (size_t i = 0; i < columns->count; ++i) {
        const rnl_column *column = &columns->items[i];
        RNL_TRY(rnl_text_index_add(&reader->names, column->name, i));
        reader->places[i] = reader->features;
        reader->features += rnl_column_width(column);
    }
    return RNL_OK;
}

rnl_status rnl_row_reader_create(rnl_row_reader *reader, const rnl_encoding *encoding,
                                 const rnl_csv_parameters *table)
{
    const rnl_text_list *missing = &table->missing_values;
    reader->fills = *(const rnl_missing_rule *)table->missing.kind->operations == RNL_MISSING_FILL;
    reader->decimal = *table->decimal;
    RNL_TRY(rnl_encoding_copy(&reader->encoding, encoding));
    for (size_t i = 0; i < missing->count; ++i)
        if (!rnl_text_index_find(&reader->missing, missing->items[i]))
            RNL_TRY(rnl_text_index_add(&reader->missing, missing->items[i], i));
    return index_columns(reader);
}

void rnl_row_reader_release(rnl_row_reader *reader)
{
    rnl_encoding_release(&reader->encoding);
    rnl_text_index_release(&reader->names);
    rnl_text_index_release(&reader->missing);
    free(reader->places);
}

/* ---- cells ----------------------------------------------------------------------------------- */

static rnl_status fail_cell(const rnl_column *column, const char *expected, const char *cell)
{
    return rnl_fail(RNL_BAD_DATA, "row: column '%.60s': expected %s, got '%.60s'", column->name,
                    expected, cell ? cell : "");
}

static bool is_missing(const rnl_row_reader *reader, const char *cell)
{
    return !cell || !*cell || rnl_text_index_find(&reader->missing, cell);
}

static rnl_status find_category(const rnl_row_reader *reader, const rnl_column *column,
                                const char *cell, size_t *category)
{
    char expected[RNL_EXPECTED_CATEGORY];
    if (rnl_encoding_place(&reader->encoding, column, cell, category))
        return RNL_OK;
    rnl_column_expect(column, true, cell, expected);
    return fail_cell(column, expected, cell);
}

static rnl_status read_number(const rnl_row_reader *reader, const rnl_column *column,
                              const char *cell, double *number)
{
    if (!rnl_csv_parse_input(cell, reader->decimal, number))
        return fail_cell(
            column, reader->decimal == ',' ? "a number with a decimal comma" : "a number", cell);
    return isfinite((float)*number)
               ? RNL_OK
               : fail_cell(column, "a number between -3.4e38 and 3.4e38", cell);
}

static rnl_status read_cell(const rnl_row_reader *reader, const rnl_column *column,
                            const char *cell, double *numbers)
{
    const bool missing = is_missing(reader, cell);
    size_t category = (size_t)column->fill;
    if (missing && !reader->fills)
        return fail_cell(
            column, "a value (a model that is trained with `missing: fill` fills it in)", cell);
    if (!column->categorical) {
        *numbers = column->fill;
        return missing ? RNL_OK : read_number(reader, column, cell, numbers);
    }
    if (!missing)
        RNL_TRY(find_category(reader, column, cell, &category));
    for (size_t i = 0; i < rnl_column_width(column); ++i)
        numbers[i] = rnl_column_number(column, category, i);
    return RNL_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static rnl_status read_in_order(const rnl_row_reader *reader, const char *const *cells,
                                size_t count, double *row)
{
    const rnl_columns *columns = &reader->encoding.inputs;
    if (count != columns->count)
        return rnl_fail(RNL_BAD_DATA, "row: expected a cell for each of the %zu columns, got %zu",
                        columns->count, count);
    for (size_t i = 0; i < count; ++i)
        RNL_TRY(read_cell(reader, &columns->items[i], cells[i], row + reader->places[i]));
    return RNL_OK;
}

static rnl_status fail_absent(const rnl_column *column, const char *const *names, size_t count)
{
    const char *nearest = rnl_nearest(column->name, names, count);
    return rnl_fail(RNL_BAD_DATA, "row: expected a cell of the column '%.60s', got none%s%.60s%s",
                    column->name, nearest ? " (perhaps '" : "", nearest ? nearest : "",
                    nearest ? "' is meant)" : "");
}

/* A column that has had no cell is known by a NaN, which no cell becomes. */
static rnl_status read_by_name(const rnl_row_reader *reader, const char *const *names,
                               const char *const *cells, size_t count, double *row)
{
    const rnl_columns *columns = &reader->encoding.inputs;
    for (size_t i = 0; i < columns->count; ++i)
        row[reader->places[i]] = (double)NAN;
    for (size_t k = 0; k < count; ++k) {
        const rnl_indexed_text *known = rnl_text_index_find(&reader->names, names[k]);
        if (!known)
            continue;
        const rnl_column *column = &columns->items[known->number];
        double *numbers = row + reader->places[known->number];
        if (!isnan(*numbers))
            return rnl_fail(RNL_BAD_DATA, "row: the column '%.60s' is there twice", column->name);
        RNL_TRY(read_cell(reader, column, cells[k], numbers));
    }
    for (size_t i = 0; i < columns->count; ++i)
        if (isnan(row[reader->places[i]]))
            return fail_absent(&columns->items[i], names, count);
    return RNL_OK;
}

rnl_status rnl_row_reader_read(const rnl_row_reader *reader, const char *const *names,
                               const char *const *cells, size_t count, double *row)
{
    return names ? read_by_name(reader, names, cells, count, row)
                 : read_in_order(reader, cells, count, row);
}
