/*
 * Measuring the encoding on the training rows: categories, what fills missing cells, and what is
 * odd about a column.
 */
#include "engine/base/error.h"
#include "engine/base/utf8.h"
#include "engine/data/csv_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Statistics of an input column. */
typedef struct column_seen {
    size_t cells;       /* cells with a value */
    double first;       /* first number */
    bool counts_rows;   /* each is the one before plus 1 */
    bool is_the_target; /* each equals the target */
} column_seen;

typedef struct measurement {
    size_t rows;
    column_seen *inputs; /* (inputs) */
    bool open_target;    /* the cells decide whether it holds values or two classes */
    bool numbers;        /* all of them are numbers */
} measurement;

static bool has_open_target(const rnl_csv_table *t)
{
    const rnl_csv_parameters *p = t->parameters;
    bool open = t->loading->two_classes && !t->loading->without_targets && p->target.count == 1;
    for (size_t i = 0; i < p->categorical.count && open; ++i)
        open = strcmp(p->categorical.items[i], p->target.items[0]) != 0;
    return open;
}

static rnl_status count_category(const rnl_csv_table *t, size_t cell, rnl_column *column)
{
    const char *text = rnl_csv_text(t, cell);
    if (!rnl_is_utf8(text))
        return rnl_csv_fail(&t->reader, t->reader.cells[cell].line, t->reader.cells[cell].column,
                            "column '%.60s': expected UTF-8", t->names.items[cell]);
    return rnl_column_count(column, text);
}

static void look_at_number(column_seen *seen, double number, size_t row)
{
    if (seen->cells == 0)
        seen->first = number;
    seen->counts_rows &= number == seen->first + (double)row;
}

/* The column's fill is the sum of its numbers until all rows have been seen. */
static rnl_status measure_input(const rnl_csv_table *t, measurement *m, size_t input)
{
    const size_t cell = t->inputs[input];
    rnl_column *column = &rnl_csv_encoding(t)->inputs.items[input];
    column_seen *seen = &m->inputs[input];
    double number = 0;
    if (rnl_csv_is_missing(t, cell)) {
        seen->counts_rows = false;
        return rnl_csv_missing_rule(t) == RNL_MISSING_FILL ? RNL_OK : rnl_csv_fail_missing(t, cell);
    }
    if (column->categorical) {
        RNL_TRY(count_category(t, cell, column));
    } else {
        RNL_TRY(rnl_csv_read_number(t, cell, &number));
        look_at_number(seen, number, m->rows);
    }
    seen->is_the_target &=
        t->targets && strcmp(rnl_csv_text(t, cell), rnl_csv_text(t, t->targets[0])) == 0;
    column->fill += number;
    ++seen->cells;
    return RNL_OK;
}

/* Two classes, or any number of values: of the latter, three are enough to know. */
static rnl_status measure_open_target(const rnl_csv_table *t, measurement *m, rnl_column *column)
{
    const size_t cell = t->targets[0];
    double number;
    char expected[256];
    m->numbers &= rnl_csv_is_number(t, cell, &number);
    if (column->category_count < 3 || !m->numbers)
        RNL_TRY(count_category(t, cell, column));
    if (m->numbers || column->category_count < 3)
        return RNL_OK;
    snprintf(expected, sizeof expected,
             "one of two classes, as '%.60s' and '%.60s' are (a third one needs "
             "sparse_categorical_crossentropy and softmax), or a number in every row",
             column->categories[0].name, column->categories[1].name);
    return rnl_csv_fail_cell(t, cell, expected);
}

static rnl_status measure_target(const rnl_csv_table *t, measurement *m, size_t target)
{
    const size_t cell = t->targets[target];
    rnl_column *column = &rnl_csv_encoding(t)->targets.items[target];
    double number;
    if (rnl_csv_is_missing(t, cell))
        return rnl_csv_fail_missing(t, cell);
    if (m->open_target)
        return measure_open_target(t, m, column);
    return column->categorical ? count_category(t, cell, column)
                               : rnl_csv_read_number(t, cell, &number);
}

static rnl_status measure_row(const rnl_csv_table *t, measurement *m)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        RNL_TRY(measure_input(t, m, i));
    for (size_t i = 0; i < encoding->targets.count; ++i)
        RNL_TRY(measure_target(t, m, i));
    ++m->rows;
    return RNL_OK;
}

/* ---- after the last row ---------------------------------------------------------------------- */

/* A column without a value has nothing to fill in, and names no category. */
static rnl_status require_values(const rnl_csv_table *t, const measurement *m)
{
    const rnl_columns *inputs = &rnl_csv_encoding(t)->inputs;
    for (size_t i = 0; i < inputs->count && m->rows > 0; ++i)
        if (m->inputs[i].cells == 0)
            return rnl_fail(RNL_BAD_DATA,
                            "%s: column '%.60s': expected a value in some row (`ignore: "
                            "[\"%.60s\"]` leaves the column out)",
                            t->parameters->path, inputs->items[i].name, inputs->items[i].name);
    return RNL_OK;
}

static void finish_input(rnl_column *column, size_t cells)
{
    rnl_column_sort(column);
    if (!column->categorical) {
        column->fill = cells > 0 ? column->fill / (double)cells : 0;
        return;
    }
    size_t most = 0;
    for (size_t i = 1; i < column->category_count; ++i)
        most = column->categories[i].rows > column->categories[most].rows ? i : most;
    column->fill = (double)most;
}

static bool is_probability(const rnl_category *category)
{
    return category->number >= 0 && category->number <= 1;
}

/* Two cells that differ are classes, unless they are numbers from 0 to 1: 0 and 1 themselves, or
 * probabilities. */
static rnl_status settle_target(const rnl_csv_table *t, const measurement *m)
{
    rnl_column *column = rnl_csv_encoding(t)->targets.items;
    const bool values =
        m->numbers &&
        (column->category_count != 2 || !column->numbers ||
         (is_probability(&column->categories[0]) && is_probability(&column->categories[1])));
    if (values)
        rnl_column_drop_categories(column);
    else if (column->category_count == 1)
        return rnl_fail(RNL_BAD_DATA, "%s: column '%.60s': expected two classes, got '%.60s' alone",
                        t->parameters->path, column->name, column->categories[0].name);
    return RNL_OK;
}

/* Fewer rows may be alike by chance. */
#define ROWS_TO_JUDGE 10

static rnl_status note_oddities(const rnl_csv_table *t, const measurement *m)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    for (size_t i = 0; i < encoding->inputs.count && m->rows >= ROWS_TO_JUDGE; ++i) {
        const char *name = encoding->inputs.items[i].name;
        if (m->inputs[i].is_the_target)
            RNL_TRY(rnl_notes_add(t->loading->notes, RNL_LOG_WARNING,
                                  "%s: input '%.60s' says in every row what target '%.60s' says: "
                                  "the net has the answer; see `ignore`",
                                  t->parameters->path, name, encoding->targets.items[0].name));
        else if (m->inputs[i].counts_rows && !encoding->inputs.items[i].categorical)
            RNL_TRY(rnl_notes_add(t->loading->notes, RNL_LOG_INFO,
                                  "%s: input '%.60s' numbers the rows from %g on; if it means "
                                  "nothing more, `ignore: [\"%.60s\"]`",
                                  t->parameters->path, name, m->inputs[i].first, name));
    }
    return RNL_OK;
}

/* A class that other programs write for a missing value. */
static rnl_status note_missing_classes(const rnl_csv_table *t)
{
    const rnl_columns *targets = &rnl_csv_encoding(t)->targets;
    const rnl_column *target = targets->items;
    for (size_t i = 0; targets->count > 0 && i < target->category_count; ++i)
        if (rnl_csv_looks_missing(target->categories[i].name))
            RNL_TRY(rnl_notes_add(t->loading->notes, RNL_LOG_WARNING,
                                  "%s: target '%.60s' has a class '%.20s'; if it means a missing "
                                  "value: `missing_values: [\"%.20s\"]`, with `missing: drop`",
                                  t->parameters->path, target->name, target->categories[i].name,
                                  target->categories[i].name));
    return RNL_OK;
}

static rnl_status finish(const rnl_csv_table *t, const measurement *m)
{
    rnl_encoding *encoding = rnl_csv_encoding(t);
    RNL_TRY(require_values(t, m));
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        finish_input(&encoding->inputs.items[i], m->inputs[i].cells);
    for (size_t i = 0; i < encoding->targets.count; ++i)
        rnl_column_sort(&encoding->targets.items[i]);
    if (m->open_target)
        RNL_TRY(settle_target(t, m));
    RNL_TRY(note_missing_classes(t));
    return note_oddities(t, m);
}

static rnl_status measure_rows(rnl_csv_table *t, measurement *m)
{
    RNL_TRY(rnl_csv_table_next(t));
    while (t->reader.count > 0) {
        RNL_TRY(measure_row(t, m));
        RNL_TRY(rnl_csv_table_next(t));
    }
    return finish(t, m);
}

rnl_status rnl_csv_measure(rnl_csv_table *t)
{
    const size_t inputs = rnl_csv_encoding(t)->inputs.count;
    measurement m = {.inputs = calloc(inputs, sizeof *m.inputs),
                     .open_target = has_open_target(t),
                     .numbers = true};
    if (!m.inputs)
        return rnl_fail_memory(inputs * sizeof *m.inputs);
    for (size_t i = 0; i < inputs; ++i)
        m.inputs[i].counts_rows = m.inputs[i].is_the_target = true;
    const rnl_status status = measure_rows(t, &m);
    free(m.inputs);
    return status;
}
