/*
 * The cells of a table's row: where a column's cell is, what it holds, and what is said of one that
 * holds something else.
 */
#include "engine/base/error.h"
#include "engine/base/number.h"
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

bool rnl_csv_is_missing(const rnl_csv_table *t, size_t cell)
{
    const char *text = rnl_csv_text(t, cell);
    const rnl_text_list *others = &t->parameters->missing_values;
    bool missing = *text == '\0';
    for (size_t i = 0; i < others->count && !missing; ++i)
        missing = strcmp(others->items[i], text) == 0;
    return missing;
}

/* A comma in place of the point: then a point is not one. */
static bool parse_with_comma(const char *text, double *number)
{
    char copy[1024];
    const char *comma = strchr(text, ',');
    const size_t length = strlen(text);
    if (strchr(text, '.') || (comma && length >= sizeof copy))
        return false;
    if (!comma)
        return rnl_parse_number(text, number);
    memcpy(copy, text, length + 1);
    copy[comma - text] = '.';
    return rnl_parse_number(copy, number);
}

bool rnl_csv_parse_number(const char *text, char decimal, double *number)
{
    return decimal == ',' ? parse_with_comma(text, number) : rnl_parse_number(text, number);
}

static bool is_one_of(const char *text, const char *const words[3])
{
    return strcmp(text, words[0]) == 0 || strcmp(text, words[1]) == 0 ||
           strcmp(text, words[2]) == 0;
}

/* Truth values as pandas, R and spreadsheets write them; numbers, as they are in a frame. */
bool rnl_csv_parse_input(const char *text, char decimal, double *number)
{
    static const char *const yes[] = {"True", "true", "TRUE"}, *const no[] = {"False", "false",
                                                                              "FALSE"};
    if (rnl_csv_parse_number(text, decimal, number))
        return true;
    *number = is_one_of(text, yes);
    return *number == 1 || is_one_of(text, no);
}

bool rnl_csv_is_number(const rnl_csv_table *t, size_t cell, double *number)
{
    const char *text = rnl_csv_text(t, cell);
    /* A selected class has another name, which the configuration gives. */
    const bool own = text == t->reader.text + t->reader.cells[cell].begin;
    return rnl_csv_parse_number(text, own ? *t->parameters->decimal : '.', number);
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
