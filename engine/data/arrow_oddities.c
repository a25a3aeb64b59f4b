/*
 * Finds oddities of a frame's columns; each is read until none can be found any more.
 */
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/oddities.h"
#include "engine/data/renaming.h"

#include <stdlib.h>
#include <string.h>

/* A column under search. */
typedef struct search {
    const rnl_dataset *dataset; /* of all rows, with their targets */
    const bool *kept;           /* (rows), or NULL: all */
    size_t row;                 /* among those that are kept */
    rnl_renamings *renamings;   /* of this column alone */
    rnl_oddities found;         /* by the rows so far */
} search;

/* Tests if rows have one target, a class or a value. */
static bool has_target(const rnl_dataset *d)
{
    return d->labels || (d->values && d->value_columns == 1);
}

/* The number's bits; 1 for those of 0. */
static uint64_t word_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits ? bits : 1;
}

static double target_of(const search *s, size_t row)
{
    return s->dataset->labels ? (double)s->dataset->labels[row]
                              : rnl_dataset_value(s->dataset, row);
}

static void add_word(search *s, size_t row, uint64_t word)
{
    const size_t class = rnl_renamings_class(s->renamings, word_of(target_of(s, row)));
    rnl_renamings_add(s->renamings, 0, class, word);
    s->found.renames_target =
        !s->renamings->columns[0].broken && s->renamings->classes <= RNL_RENAMED_CLASSES;
}

static void add_number(search *s, size_t row, double number)
{
    rnl_oddities *found = &s->found;
    const bool narrow = s->dataset->values && !s->dataset->wide;
    if (s->row == 0)
        found->first = number;
    found->numbers_rows &= number == found->first + (double)s->row;
    found->says_target =
        found->says_target && (narrow ? (double)(float)number : number) == target_of(s, row);
    if (found->renames_target)
        add_word(s, row, word_of(number));
    ++found->cells;
}

static bool is_odd(const rnl_oddities *found)
{
    return found->says_target || found->renames_target || found->numbers_rows;
}

static void look_at_numbers(search *s, const rnl_arrow_cells *cells)
{
    enum { AT_A_TIME = 512 };
    double numbers[AT_A_TIME];
    for (size_t first = cells->first; first < cells->last; first += AT_A_TIME) {
        const size_t last = rnl_least(first + AT_A_TIME, cells->last);
        rnl_arrow_read_numbers(cells, first, last, RNL_FLOAT64, numbers, 1);
        for (size_t row = first; row < last && is_odd(&s->found); ++row) {
            if (s->kept && !s->kept[row])
                continue;
            if (rnl_arrow_is_missing(cells, row))
                s->found.numbers_rows = false;
            else
                add_number(s, row, numbers[row - first]);
            ++s->row;
        }
    }
}

static void look_at_texts(search *s, const rnl_arrow_cells *cells)
{
    char text[RNL_ARROW_TEXT];
    s->found.says_target = s->found.numbers_rows = false;
    for (size_t row = cells->first; row < cells->last && is_odd(&s->found); ++row)
        if ((!s->kept || s->kept[row]) && !rnl_arrow_is_missing(cells, row) &&
            rnl_arrow_text(cells, row, text)) {
            add_word(s, row, rnl_renaming_word(text));
            ++s->found.cells;
        }
}

static void look_at_column(search *s, const rnl_arrow_frame *frame, size_t column)
{
    const bool has = has_target(s->dataset);
    memset(s->renamings, 0, rnl_renamings_bytes(1));
    s->row = 0;
    s->found = (rnl_oddities){.says_target = has, .renames_target = has, .numbers_rows = true};
    for (size_t chunk = 0; chunk < frame->chunk_count && is_odd(&s->found); ++chunk) {
        const rnl_arrow_cells cells = rnl_arrow_cells_of(frame, column, chunk);
        if (rnl_arrow_is_number(cells.column))
            look_at_numbers(s, &cells);
        else
            look_at_texts(s, &cells);
    }
    s->found.renames_target = s->found.renames_target && rnl_renamings_hold(s->renamings, 0);
}

static size_t count_rows(const rnl_dataset *d, const bool *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < d->rows; ++i)
        count += !kept || kept[i];
    return count;
}

rnl_status rnl_arrow_note_oddities(const rnl_arrow_frame *frame, const rnl_dataset *dataset,
                                   const bool *kept, const rnl_encoding *encoding, rnl_notes *notes)
{
    const rnl_odd_table table = {.name = dataset->name,
                                 .has_values = dataset->values != NULL,
                                 .rows = count_rows(dataset, kept)};
    search s = {.dataset = dataset, .kept = kept, .renamings = rnl_renamings_create(1)};
    if (!s.renamings)
        return rnl_fail_memory(rnl_renamings_bytes(1));
    rnl_status status = RNL_OK;
    for (size_t i = 0; i < encoding->inputs.count && status == RNL_OK; ++i) {
        look_at_column(&s, frame, i);
        status = rnl_note_oddities(notes, &table, &encoding->inputs.items[i], &s.found);
    }
    free(s.renamings);
    return status;
}
