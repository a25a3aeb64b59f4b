/*
 * Columns of a table that hold something but numbers, which `categorical: auto` looks for before
 * they are measured.
 */
#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/data/csv_sections.h"

#include <stdlib.h>
#include <string.h>

static void look_at_cell(const rnl_csv_table *t, size_t input)
{
    const rnl_csv_cell *cell = &t->reader.cells[t->inputs[input]];
    rnl_found_text *found = &rnl_csv_encoding(t)->inputs.items[input].found;
    double number;
    if (rnl_csv_parse_input(cell->text, *t->parameters->decimal, &number)) {
        ++found->numbers;
        return;
    }
    if (found->texts++ > 0)
        return;
    found->line = cell->line;
    found->column = cell->column;
    strncpy(found->first, cell->text, sizeof found->first - 1);
}

static void look_at_row(const rnl_csv_table *t)
{
    const rnl_columns *inputs = &rnl_csv_encoding(t)->inputs;
    for (size_t i = 0; i < inputs->count; ++i)
        if (!inputs->items[i].categorical && !rnl_csv_is_missing(t, t->inputs[i]))
            look_at_cell(t, i);
}

static void mark_columns(rnl_columns *inputs)
{
    for (size_t i = 0; i < inputs->count; ++i) {
        rnl_column *column = &inputs->items[i];
        column->automatic = column->found.texts > 0;
        column->categorical |= column->automatic;
    }
}

rnl_status rnl_csv_find_texts(rnl_csv_table *t)
{
    RNL_TRY(rnl_csv_table_next(t));
    while (t->reader.count > 0) {
        look_at_row(t);
        RNL_TRY(rnl_csv_table_next(t));
    }
    mark_columns(&rnl_csv_encoding(t)->inputs);
    return RNL_OK;
}

/* ---- ranks ----------------------------------------------------------------------------------- */

static rnl_status take_row(void *context)
{
    look_at_row(context);
    return RNL_OK;
}

/* Looks at the section of this rank; `all` gets what it has found, with the lines of the file. */
static rnl_status look_at_section(rnl_csv_table *t, rnl_csv_section section, rnl_found_text **all)
{
    const rnl_columns *inputs = &rnl_csv_encoding(t)->inputs;
    rnl_job *job = t->loading->job;
    size_t lines = 0;
    RNL_TRY(rnl_csv_read_section(t, section, take_row, t));
    *all = calloc(rnl_job_count(job) * inputs->count, sizeof **all);
    if (!*all)
        return rnl_fail_memory(rnl_job_count(job) * inputs->count * sizeof **all);
    rnl_found_text *own = *all + rnl_job_own_rank(job) * inputs->count;
    for (size_t i = 0; i < inputs->count; ++i) {
        own[i] = inputs->items[i].found;
        if (own[i].texts > 0) {
            lines = lines > 0 ? lines : rnl_csv_lines_before(&t->reader);
            own[i].line += lines;
        }
    }
    return RNL_OK;
}

/* The first text of all ranks, whose sections are in the order of the file. */
static void join(rnl_found_text *found, const rnl_found_text *all, size_t ranks, size_t columns)
{
    *found = (rnl_found_text){0};
    for (size_t r = 0; r < ranks; ++r) {
        const rnl_found_text *later = &all[r * columns];
        const rnl_found_text before = *found;
        if (before.texts == 0)
            *found = *later;
        found->texts = before.texts + later->texts;
        found->numbers = before.numbers + later->numbers;
    }
}

rnl_status rnl_csv_find_texts_sections(rnl_csv_table *t, rnl_csv_section section)
{
    rnl_columns *inputs = &rnl_csv_encoding(t)->inputs;
    rnl_job *job = t->loading->job;
    rnl_found_text *all = NULL;
    rnl_status status = rnl_csv_agree(t->loading, look_at_section(t, section, &all));
    if (status == RNL_OK &&
        !rnl_job_gather_each(job, RNL_TAG_SECTIONS, all, inputs->count * sizeof *all))
        status = rnl_fail_job(job);
    for (size_t i = 0; i < inputs->count && status == RNL_OK; ++i)
        join(&inputs->items[i].found, all + i, rnl_job_count(job), inputs->count);
    free(all);
    mark_columns(inputs);
    return status;
}
