#include "engine/data/automatic_columns.h"

#include "engine/base/error.h"
#include "engine/base/number.h"

#include <stdio.h>

void rnl_automatic_settle(rnl_column *column)
{
    if (!column->automatic)
        return;
    column->plus_minus = rnl_column_width(column) == 2;
    column->fill = (double)column->category_count;
}

static bool is_refused(const rnl_column *column, size_t most)
{
    return column->automatic && rnl_column_width(column) > most;
}

/* "rows.csv:3:1: column 'town'", the cell being the first text. */
static void name_place(char *text, size_t size, const char *source, const rnl_column *column)
{
    if (column->found.line > 0)
        snprintf(text, size, "%s:%zu:%zu: column '%.60s'", source, column->found.line,
                 column->found.column, column->name);
    else
        snprintf(text, size, "%s: column '%.60s'", source, column->name);
}

/* Tests if most cells have a category that few others have; fewer than ten may by chance. */
static bool looks_like_an_id(const rnl_column *column)
{
    return column->cells >= 10 && 2 * (column->category_count - column->rare) > column->cells;
}

/* Names the first of the other columns that are refused, too. */
static void name_others(char *text, size_t size, const rnl_columns *columns, size_t first,
                        size_t most)
{
    size_t others = 0, length = 0;
    *text = '\0';
    for (size_t i = first + 1; i < columns->count; ++i)
        if (is_refused(&columns->items[i], most) && ++others <= 3)
            length += (size_t)snprintf(text + length, size - length, "%s'%.30s'",
                                       others == 1 ? "; the same holds for " : ", ",
                                       columns->items[i].name);
    if (others > 3)
        snprintf(text + length, size - length, " and %zu more", others - 3);
}

/* What may be meant by a column of too many categories, and what helps. */
static rnl_status refuse(const rnl_columns *columns, size_t input, const char *source, size_t most)
{
    const rnl_column *column = &columns->items[input];
    const bool is_file = column->found.line > 0;
    const size_t width = rnl_column_width(column);
    char place[512], numbers[192] = "", leave[128] = "leave the column out", name[128] = "",
                     others[192];
    name_place(place, sizeof place, source, column);
    name_others(others, sizeof others, columns, input, most);
    if (column->found.numbers > 0)
        snprintf(numbers, sizeof numbers,
                 "if '%.31s' among %zu numbers means that there is none: `missing_values: "
                 "[\"%.31s\"]`; else ",
                 column->found.first, column->found.numbers, column->found.first);
    if (is_file) {
        snprintf(leave, sizeof leave, "`ignore: [\"%.60s\"]` leaves the column out", column->name);
        snprintf(name, sizeof name, ", or `categorical: [auto, \"%.60s\"]`,", column->name);
    }
    return rnl_fail(RNL_BAD_DATA,
                    "%s: %zu categories in %zu cells%s, where `categorical: auto` takes up to %zu: "
                    "%s%s; data.rare: N makes those of fewer than N rows one; data.one_hot_max: "
                    "%zu%s gives each an input%s",
                    place, width, column->cells,
                    looks_like_an_id(column) ? ", most of them in one row, as of an id" : "", most,
                    numbers, leave, width, name, others);
}

/* Numbers are lost on a column that a text makes one of categories. */
static rnl_status note_numbers(const rnl_column *column, const char *source, rnl_notes *notes)
{
    char place[512];
    if (column->found.numbers == 0)
        return RNL_OK;
    name_place(place, sizeof place, source, column);
    return rnl_notes_add(notes, RNL_LOG_WARNING,
                         "%s: '%.31s' makes categories of %zu numbers, too; if it means that there "
                         "is none: `missing_values: [\"%.31s\"]`, with `missing: drop` or `fill`",
                         place, column->found.first, column->found.numbers, column->found.first);
}

/* "'Ulm', 'Worms' and 3 more" */
static void list(const rnl_column *column, char *text, size_t size)
{
    enum { MOST = 4 };
    const size_t listed = rnl_least(column->category_count, MOST);
    int length = 0;
    for (size_t i = 0; i < listed; ++i)
        length += snprintf(text + length, size - (size_t)length, "%s'%.30s'", i > 0 ? ", " : "",
                           column->categories[i].name);
    if (column->category_count > listed)
        snprintf(text + length, size - (size_t)length, " and %zu more",
                 column->category_count - listed);
}

static rnl_status tell(const rnl_column *column, const char *source, rnl_notes *notes)
{
    char names[256];
    list(column, names, sizeof names);
    if (column->plus_minus && column->rare == 0)
        return rnl_notes_add(notes, RNL_LOG_INFO,
                             "%s: input '%.60s' is found to have two categories: '%.30s' is -1, "
                             "'%.30s' is 1",
                             source, column->name, column->categories[0].name,
                             column->categories[1].name);
    return rnl_notes_add(
        notes, RNL_LOG_INFO, "%s: input '%.60s' is found to have %zu categor%s: %s, in %zu input%s",
        source, column->name, column->category_count, column->category_count == 1 ? "y" : "ies",
        names, rnl_column_width(column), rnl_column_width(column) == 1 ? "" : "s");
}

rnl_status rnl_automatic_check(const rnl_encoding *encoding, const char *source, rnl_notes *notes)
{
    const size_t given = encoding->rules.one_hot_max, most = given > 0 ? given : RNL_ONE_HOT_MAX;
    for (size_t i = 0; i < encoding->inputs.count; ++i) {
        const rnl_column *column = &encoding->inputs.items[i];
        if (!column->automatic)
            continue;
        if (is_refused(column, most))
            return refuse(&encoding->inputs, i, source, most);
        RNL_TRY(note_numbers(column, source, notes));
        RNL_TRY(tell(column, source, notes));
    }
    return RNL_OK;
}
