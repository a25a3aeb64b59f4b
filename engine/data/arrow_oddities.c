/*
 * Finds oddities of a frame's columns; each is read until none can be found any more.
 */
#include "engine/base/error.h"
#include "engine/data/arrow_frame.h"
#include "engine/data/oddity_search.h"

/* A column under search. */
typedef struct column_search {
    rnl_oddity_search search;
    const bool *kept; /* (rows), or NULL: all */
    size_t place;     /* of its first number in a row */
} column_search;

/* The cell of a row; numbers are read from the inputs that were made of them, which are the same.
 */
static void look_at_cell(column_search *s, const rnl_arrow_cells *cells, size_t row)
{
    const rnl_dataset *d = s->search.dataset;
    char text[RNL_ARROW_TEXT];
    if (rnl_arrow_is_missing(cells, row))
        rnl_oddity_search_nothing(&s->search);
    else if (rnl_arrow_is_number(cells->column))
        rnl_oddity_search_number(
            &s->search, row, rnl_element_at(d->element, d->inputs, row * d->features + s->place));
    else if (rnl_arrow_text(cells, row, text))
        rnl_oddity_search_text(&s->search, row, text);
}

static void look_at_column(column_search *s, const rnl_arrow_frame *frame, size_t column)
{
    rnl_oddity_search_next(&s->search);
    for (size_t chunk = 0; chunk < frame->chunk_count; ++chunk) {
        const rnl_arrow_cells cells = rnl_arrow_cells_of(frame, column, chunk);
        for (size_t row = cells.first; row < cells.last && rnl_oddity_search_goes_on(&s->search);
             ++row)
            if (!s->kept || s->kept[row])
                look_at_cell(s, &cells, row);
    }
}

static size_t count_rows(const rnl_dataset *d, const bool *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < d->rows; ++i)
        count += !kept || kept[i];
    return count;
}

static rnl_status note_columns(column_search *s, const rnl_arrow_frame *frame, rnl_odd_table *table,
                               const rnl_columns *inputs, rnl_notes *notes)
{
    for (size_t i = 0; i < inputs->count; ++i) {
        look_at_column(s, frame, i);
        RNL_TRY(rnl_note_oddities(notes, table, inputs, i, rnl_oddity_search_found(&s->search)));
        s->place += rnl_column_width(&inputs->items[i]);
    }
    RNL_TRY(rnl_note_rare(notes, table->name, inputs));
    return rnl_note_constants(notes, table, inputs);
}

rnl_status rnl_arrow_note_oddities(const rnl_arrow_frame *frame, const rnl_dataset *dataset,
                                   const bool *kept, const rnl_encoding *encoding, rnl_notes *notes)
{
    rnl_odd_table table = {.name = dataset->name,
                           .has_values = dataset->values != NULL,
                           .rows = count_rows(dataset, kept)};
    column_search s = {.kept = kept};
    rnl_status status = rnl_oddity_search_begin(&s.search, dataset);
    if (status == RNL_OK)
        status = rnl_note_dropped(notes, dataset->name, dataset->rows - table.rows, table.rows);
    if (status == RNL_OK)
        status = note_columns(&s, frame, &table, &encoding->inputs, notes);
    rnl_oddity_search_end(&s.search);
    return status;
}
