/*
 * The cells of a table's row: where a column's cell is, its number, and what is said of one that
 * holds something else.
 */
#include "engine/base/error.h"
#include "engine/data/csv_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

rnl_status rnl_csv_fail_cell(const rnl_csv_table *t, size_t cell, const char *expected)
{
    const rnl_csv_cell *at = &t->reader.cells[cell];
    return rnl_csv_fail(&t->reader, at->line, at->column,
                        "column '%.60s': expected %s, got '%.60s'", t->names.items[cell], expected,
                        at->text);
}

rnl_status rnl_csv_fail_missing(const rnl_csv_table *t, size_t cell)
{
    char hint[RNL_CSV_HINT], expected[RNL_CSV_HINT + 128];
    rnl_csv_hint_missing(t, cell, hint);
    snprintf(expected, sizeof expected,
             t->loading->predicting
                 ? "a value (every row is predicted; `missing: fill` fills inputs in%s)"
                 : "a value (`missing: drop` leaves such rows out, `missing: fill` fills inputs "
                   "in%s)",
             hint);
    return rnl_csv_fail_cell(t, cell, expected);
}

rnl_status rnl_csv_find_cell(const rnl_csv_table *t, const char *name, rnl_place place,
                             size_t *cell)
{
    const rnl_indexed_text *known = rnl_text_index_find(&t->index, name);
    char hint[RNL_CSV_HINT], text[RNL_CSV_HINT + 256];
    if (known && (*name || t->unnamed == 1)) {
        *cell = known->number;
        return RNL_OK;
    }
    if (known)
        snprintf(text, sizeof text, "%s: %zu columns have no name, where '' would be one",
                 t->reader.stream.path, t->unnamed);
    else {
        rnl_csv_hint_column(t, name, hint);
        snprintf(text, sizeof text, "%s has no column '%.60s'%s", t->reader.stream.path, name,
                 hint);
    }
    return place.source ? rnl_fail_at(place, "%s", text) : rnl_fail(RNL_BAD_DATA, "%s", text);
}

/* Within the range of float32, so that neither a value nor a sum of them overflows. */
static rnl_status take_number(const rnl_csv_table *t, size_t cell, bool found, double number)
{
    char hint[RNL_CSV_HINT], expected[RNL_CSV_HINT + 16];
    if (!found) {
        rnl_csv_hint_number(t, cell, hint);
        snprintf(expected, sizeof expected, "a number%s", hint);
        return rnl_csv_fail_cell(t, cell, expected);
    }
    if (!isfinite((float)number))
        return rnl_csv_fail_cell(t, cell, "a number between -3.4e38 and 3.4e38");
    return RNL_OK;
}

rnl_status rnl_csv_read_number(const rnl_csv_table *t, size_t cell, double *number)
{
    const bool found = rnl_csv_is_number(t, cell, number);
    return take_number(t, cell, found, *number);
}

rnl_status rnl_csv_read_input(const rnl_csv_table *t, size_t cell, double *number)
{
    const bool found = rnl_csv_parse_input(rnl_csv_text(t, cell), *t->parameters->decimal, number);
    return take_number(t, cell, found, *number);
}
