/*
 * Measuring the encoding on the training rows: categories, what fills missing cells, and what is
 * odd about a column.
 */
#include "engine/base/error.h"
#include "engine/base/utf8.h"
#include "engine/data/automatic_columns.h"
#include "engine/data/csv_measurement.h"
#include "engine/data/encoding_follow.h"
#include "engine/data/oddities.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    return rnl_column_count(column, text, 1);
}

/* Tests if the cell is the target's, or the same number. */
static bool says_target(const rnl_csv_table *t, size_t cell)
{
    double number, target;
    if (!t->targets)
        return false;
    return strcmp(rnl_csv_text(t, cell), rnl_csv_text(t, t->targets[0])) == 0 ||
           (rnl_csv_is_number(t, cell, &number) && rnl_csv_is_number(t, t->targets[0], &target) &&
            number == target);
}

static void see_mix(const rnl_csv_cell *cell, double number, rnl_csv_mix *mix)
{
    const bool truth = *cell->text != '\0' && strchr("TtFf", *cell->text);
    if (truth && mix->truth_line == 0) {
        mix->truth_line = cell->line;
        mix->truth_column = cell->column;
    }
    if (number != 1 && mix->number == 0)
        mix->number = number;
}

void rnl_csv_join_mix(rnl_csv_mix *mix, const rnl_csv_mix *later, size_t lines)
{
    if (mix->truth_line == 0 && later->truth_line > 0) {
        mix->truth_line = lines + later->truth_line;
        mix->truth_column = later->truth_column;
    }
    if (mix->number == 0)
        mix->number = later->number;
}

/* NaN for a cell that is missing, 0 for a category. */
static rnl_status measure_input(const rnl_csv_table *t, rnl_csv_measurement *m, size_t input,
                                size_t class)
{
    const size_t cell = t->inputs[input];
    rnl_column *column = &rnl_csv_encoding(t)->inputs.items[input];
    double *number = &m->row[input];
    if (rnl_csv_is_missing(t, cell)) {
        *number = (double)NAN;
        return rnl_csv_missing_rule(t) == RNL_MISSING_FILL ? RNL_OK : rnl_csv_fail_missing(t, cell);
    }
    *number = 0;
    if (column->categorical)
        RNL_TRY(count_category(t, cell, column));
    else {
        RNL_TRY(rnl_csv_read_input(t, cell, number));
        see_mix(&t->reader.cells[cell], *number, &m->inputs[input].mix);
    }
    if (t->targets)
        rnl_renamings_add(m->renamings, input, class, rnl_renaming_word(rnl_csv_text(t, cell)));
    m->is_the_target[input] = m->is_the_target[input] && says_target(t, cell);
    return RNL_OK;
}

void rnl_csv_add_row(rnl_csv_measurement *m, const double *row)
{
    for (size_t i = 0; i < m->columns; ++i) {
        rnl_csv_seen *seen = &m->inputs[i];
        const bool missing = isnan(row[i]);
        if (!missing && seen->cells == 0)
            seen->first = row[i];
        seen->others |= missing || row[i] != seen->first + (double)m->rows;
        seen->varies |= !missing && row[i] != seen->first;
        seen->sum += missing ? 0 : row[i];
        seen->cells += !missing;
    }
    ++m->rows;
}

/* Two classes, or any number of values: of the latter, three are enough to know.  Where ranks share
 * the rows, what they have found together decides. */
static rnl_status measure_open_target(const rnl_csv_table *t, rnl_csv_measurement *m,
                                      rnl_column *column)
{
    const size_t cell = t->targets[0];
    double number;
    char expected[256];
    m->numbers &= rnl_csv_is_number(t, cell, &number);
    if (column->category_count < 3 || (!m->numbers && !m->shares))
        RNL_TRY(count_category(t, cell, column));
    if (m->numbers || column->category_count < 3 || m->shares)
        return RNL_OK;
    snprintf(expected, sizeof expected,
             "one of two classes, as '%.60s' and '%.60s' are (a third one needs "
             "sparse_categorical_crossentropy and softmax), or a number in every row",
             column->categories[0].name, column->categories[1].name);
    return rnl_csv_fail_cell(t, cell, expected);
}

static rnl_status measure_target(const rnl_csv_table *t, rnl_csv_measurement *m, size_t target)
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

rnl_status rnl_csv_measure_row(const rnl_csv_table *t, rnl_csv_measurement *m)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    const size_t class =
        t->targets
            ? rnl_renamings_class(m->renamings, rnl_renaming_word(rnl_csv_text(t, t->targets[0])))
            : 0;
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        RNL_TRY(measure_input(t, m, i, class));
    for (size_t i = 0; i < encoding->targets.count; ++i)
        RNL_TRY(measure_target(t, m, i));
    return RNL_OK;
}

/* ---- after the last row ---------------------------------------------------------------------- */

/* A column without a value has nothing to fill in, and names no category. */
static rnl_status require_values(const rnl_csv_table *t, const rnl_csv_measurement *m)
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

static void fill_input(rnl_column *column, const rnl_csv_seen *seen, size_t least)
{
    rnl_column_sort(column, least);
    column->cells = seen->cells;
    if (!column->categorical) {
        column->fill = seen->cells > 0 ? seen->sum / (double)seen->cells : 0;
        return;
    }
    size_t most = 0;
    for (size_t i = 1; i < column->category_count; ++i)
        most = column->categories[i].rows > column->categories[most].rows ? i : most;
    column->fill = (double)most;
}

static void finish_input(rnl_column *column, const rnl_csv_seen *seen, size_t least)
{
    fill_input(column, seen, least);
    rnl_automatic_settle(column);
}

static bool is_probability(const rnl_category *category)
{
    return category->number >= 0 && category->number <= 1;
}

/* Two cells that differ are classes, unless they are numbers from 0 to 1: 0 and 1 themselves, or
 * probabilities. */
static rnl_status settle_target(const rnl_csv_table *t, const rnl_csv_measurement *m)
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

static rnl_status note_oddities(const rnl_csv_table *t, const rnl_csv_measurement *m)
{
    const rnl_encoding *encoding = rnl_csv_encoding(t);
    const rnl_column *target = encoding->targets.items;
    rnl_odd_table table = {.name = t->parameters->path,
                           .is_file = true,
                           .target = target ? target->name : NULL,
                           .has_values = target && target->category_count == 0,
                           .rows = m->rows};
    for (size_t i = 0; i < encoding->inputs.count; ++i) {
        const rnl_oddities found = {.cells = m->inputs[i].cells,
                                    .says_target = m->is_the_target[i],
                                    .renames_target = rnl_renamings_hold(m->renamings, i),
                                    .numbers_rows = !m->inputs[i].others,
                                    .constant = !m->inputs[i].varies,
                                    .first = m->inputs[i].first};
        RNL_TRY(rnl_note_oddities(t->loading->notes, &table, &encoding->inputs, i, &found));
    }
    return rnl_note_constants(t->loading->notes, &table, &encoding->inputs);
}

/* Truth values are numbers, but hardly meant so where numbers are none. */
static rnl_status note_mixes(const rnl_csv_table *t, const rnl_csv_measurement *m)
{
    const rnl_columns *inputs = &rnl_csv_encoding(t)->inputs;
    for (size_t i = 0; i < inputs->count; ++i) {
        const rnl_csv_mix *mix = &m->inputs[i].mix;
        if (mix->truth_line > 0 && mix->number != 0)
            RNL_TRY(rnl_notes_add(t->loading->notes, RNL_LOG_WARNING,
                                  "%s:%zu:%zu: column '%.60s': True and False count as 1 and 0 "
                                  "among numbers such as %g",
                                  t->parameters->path, mix->truth_line, mix->truth_column,
                                  inputs->items[i].name, mix->number));
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

rnl_status rnl_csv_finish_measuring(const rnl_csv_table *t, const rnl_csv_measurement *m)
{
    rnl_encoding *encoding = rnl_csv_encoding(t);
    RNL_TRY(require_values(t, m));
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        finish_input(&encoding->inputs.items[i], &m->inputs[i], encoding->rules.rare);
    for (size_t i = 0; i < encoding->targets.count; ++i)
        rnl_column_sort(&encoding->targets.items[i], 0);
    if (m->open_target)
        RNL_TRY(settle_target(t, m));
    RNL_TRY(note_missing_classes(t));
    RNL_TRY(rnl_note_dropped(t->loading->notes, t->parameters->path, m->dropped, m->rows));
    RNL_TRY(note_mixes(t, m));
    RNL_TRY(note_oddities(t, m));
    RNL_TRY(rnl_encoding_follow(encoding, &t->loading->earlier, t->loading->notes));
    RNL_TRY(rnl_automatic_check(encoding, t->parameters->path, t->loading->notes));
    return rnl_note_rare(t->loading->notes, t->parameters->path, &encoding->inputs);
}

rnl_status rnl_csv_begin_measuring(rnl_csv_measurement *m, const rnl_csv_table *t, bool shares)
{
    const size_t columns = rnl_csv_encoding(t)->inputs.count;
    *m = (rnl_csv_measurement){.columns = columns,
                               .inputs = calloc(columns, sizeof *m->inputs),
                               .is_the_target = malloc(columns),
                               .renamings = rnl_renamings_create(columns),
                               .row = calloc(columns, sizeof *m->row),
                               .open_target = has_open_target(t),
                               .shares = shares,
                               .numbers = true};
    if (!m->renamings)
        return rnl_fail_memory(rnl_renamings_bytes(columns));
    if (!m->inputs || !m->is_the_target || !m->row)
        return rnl_fail_memory(columns * sizeof *m->inputs);
    memset(m->is_the_target, true, columns);
    return RNL_OK;
}

void rnl_csv_end_measuring(rnl_csv_measurement *m)
{
    free(m->inputs);
    free(m->is_the_target);
    free(m->renamings);
    free(m->row);
}

static rnl_status measure_rows(rnl_csv_table *t, rnl_csv_measurement *m)
{
    RNL_TRY(rnl_csv_table_next(t));
    while (t->reader.count > 0) {
        RNL_TRY(rnl_csv_measure_row(t, m));
        rnl_csv_add_row(m, m->row);
        RNL_TRY(rnl_csv_table_next(t));
    }
    m->dropped = t->dropped;
    return rnl_csv_finish_measuring(t, m);
}

static rnl_status measure(rnl_csv_table *t)
{
    rnl_csv_measurement m;
    rnl_status status = rnl_csv_begin_measuring(&m, t, false);
    if (status == RNL_OK)
        status = measure_rows(t, &m);
    rnl_csv_end_measuring(&m);
    return status;
}

/* Opens the table, once its texts are found. */
static rnl_status open_searched(rnl_csv_table *t, const rnl_csv_parameters *parameters,
                                const rnl_loading *loading)
{
    RNL_TRY(rnl_csv_table_open(t, parameters, loading));
    if (!rnl_csv_finds_texts(t))
        return RNL_OK;
    const rnl_status status = rnl_csv_find_texts(t);
    rnl_csv_table_close(t);
    return status == RNL_OK ? rnl_csv_table_open(t, parameters, loading) : status;
}

rnl_status rnl_csv_measure(const rnl_csv_parameters *parameters, const rnl_loading *loading)
{
    rnl_csv_table t;
    RNL_TRY(open_searched(&t, parameters, loading));
    const rnl_status status = measure(&t);
    rnl_csv_table_close(&t);
    return status;
}
