/*
 * Goes along the rows once, in the order of memory, with the columns that may still be odd, and
 * ends when none is left.
 *
 * While there are few targets, a column that says the target, renames it or is constant has one
 * number in all rows of a target: such rows are compared with the first of them.  Once there are
 * more, columns that say the target are listed, and others may be constant alone.
 */
#include "engine/data/array_oddities.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/oddities.h"
#include "engine/data/renaming.h"

#include <stdlib.h>
#include <string.h>

/* Columns that lie so close together are compared with those between them. */
#define SPAN_GAP 32
/* Rows from one look at the columns that are left to the next. */
#define ROWS_TO_LOOK 64

typedef struct column_span {
    size_t first, end;
} column_span;

typedef struct column_list {
    size_t *items; /* ascending */
    size_t count;
} column_list;

typedef struct array_search {
    const rnl_dataset *dataset;
    bool has_target;
    size_t classes, last; /* targets seen, and that of the last row */
    double targets[RNL_RENAMED_CLASSES];
    size_t firsts[RNL_RENAMED_CLASSES]; /* rows that they were first seen in */
    bool many;                          /* there are more */
    uint8_t *varies;    /* (features) within a target; with many, all along; not 0: so it does */
    column_span *spans; /* of the columns that do not */
    size_t span_count;
    column_list saying; /* with many: columns that say the target */
    column_list numbering;
} array_search;

static double input_at(const rnl_dataset *d, size_t row, size_t column)
{
    return rnl_element_at(d->element, d->inputs, row * d->features + column);
}

/* Tests if the input is the target, as precise as that is. */
static bool says(const array_search *s, size_t row, size_t column)
{
    const rnl_dataset *d = s->dataset;
    const double number = input_at(d, row, column);
    return (d->values && !d->wide ? (double)(float)number : number) ==
           rnl_dataset_target(d, row, 0, 1);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

#define DEFINE_COMPARE(name, type)                                                                 \
    static void name(uint8_t *restrict varies, const type *restrict row,                           \
                     const type *restrict first, size_t count)                                     \
    {                                                                                              \
        for (size_t i = 0; i < count; ++i)                                                         \
            varies[i] |= row[i] != first[i];                                                       \
    }

DEFINE_COMPARE(compare_bytes, uint8_t)
DEFINE_COMPARE(compare_floats, float)
DEFINE_COMPARE(compare_doubles, double)

static void compare_span(const array_search *s, size_t row, size_t first, column_span span)
{
    const rnl_dataset *d = s->dataset;
    const size_t count = span.end - span.first;
    const size_t a = row * d->features + span.first, b = first * d->features + span.first;
    uint8_t *varies = s->varies + span.first;
    if (d->element == RNL_UINT8)
        compare_bytes(varies, (const uint8_t *)d->inputs + a, (const uint8_t *)d->inputs + b,
                      count);
    else if (d->element == RNL_FLOAT32)
        compare_floats(varies, (const float *)d->inputs + a, (const float *)d->inputs + b, count);
    else
        compare_doubles(varies, (const double *)d->inputs + a, (const double *)d->inputs + b,
                        count);
}

static void find_spans(array_search *s)
{
    s->span_count = 0;
    for (size_t j = 0; j < s->dataset->features; ++j) {
        column_span *last = s->span_count > 0 ? &s->spans[s->span_count - 1] : NULL;
        if (s->varies[j])
            continue;
        if (last && j - last->end < SPAN_GAP)
            last->end = j + 1;
        else
            s->spans[s->span_count++] = (column_span){j, j + 1};
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Returns the place of the row's target among those seen; RNL_RENAMED_CLASSES: of none of them. */
static size_t class_of(array_search *s, size_t row)
{
    const double target = s->has_target ? rnl_dataset_target(s->dataset, row, 0, 1) : 0;
    size_t class = s->last;
    if (class < s->classes && s->targets[class] == target)
        return class;
    for (class = 0; class < s->classes && s->targets[class] != target;)
        ++class;
    if (class == s->classes && class < RNL_RENAMED_CLASSES) {
        s->targets[class] = target;
        s->firsts[class] = row;
        ++s->classes;
    }
    return s->last = class;
}

static bool is_constant(const array_search *s, size_t column)
{
    bool constant = !s->varies[column];
    for (size_t k = 1; k < s->classes && constant; ++k)
        constant = input_at(s->dataset, s->firsts[k], column) ==
                   input_at(s->dataset, s->firsts[0], column);
    return constant;
}

static bool says_all(const array_search *s, size_t column)
{
    bool all = s->has_target && !s->varies[column];
    for (size_t k = 0; k < s->classes && all; ++k)
        all = says(s, s->firsts[k], column);
    return all;
}

static bool renames(const array_search *s, size_t column)
{
    bool other = s->classes > 1 && !s->varies[column];
    for (size_t k = 1; k < s->classes; ++k)
        for (size_t i = 0; i < k && other; ++i)
            other = input_at(s->dataset, s->firsts[k], column) !=
                    input_at(s->dataset, s->firsts[i], column);
    return other;
}

/* Goes over to more targets than are kept. */
static void begin_many(array_search *s)
{
    s->many = true;
    for (size_t j = 0; j < s->dataset->features; ++j) {
        if (says_all(s, j))
            s->saying.items[s->saying.count++] = j;
        s->varies[j] = !is_constant(s, j);
    }
    find_spans(s);
}

static void look_at_lists(array_search *s, size_t row)
{
    column_list *saying = &s->saying, *numbering = &s->numbering;
    size_t kept = 0;
    for (size_t i = 0; i < saying->count; ++i)
        if (says(s, row, saying->items[i]))
            saying->items[kept++] = saying->items[i];
    saying->count = kept;
    kept = 0;
    for (size_t i = 0; i < numbering->count; ++i) {
        const size_t column = numbering->items[i];
        if (input_at(s->dataset, row, column) == input_at(s->dataset, 0, column) + (double)row)
            numbering->items[kept++] = column;
    }
    numbering->count = kept;
}

static void look_at_row(array_search *s, size_t row)
{
    const size_t class = s->many ? RNL_RENAMED_CLASSES : class_of(s, row);
    if (class == RNL_RENAMED_CLASSES && !s->many)
        begin_many(s);
    const size_t first = s->many ? 0 : s->firsts[class];
    look_at_lists(s, row);
    for (size_t i = 0; i < s->span_count && first != row; ++i)
        compare_span(s, row, first, s->spans[i]);
    if (row % ROWS_TO_LOOK == 0 || (row & (row - 1)) == 0)
        find_spans(s);
}

static void look_at_rows(array_search *s)
{
    for (size_t j = 0; j < s->dataset->features; ++j)
        s->numbering.items[s->numbering.count++] = j;
    for (size_t row = 0; row < s->dataset->rows; ++row)
        if (s->span_count + s->saying.count + s->numbering.count > 0 || row == 0)
            look_at_row(s, row);
        else
            break;
}

/* ---- notes ----------------------------------------------------------------------------------- */

/* Tests if the next column of a list is this one, and goes past it. */
static bool takes(const column_list *list, size_t *next, size_t column)
{
    const bool is = *next < list->count && list->items[*next] == column;
    *next += is;
    return is;
}

static rnl_status note_columns(const array_search *s, rnl_notes *notes)
{
    const rnl_dataset *d = s->dataset;
    rnl_odd_table table = {.name = d->name, .has_values = d->values != NULL, .rows = d->rows};
    size_t saying = 0, numbering = 0;
    for (size_t j = 0; j < d->features; ++j) {
        const bool listed = takes(&s->saying, &saying, j);
        const rnl_oddities found = {.cells = d->rows,
                                    .says_target = listed || (!s->many && says_all(s, j)),
                                    .renames_target = renames(s, j),
                                    .numbers_rows = takes(&s->numbering, &numbering, j),
                                    .constant = is_constant(s, j),
                                    .first = input_at(d, 0, j)};
        RNL_TRY(rnl_note_oddities(notes, &table, NULL, j, &found));
    }
    return rnl_note_constants(notes, &table, NULL);
}

static rnl_status allocate(array_search *s)
{
    const rnl_dataset *d = s->dataset;
    RNL_TRY(rnl_allocate_rows(&s->varies, d->name, d->features, 1, 1));
    RNL_TRY(rnl_allocate_rows(&s->spans, d->name, d->features, 1, sizeof *s->spans));
    RNL_TRY(rnl_allocate_rows(&s->saying.items, d->name, d->features, 1, sizeof(size_t)));
    return rnl_allocate_rows(&s->numbering.items, d->name, d->features, 1, sizeof(size_t));
}

rnl_status rnl_array_note_oddities(const rnl_dataset *dataset, rnl_notes *notes)
{
    array_search s = {.dataset = dataset, .has_target = rnl_dataset_has_one_target(dataset)};
    if (dataset->rank != 1 || dataset->rows == 0 || !notes)
        return RNL_OK;
    rnl_status status = allocate(&s);
    if (status == RNL_OK) {
        memset(s.varies, 0, dataset->features);
        look_at_rows(&s);
        status = note_columns(&s, notes);
    }
    free(s.varies);
    free(s.spans);
    free(s.saying.items);
    free(s.numbering.items);
    return status;
}
