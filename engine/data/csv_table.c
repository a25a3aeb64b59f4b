#include "engine/data/csv_table.h"

#include "engine/base/error.h"
#include "engine/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- columns --------------------------------------------------------------------------------- */

/* Columns without a name may be several: they are no inputs. */
static rnl_status take_name(rnl_csv_table *t, const char *name)
{
    const rnl_csv_cell *at = &t->reader.cells[t->names.count];
    const bool known = rnl_text_index_find(&t->index, name) != NULL;
    if (!rnl_is_utf8(name))
        return rnl_csv_fail(&t->reader, at->line, at->column,
                            "expected the name of a column in UTF-8");
    if (known && *name)
        return rnl_csv_fail(&t->reader, at->line, at->column, "the column '%.60s' is there twice",
                            name);
    if (!known)
        RNL_TRY(rnl_text_index_add(&t->index, name, t->names.count));
    t->names.items[t->names.count] = strdup(name);
    if (!t->names.items[t->names.count])
        return rnl_fail_memory(strlen(name) + 1);
    ++t->names.count;
    t->unnamed += !*name;
    return RNL_OK;
}

/* The names from the first record, or the numbers of the columns from 1. */
static rnl_status name_columns(rnl_csv_table *t)
{
    t->width = t->reader.count;
    t->names.items = calloc(t->width + 1, sizeof *t->names.items);
    if (!t->names.items)
        return rnl_fail_memory((t->width + 1) * sizeof *t->names.items);
    for (size_t i = 0; i < t->width; ++i) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i + 1);
        RNL_TRY(take_name(t, t->parameters->header ? t->reader.cells[i].text : number));
    }
    return RNL_OK;
}

static rnl_status find_cells(const rnl_csv_table *t, const rnl_columns *columns, size_t **cells)
{
    const rnl_place none = {0};
    *cells = calloc(columns->count + 1, sizeof **cells);
    if (!*cells)
        return rnl_fail_memory((columns->count + 1) * sizeof **cells);
    for (size_t i = 0; i < columns->count; ++i)
        RNL_TRY(rnl_csv_find_cell(t, columns->items[i].name, none, &(*cells)[i]));
    return RNL_OK;
}

/* Rows to evaluate on need no weights, where a file has none. */
static rnl_status find_weight(rnl_csv_table *t)
{
    const rnl_text_list *column = &t->parameters->sample_weight;
    if (column->count == 0 || t->loading->predicting)
        return RNL_OK;
    t->weighted = !t->loading->weights_optional || rnl_text_index_find(&t->index, column->items[0]);
    return t->weighted ? rnl_csv_find_cell(t, column->items[0], column->place, &t->weight) : RNL_OK;
}

/* Rows to predict for have no class. */
static rnl_status find_class(rnl_csv_table *t)
{
    const rnl_text_list *target = &t->parameters->target;
    if (!t->loading->classes || t->loading->predicting)
        return RNL_OK;
    if (target->count != 1)
        return rnl_fail_at(target->place,
                           "target: data.classes needs one column of classes, got %zu columns",
                           target->count);
    t->selects = true;
    return rnl_csv_find_cell(t, target->items[0], target->place, &t->class);
}

static rnl_status find_columns(rnl_csv_table *t)
{
    RNL_TRY(name_columns(t));
    if (!rnl_encoding_measured(rnl_csv_encoding(t)))
        RNL_TRY(rnl_csv_choose_columns(t));
    RNL_TRY(find_cells(t, &rnl_csv_encoding(t)->inputs, &t->inputs));
    if (rnl_csv_target_count(t) > 0)
        RNL_TRY(find_cells(t, &rnl_csv_encoding(t)->targets, &t->targets));
    RNL_TRY(find_class(t));
    return find_weight(t);
}

/* ---- the file -------------------------------------------------------------------------------- */

void rnl_csv_table_close(rnl_csv_table *t)
{
    rnl_csv_close(&t->reader);
    for (size_t i = 0; i < t->names.count; ++i)
        free(t->names.items[i]);
    free(t->names.items);
    rnl_text_index_release(&t->index);
    free(t->inputs);
    free(t->targets);
}

static rnl_status open_reader(rnl_csv_table *t)
{
    const char *delimiter = t->parameters->delimiter;
    const bool blanks = strcmp(delimiter, RNL_CSV_WHITESPACE) == 0;
    return rnl_csv_open(&t->reader, t->parameters->path, blanks ? RNL_CSV_BLANKS : *delimiter);
}

/* Reads the first record.  If it shows that there is one column, lines without a character are
 * rows, also those before it. */
static rnl_status read_first(rnl_csv_table *t)
{
    RNL_TRY(rnl_csv_next(&t->reader));
    if (t->reader.count == 0)
        return rnl_fail(RNL_BAD_DATA, "%s: expected rows, got an empty file", t->parameters->path);
    RNL_TRY(find_columns(t));
    t->reader.keeps_empty_lines = t->width == 1;
    t->in_hand = !t->parameters->header;
    if (!t->in_hand || t->width > 1 || t->reader.cells[0].line == 1)
        return RNL_OK;
    rnl_csv_close(&t->reader);
    RNL_TRY(open_reader(t));
    t->reader.keeps_empty_lines = true;
    t->in_hand = false;
    return RNL_OK;
}

rnl_status rnl_csv_table_open(rnl_csv_table *t, const rnl_csv_parameters *parameters,
                              const rnl_loading *loading)
{
    *t = (rnl_csv_table){.parameters = parameters, .loading = loading};
    RNL_TRY(open_reader(t));
    const rnl_status status = read_first(t);
    if (status != RNL_OK)
        rnl_csv_table_close(t);
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool misses_any(const rnl_csv_table *t, const size_t *cells, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (rnl_csv_is_missing(t, cells[i]))
            return true;
    return false;
}

/* A row without a target teaches nothing; in prediction every row needs an answer. */
static bool drops(const rnl_csv_table *t)
{
    return rnl_csv_missing_rule(t) == RNL_MISSING_DROP && !t->loading->predicting &&
           (misses_any(t, t->inputs, rnl_csv_encoding(t)->inputs.count) ||
            misses_any(t, t->targets, rnl_csv_target_count(t)) ||
            (t->weighted && rnl_csv_is_missing(t, t->weight)));
}

/* Tests if the row is one of those that are asked for; puts the name that the selection gives its
 * class in its place.  Rows of classes that are left out do not count as dropped. */
static bool keep(rnl_csv_table *t)
{
    const bool dropped = drops(t);
    if (t->selects && !rnl_csv_is_missing(t, t->class)) {
        const char *name =
            rnl_class_selected(t->loading->classes, rnl_csv_text(t, t->class), dropped);
        if (!name)
            return false;
        t->reader.cells[t->class].text = name;
    }
    t->dropped += dropped;
    return !dropped;
}

rnl_status rnl_csv_table_record(rnl_csv_table *t)
{
    if (!t->in_hand)
        RNL_TRY(rnl_csv_next(&t->reader));
    t->in_hand = false;
    if (t->reader.count == 0 || t->reader.count == t->width)
        return RNL_OK;
    char hint[RNL_CSV_HINT];
    rnl_csv_hint_width(t, hint);
    return rnl_csv_fail(&t->reader, t->reader.cells[0].line, 1,
                        "expected %zu cells, as the first line has, got %zu%s", t->width,
                        t->reader.count, hint);
}

rnl_status rnl_csv_table_next(rnl_csv_table *t)
{
    do
        RNL_TRY(rnl_csv_table_record(t));
    while (t->reader.count > 0 && !keep(t));
    return RNL_OK;
}
