/*
 * An encoding that follows an earlier model's, whose layers expect its columns and categories.
 */
#include "engine/data/encoding_follow.h"

#include "engine/base/error.h"

#include <string.h>

static const rnl_column *find_column(const rnl_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; ++i)
        if (strcmp(columns->items[i].name, name) == 0)
            return &columns->items[i];
    return NULL;
}

/* Returns a category that the earlier column does not know; NULL if it knows all. */
static const char *find_new(const rnl_column *column, const rnl_column *earlier)
{
    for (size_t i = 0; i < column->category_count; ++i)
        if (rnl_column_find(earlier, column->categories[i].name) == earlier->category_count)
            return column->categories[i].name;
    return NULL;
}

/* Notes why the columns cannot follow; false if they can. */
static rnl_status note_obstacle(const rnl_columns *columns, const rnl_columns *earlier,
                                rnl_notes *notes, bool *found)
{
    static const char measured[] = "the categories of inputs are measured anew";
    *found = true;
    for (size_t i = 0; i < columns->count; ++i) {
        const rnl_column *column = &columns->items[i];
        const rnl_column *before = find_column(earlier, column->name);
        if (!before)
            return rnl_notes_add(notes, RNL_LOG_INFO,
                                 "%s: the earlier model has no such column '%.60s'", measured,
                                 column->name);
        if (before->categorical != column->categorical)
            return rnl_notes_add(notes, RNL_LOG_INFO,
                                 "%s: the earlier model has %s in column '%.60s'", measured,
                                 before->categorical ? "categories" : "numbers", column->name);
        const char *category = column->categorical ? find_new(column, before) : NULL;
        if (category)
            return rnl_notes_add(notes, RNL_LOG_INFO,
                                 "%s: the earlier model does not know '%.60s' in column '%.60s'",
                                 measured, category, column->name);
    }
    *found = columns->count != earlier->count;
    return *found ? rnl_notes_add(notes, RNL_LOG_INFO, "%s: the earlier model has more columns",
                                  measured)
                  : RNL_OK;
}

/* Notes that other categories are rare than the rules say. */
static rnl_status note_rare(const rnl_columns *columns, const rnl_columns *earlier, size_t least,
                            rnl_notes *notes)
{
    for (size_t i = 0; i < columns->count; ++i) {
        const rnl_column *column = &columns->items[i];
        if (column->rare != find_column(earlier, column->name)->rare)
            return rnl_notes_add(notes, RNL_LOG_INFO,
                                 "rare: %zu: which categories of column '%.60s' are rare is taken "
                                 "from the earlier model",
                                 least, column->name);
    }
    return RNL_OK;
}

static void swap(rnl_columns *a, rnl_columns *b)
{
    const rnl_columns kept = *a;
    *a = *b;
    *b = kept;
}

rnl_status rnl_encoding_follow(rnl_encoding *encoding, const rnl_earlier_encoding *earlier,
                               rnl_notes *notes)
{
    bool inputs_differ, targets_differ;
    rnl_encoding copy;
    if (!earlier->encoding || !rnl_encoding_measured(earlier->encoding))
        return RNL_OK;
    RNL_TRY(note_obstacle(&encoding->inputs, &earlier->encoding->inputs, notes, &inputs_differ));
    RNL_TRY(note_obstacle(&encoding->targets, &earlier->encoding->targets, NULL, &targets_differ));
    RNL_TRY(rnl_encoding_copy(&copy, earlier->encoding));
    if (!inputs_differ)
        swap(&encoding->inputs, &copy.inputs);
    if (!targets_differ && earlier->targets)
        swap(&encoding->targets, &copy.targets);
    const rnl_status status =
        inputs_differ ? RNL_OK
                      : note_rare(&copy.inputs, &encoding->inputs, encoding->rules.rare, notes);
    rnl_encoding_release(&copy);
    return status;
}
