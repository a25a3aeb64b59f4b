#include "engine/data/oddity_search.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"

#include <stdlib.h>
#include <string.h>

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

static double target_of(const rnl_oddity_search *s, size_t row)
{
    return s->dataset->labels ? (double)s->dataset->labels[row]
                              : rnl_dataset_value(s->dataset, row);
}

static void add_word(rnl_oddity_search *s, size_t row, uint64_t word)
{
    const size_t class = rnl_renamings_class(s->renamings, word_of(target_of(s, row)));
    rnl_renamings_add(s->renamings, 0, class, word);
    s->found.renames_target =
        !s->renamings->columns[0].broken && s->renamings->classes <= RNL_RENAMED_CLASSES;
}

rnl_status rnl_oddity_search_begin(rnl_oddity_search *search, const rnl_dataset *dataset)
{
    *search = (rnl_oddity_search){.dataset = dataset, .renamings = rnl_renamings_create(1)};
    return search->renamings ? RNL_OK : rnl_fail_memory(rnl_renamings_bytes(1));
}

void rnl_oddity_search_end(rnl_oddity_search *search)
{
    free(search->renamings);
}

void rnl_oddity_search_next(rnl_oddity_search *search)
{
    const bool has = has_target(search->dataset);
    memset(search->renamings, 0, rnl_renamings_bytes(1));
    search->row = 0;
    search->found = (rnl_oddities){
        .says_target = has, .renames_target = has, .numbers_rows = true, .constant = true};
}

void rnl_oddity_search_number(rnl_oddity_search *search, size_t row, double number)
{
    rnl_oddities *found = &search->found;
    const bool narrow = search->dataset->values && !search->dataset->wide;
    if (found->cells == 0)
        found->first = number;
    found->numbers_rows &= number == found->first + (double)search->row;
    found->constant &= number == found->first;
    found->says_target =
        found->says_target && (narrow ? (double)(float)number : number) == target_of(search, row);
    if (found->renames_target)
        add_word(search, row, word_of(number));
    ++found->cells;
    ++search->row;
}

void rnl_oddity_search_text(rnl_oddity_search *search, size_t row, const char *text)
{
    search->found.says_target = search->found.numbers_rows = search->found.constant = false;
    if (search->found.renames_target)
        add_word(search, row, rnl_renaming_word(text));
    ++search->found.cells;
    ++search->row;
}

void rnl_oddity_search_nothing(rnl_oddity_search *search)
{
    search->found.numbers_rows = false;
    ++search->row;
}

bool rnl_oddity_search_goes_on(const rnl_oddity_search *search)
{
    const rnl_oddities *found = &search->found;
    return found->says_target || found->renames_target || found->numbers_rows || found->constant;
}

const rnl_oddities *rnl_oddity_search_found(rnl_oddity_search *search)
{
    search->found.renames_target =
        search->found.renames_target && rnl_renamings_hold(search->renamings, 0);
    return &search->found;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static double input_at(const rnl_dataset *d, size_t row, size_t column)
{
    return rnl_element_at(d->element, d->inputs, row * d->features + column);
}

static bool is_odd_but_constant(const rnl_oddities *found)
{
    return found->says_target || found->renames_target || found->numbers_rows;
}

/* Looks at a column until it can be nothing but constant; true if it is, so far. */
static bool look_at_column(rnl_oddity_search *s, size_t column)
{
    const rnl_dataset *d = s->dataset;
    rnl_oddity_search_next(s);
    for (size_t row = 0; row < d->rows && is_odd_but_constant(&s->found); ++row)
        rnl_oddity_search_number(s, row, input_at(d, row, column));
    return !is_odd_but_constant(rnl_oddity_search_found(s)) && s->found.constant;
}

/* Drops columns that vary.  It goes along the rows, as many columns may be constant in many. */
static size_t keep_constants(const rnl_dataset *d, size_t *columns, size_t count)
{
    for (size_t row = 1; row < d->rows && count > 0; ++row) {
        size_t kept = 0;
        for (size_t i = 0; i < count; ++i) {
            const size_t column = columns[i];
            columns[kept] = column;
            kept += input_at(d, row, column) == input_at(d, 0, column);
        }
        count = kept;
    }
    return count;
}

static rnl_status note_columns(rnl_oddity_search *s, rnl_odd_table *table, size_t *constants,
                               rnl_notes *notes)
{
    const rnl_dataset *d = s->dataset;
    const rnl_oddities constant = {.cells = d->rows, .constant = true};
    size_t count = 0;
    for (size_t j = 0; j < d->features; ++j)
        if (look_at_column(s, j))
            constants[count++] = j;
        else
            RNL_TRY(rnl_note_oddities(notes, table, NULL, j, &s->found));
    count = keep_constants(d, constants, count);
    for (size_t i = 0; i < count; ++i)
        RNL_TRY(rnl_note_oddities(notes, table, NULL, constants[i], &constant));
    return rnl_note_constants(notes, table, NULL);
}

rnl_status rnl_array_note_oddities(const rnl_dataset *dataset, rnl_notes *notes)
{
    rnl_odd_table table = {
        .name = dataset->name, .has_values = dataset->values != NULL, .rows = dataset->rows};
    rnl_oddity_search s;
    size_t *constants;
    if (dataset->rank != 1 || !notes)
        return RNL_OK;
    RNL_TRY(rnl_allocate_rows(&constants, dataset->name, dataset->features, 1, sizeof *constants));
    rnl_status status = rnl_oddity_search_begin(&s, dataset);
    if (status == RNL_OK)
        status = note_columns(&s, &table, constants, notes);
    rnl_oddity_search_end(&s);
    free(constants);
    return status;
}
