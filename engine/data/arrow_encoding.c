/*
 * Measuring the encoding of a frame, as that of a table that is loaded.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/automatic_columns.h"

#include <stdlib.h>

/* A column under measurement. */
typedef struct measured {
    const rnl_arrow_frame *frame;
    const bool *kept; /* (rows), or NULL: all */
    rnl_column *column;
    size_t cells; /* with a value, in rows that are kept */
} measured;

static bool counts(const measured *m, const rnl_arrow_cells *cells, size_t row)
{
    return (!m->kept || m->kept[row]) && !rnl_arrow_is_missing(cells, row);
}

/* Sums the numbers in the order of the rows: the column's fill is the sum until it is the mean. */
static void add_numbers(measured *m, const rnl_arrow_cells *cells)
{
    enum { AT_A_TIME = 512 };
    double numbers[AT_A_TIME];
    for (size_t first = cells->first; first < cells->last; first += AT_A_TIME) {
        const size_t last = rnl_least(first + AT_A_TIME, cells->last);
        rnl_arrow_read_numbers(cells, first, last, RNL_FLOAT64, numbers, 1);
        for (size_t row = first; row < last; ++row)
            if (counts(m, cells, row)) {
                m->column->fill += numbers[row - first];
                ++m->cells;
            }
    }
}

static rnl_status fail_text(const measured *m, size_t row)
{
    return rnl_fail(RNL_BAD_DATA,
                    "%s: row %zu: column '%.60s': expected UTF-8 of less than %d bytes",
                    m->frame->source, row, m->column->name, RNL_ARROW_TEXT);
}

static rnl_status count_texts(measured *m, const rnl_arrow_cells *cells)
{
    char text[RNL_ARROW_TEXT];
    for (size_t row = cells->first; row < cells->last; ++row)
        if (counts(m, cells, row)) {
            if (!rnl_arrow_text(cells, row, text))
                return fail_text(m, row);
            RNL_TRY(rnl_column_count(m->column, text, 1));
            ++m->cells;
        }
    return RNL_OK;
}

/* Counts a value of a dictionary; its category's number is known from then on. */
static rnl_status count_value(measured *m, const rnl_arrow_cells *cells, size_t row, size_t index,
                              size_t *known)
{
    char text[RNL_ARROW_TEXT];
    if (known[index] > 0) {
        ++m->column->categories[known[index] - 1].rows;
        return RNL_OK;
    }
    if (!rnl_arrow_value_text(cells, index, text))
        return fail_text(m, row);
    RNL_TRY(rnl_column_count(m->column, text, 1));
    known[index] = rnl_column_find(m->column, text) + 1;
    return RNL_OK;
}

static rnl_status count_indices(measured *m, const rnl_arrow_cells *cells, size_t *known)
{
    for (size_t row = cells->first; row < cells->last; ++row)
        if (counts(m, cells, row)) {
            RNL_TRY(count_value(m, cells, row, rnl_arrow_index(cells, row), known));
            ++m->cells;
        }
    return RNL_OK;
}

/* Adds the values that no row has. */
static rnl_status add_values(measured *m, const rnl_arrow_cells *cells, size_t *known)
{
    for (size_t i = 0; i < (size_t)cells->array->dictionary->length; ++i)
        if (known[i] == 0 && rnl_arrow_has_value(cells, i)) {
            RNL_TRY(count_value(m, cells, cells->first, i, known));
            --m->column->categories[known[i] - 1].rows;
        }
    return RNL_OK;
}

static rnl_status count_dictionary(measured *m, const rnl_arrow_cells *cells, bool all)
{
    size_t *known;
    const size_t count = (size_t)cells->array->dictionary->length;
    RNL_TRY(rnl_allocate_zeros(&known, m->frame->source, count + 1, 1, sizeof *known));
    rnl_status status = count_indices(m, cells, known);
    if (status == RNL_OK && all)
        status = add_values(m, cells, known);
    free(known);
    return status;
}

static rnl_status measure_cells(measured *m, const rnl_arrow_cells *cells, bool all)
{
    if (cells->column->dictionary)
        return count_dictionary(m, cells, all);
    if (m->column->categorical)
        return count_texts(m, cells);
    add_numbers(m, cells);
    return RNL_OK;
}

static void finish(measured *m, size_t least)
{
    rnl_column *column = m->column;
    size_t most = 0;
    rnl_column_sort(column, least);
    column->cells = m->cells;
    for (size_t i = 1; i < column->category_count; ++i)
        most = column->categories[i].rows > column->categories[most].rows ? i : most;
    column->fill = column->categorical ? (double)most : column->fill / (double)m->cells;
    rnl_automatic_settle(column);
}

static rnl_status measure_column(measured m, size_t number, bool all, size_t least)
{
    const rnl_arrow_frame *frame = m.frame;
    for (size_t chunk = 0; chunk < frame->chunk_count; ++chunk) {
        const rnl_arrow_cells cells = rnl_arrow_cells_of(frame, number, chunk);
        RNL_TRY(measure_cells(&m, &cells, all));
    }
    if (m.cells == 0)
        return rnl_fail(RNL_BAD_DATA, "%s: column '%.60s': expected a value in some row",
                        frame->source, m.column->name);
    finish(&m, least);
    return RNL_OK;
}

rnl_status rnl_arrow_measure(const rnl_arrow_frame *frame, const bool *kept,
                             const rnl_arrow_use *use)
{
    rnl_columns *inputs = &use->encoding->inputs;
    for (size_t i = 0; i < frame->column_count; ++i) {
        const rnl_arrow_column *column = &frame->columns[i];
        const bool categorical = !rnl_arrow_is_number(column);
        RNL_TRY(rnl_columns_add(inputs, column->name, categorical));
        const measured m = {.frame = frame, .kept = kept, .column = &inputs->items[i]};
        m.column->automatic = use->automatic && categorical;
        RNL_TRY(measure_column(m, i, use->all_categories, use->encoding->rules.rare));
    }
    return RNL_OK;
}
