/*
 * Rows of a frame as numbers, by its encoding.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/caller_array.h"
#include "engine/data/row_shares.h"
#include "engine/schema/schema.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED SIZE_MAX

/* A column of the encoding in a chunk of the frame. */
typedef struct source {
    rnl_arrow_cells cells;
    const rnl_column *column;
    size_t place;  /* of its first number in a row */
    size_t *known; /* the category of each of its dictionary's values, or REFUSED */
} source;

typedef struct conversion {
    const rnl_arrow_frame *frame;
    const rnl_arrow_use *use;
    const bool *kept; /* (rows), or NULL: all */
    rnl_dataset *dataset;
    size_t source_count; /* chunks x columns, chunk by chunk */
    source *sources;
    atomic_size_t wrong; /* first row with a cell that becomes no number; SIZE_MAX: none */
    atomic_bool wide;    /* a number was found that float does not hold */
} conversion;

static bool is_dropped(const conversion *c, size_t row)
{
    return c->kept && !c->kept[row];
}

static void note_wrong(conversion *c, size_t row)
{
    size_t first = atomic_load(&c->wrong);
    while (row < first && !atomic_compare_exchange_weak(&c->wrong, &first, row))
        ;
}

/* ---- finding the columns --------------------------------------------------------------------- */

static rnl_status fail_column(const rnl_arrow_frame *frame, const char *name)
{
    const char **names = calloc(frame->column_count, sizeof *names);
    for (size_t i = 0; names && i < frame->column_count; ++i)
        names[i] = frame->columns[i].name;
    const char *nearest = names ? rnl_nearest(name, names, frame->column_count) : NULL;
    const rnl_status status = rnl_fail(
        RNL_BAD_DATA, "%s: expected a column '%.60s', got none%s%.60s%s", frame->source, name,
        nearest ? " (perhaps '" : "", nearest ? nearest : "", nearest ? "' is meant)" : "");
    free(names);
    return status;
}

/* Looks up the values of a dictionary once, so that rows need not. */
static rnl_status know_values(const rnl_encoding *encoding, source *s, const char *what)
{
    char text[RNL_ARROW_TEXT];
    const size_t count = (size_t)s->cells.array->dictionary->length;
    RNL_TRY(rnl_allocate_rows(&s->known, what, count + 1, 1, sizeof *s->known));
    for (size_t i = 0; i < count; ++i) {
        if (!rnl_arrow_has_value(&s->cells, i) || !rnl_arrow_value_text(&s->cells, i, text) ||
            !rnl_encoding_place(encoding, s->column, text, &s->known[i]))
            s->known[i] = REFUSED;
    }
    return RNL_OK;
}

static rnl_status find_source(const conversion *c, size_t input, size_t place, size_t number)
{
    const rnl_column *column = &c->use->encoding->inputs.items[input];
    const rnl_arrow_column *given = &c->frame->columns[number];
    const size_t columns = c->use->encoding->inputs.count;
    if (!column->categorical && !rnl_arrow_is_number(given))
        return rnl_fail(RNL_BAD_DATA, "%s: column '%.60s': expected numbers, got %s",
                        c->frame->source, column->name, given->dictionary ? "categories" : "texts");
    for (size_t chunk = 0; chunk < c->frame->chunk_count; ++chunk) {
        source *s = &c->sources[chunk * columns + input];
        *s = (source){
            .cells = rnl_arrow_cells_of(c->frame, number, chunk), .column = column, .place = place};
        if (given->dictionary && column->categorical)
            RNL_TRY(know_values(c->use->encoding, s, c->frame->source));
    }
    return RNL_OK;
}

static rnl_status find_sources(conversion *c)
{
    const rnl_columns *inputs = &c->use->encoding->inputs;
    size_t place = 0;
    c->source_count = c->frame->chunk_count * inputs->count;
    RNL_TRY(rnl_allocate_zeros(&c->sources, c->frame->source, c->frame->chunk_count, inputs->count,
                               sizeof *c->sources));
    for (size_t i = 0; i < inputs->count; ++i) {
        const rnl_column *column = &inputs->items[i];
        const size_t number = rnl_arrow_find_column(c->frame, column->name);
        if (number == c->frame->column_count)
            return fail_column(c->frame, column->name);
        RNL_TRY(find_source(c, i, place, number));
        place += rnl_column_width(column);
    }
    return RNL_OK;
}

/* ---- the type of the numbers ----------------------------------------------------------------- */

static bool is_narrow(const conversion *c, const source *s, size_t first, size_t last)
{
    enum { AT_A_TIME = 512 };
    double numbers[AT_A_TIME];
    bool narrow = true;
    for (size_t begin = first; begin < last && narrow; begin += AT_A_TIME) {
        const size_t end = rnl_least(begin + AT_A_TIME, last);
        rnl_arrow_read_numbers(&s->cells, begin, end, RNL_FLOAT64, numbers, 1);
        for (size_t row = begin; row < end; ++row) {
            const double number =
                rnl_arrow_is_missing(&s->cells, row) ? s->column->fill : numbers[row - begin];
            narrow &= (double)(float)number == number || is_dropped(c, row);
        }
    }
    return narrow;
}

/* The part of rows first to last - 1 that a source has. */
static bool overlap(const source *s, size_t *first, size_t *last)
{
    *first = *first > s->cells.first ? *first : s->cells.first;
    *last = rnl_least(*last, s->cells.last);
    return *first < *last;
}

static void look_for_wide(size_t first, size_t last, void *context)
{
    conversion *c = context;
    for (size_t i = 0; i < c->source_count && !atomic_load(&c->wide); ++i) {
        const source *s = &c->sources[i];
        size_t begin = first, end = last;
        const bool small = rnl_type_is_narrow(s->cells.column->type.number);
        const bool plain = small && s->cells.array->null_count == 0;
        if (!s->column->categorical && !plain && overlap(s, &begin, &end) &&
            !is_narrow(c, s, begin, end))
            atomic_store(&c->wide, true);
    }
}

/* ---- cells ----------------------------------------------------------------------------------- */

static void put(const conversion *c, size_t row, size_t place, double number)
{
    rnl_element_put(c->dataset->element, c->dataset->inputs, row * c->dataset->features + place,
                    number);
}

static bool fills(const conversion *c)
{
    return c->use->missing == RNL_MISSING_FILL;
}

static void convert_numbers(conversion *c, const source *s, size_t first, size_t last)
{
    const rnl_dataset *d = c->dataset;
    char *inputs = d->inputs;
    rnl_arrow_read_numbers(
        &s->cells, first, last, d->element,
        inputs + (first * d->features + s->place) * rnl_element_bytes(d->element), d->features);
    const bool plain = s->cells.array->null_count == 0 && !c->kept;
    for (size_t row = first; row < last && !plain; ++row)
        if (is_dropped(c, row)) {
            put(c, row, s->place, 0);
        } else if (rnl_arrow_is_missing(&s->cells, row)) {
            put(c, row, s->place, s->column->fill);
            if (!fills(c))
                note_wrong(c, row);
        }
}

/* Returns the category of a row's cell, or REFUSED. */
static size_t category_of(const conversion *c, const source *s, size_t row)
{
    char text[RNL_ARROW_TEXT];
    if (rnl_arrow_is_missing(&s->cells, row))
        return fills(c) ? (size_t)s->column->fill : REFUSED;
    if (s->known)
        return s->known[rnl_arrow_index(&s->cells, row)];
    size_t category;
    return rnl_arrow_text(&s->cells, row, text) &&
                   rnl_encoding_place(c->use->encoding, s->column, text, &category)
               ? category
               : REFUSED;
}

static void convert_categories(conversion *c, const source *s, size_t first, size_t last)
{
    const size_t width = rnl_column_width(s->column);
    for (size_t row = first; row < last; ++row) {
        const size_t category = category_of(c, s, row);
        for (size_t i = 0; i < width; ++i)
            put(c, row, s->place + i, rnl_column_number(s->column, category, i));
        if (category == REFUSED && !is_dropped(c, row))
            note_wrong(c, row);
    }
}

/* Converts some rows at a time, of all columns, so that their lines stay in the cache. */
static void convert_rows(size_t first, size_t last, void *context)
{
    enum { AT_A_TIME = 64 };
    conversion *c = context;
    for (size_t row = first; row < last; row += AT_A_TIME)
        for (size_t i = 0; i < c->source_count; ++i) {
            const source *s = &c->sources[i];
            size_t begin = row, end = rnl_least(row + AT_A_TIME, last);
            if (!overlap(s, &begin, &end))
                continue;
            if (s->column->categorical)
                convert_categories(c, s, begin, end);
            else
                convert_numbers(c, s, begin, end);
        }
}

/* ---- messages -------------------------------------------------------------------------------- */

static rnl_status fail_missing(const conversion *c, size_t row, const rnl_column *column)
{
    return rnl_fail(
        RNL_BAD_DATA,
        "%s: row %zu: column '%.60s': expected a value, got none (%s, missing: fill fills "
        "inputs in)",
        c->frame->source, row, column->name,
        c->use->keeps_all ? "no row without a target is left out"
                          : "missing: drop leaves such rows out");
}

static rnl_status explain_cell(const conversion *c, const source *s, size_t row)
{
    char text[RNL_ARROW_TEXT], expected[RNL_EXPECTED_CATEGORY];
    if (rnl_arrow_is_missing(&s->cells, row))
        return fills(c) ? RNL_OK : fail_missing(c, row, s->column);
    if (!s->column->categorical || category_of(c, s, row) != REFUSED)
        return RNL_OK;
    const bool is_text = rnl_arrow_text(&s->cells, row, text);
    rnl_column_expect(s->column, true, is_text ? text : "", expected);
    return rnl_fail(RNL_BAD_DATA, "%s: row %zu: column '%.60s': expected %s, got '%.60s'",
                    c->frame->source, row, s->column->name, expected,
                    is_text ? text : "what is no UTF-8, or long");
}

static rnl_status explain(const conversion *c, size_t row)
{
    for (size_t i = 0; i < c->source_count; ++i) {
        const source *s = &c->sources[i];
        if (row >= s->cells.first && row < s->cells.last)
            RNL_TRY(explain_cell(c, s, row));
    }
    return RNL_OK;
}

/* Finds the column that a number of a row is of. */
static const rnl_column *column_at(const conversion *c, size_t place)
{
    const rnl_columns *inputs = &c->use->encoding->inputs;
    size_t i = 0;
    while (i + 1 < inputs->count && c->sources[i + 1].place <= place)
        ++i;
    return &inputs->items[i];
}

/* Refuses NaN, and what float32 cannot hold, as a table's cells. */
static rnl_status check_numbers(const conversion *c)
{
    const rnl_dataset *d = c->dataset;
    const size_t count = d->rows * d->features;
    bool good = true;
    for (size_t i = 0; i < count && d->element == RNL_FLOAT32; ++i)
        good &= fabsf(((const float *)d->inputs)[i]) <= FLT_MAX;
    for (size_t i = 0; i < count && d->element == RNL_FLOAT64; ++i)
        good &= fabs(((const double *)d->inputs)[i]) <= (double)FLT_MAX;
    for (size_t i = 0; i < count && !good; ++i) {
        const double number = rnl_element_at(d->element, d->inputs, i);
        if (!(fabs(number) <= (double)FLT_MAX))
            return rnl_fail(RNL_BAD_DATA,
                            "%s: row %zu: column '%.60s': expected a number between -3.4e38 and "
                            "3.4e38, got %g",
                            c->frame->source, i / d->features, column_at(c, i % d->features)->name,
                            number);
    }
    return RNL_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static size_t bytes_of(const conversion *c)
{
    return c->frame->rows * c->dataset->features * sizeof(double);
}

static rnl_status convert(conversion *c)
{
    rnl_dataset *d = c->dataset;
    RNL_TRY(find_sources(c));
    d->features = rnl_encoding_features(c->use->encoding);
    d->rank = 1;
    d->shape[0] = d->features;
    rnl_share_rows(c->frame->rows, bytes_of(c), look_for_wide, c);
    d->element = atomic_load(&c->wide) ? RNL_FLOAT64 : RNL_FLOAT32;
    RNL_TRY(rnl_allocate_rows(&d->inputs, d->name, d->rows, d->features,
                              rnl_element_bytes(d->element)));
    rnl_share_rows(c->frame->rows, bytes_of(c), convert_rows, c);
    if (atomic_load(&c->wrong) != SIZE_MAX)
        return explain(c, atomic_load(&c->wrong));
    return check_numbers(c);
}

static rnl_status encode(rnl_dataset *dataset, const rnl_arrow_frame *frame,
                         const rnl_arrow_use *use, const bool *kept)
{
    conversion c = {
        .frame = frame, .use = use, .kept = kept, .dataset = dataset, .wrong = SIZE_MAX};
    const rnl_status status = convert(&c);
    for (size_t i = 0; c.sources && i < c.source_count; ++i)
        free(c.sources[i].known);
    free(c.sources);
    return status;
}

static void drop_missing(const rnl_arrow_frame *frame, size_t column, bool *kept)
{
    for (size_t chunk = 0; chunk < frame->chunk_count; ++chunk) {
        const rnl_arrow_cells cells = rnl_arrow_cells_of(frame, column, chunk);
        for (size_t row = cells.first; row < cells.last; ++row)
            kept[row] &= !rnl_arrow_is_missing(&cells, row);
    }
}

/* Finds the rows without a missing cell among the inputs. */
static rnl_status choose_rows(const rnl_arrow_frame *frame, const rnl_columns *inputs, bool **kept)
{
    RNL_TRY(rnl_allocate_rows(kept, frame->source, frame->rows, 1, sizeof **kept));
    memset(*kept, true, frame->rows * sizeof **kept);
    for (size_t i = 0; i < inputs->count; ++i) {
        const size_t column = rnl_arrow_find_column(frame, inputs->items[i].name);
        if (column < frame->column_count)
            drop_missing(frame, column, *kept);
    }
    for (size_t i = 0; i < frame->column_count && inputs->count == 0; ++i)
        drop_missing(frame, i, *kept);
    return RNL_OK;
}

rnl_status rnl_arrow_take(rnl_dataset *dataset, const rnl_arrow_frame *frame,
                          const rnl_arrow_use *use, bool **kept)
{
    if (use->missing == RNL_MISSING_DROP)
        RNL_TRY(choose_rows(frame, &use->encoding->inputs, kept));
    if (!rnl_encoding_measured(use->encoding))
        RNL_TRY(rnl_arrow_measure(frame, *kept, use));
    return encode(dataset, frame, use, *kept);
}
