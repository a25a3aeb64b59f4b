#include "engine/data/encoding.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rnl_column_drop_categories(rnl_column *column)
{
    for (size_t i = 0; i < column->category_count; ++i)
        free(column->categories[i].name);
    free(column->categories);
    rnl_text_index_release(&column->index);
    column->categories = NULL;
    column->category_count = column->rare = column->name_bytes = 0;
    column->categorical = column->numbers = column->plus_minus = column->automatic = false;
}

void rnl_columns_release(rnl_columns *columns)
{
    for (size_t i = 0; i < columns->count; ++i) {
        rnl_column_drop_categories(&columns->items[i]);
        free(columns->items[i].name);
    }
    free(columns->items);
    *columns = (rnl_columns){0};
}

void rnl_encoding_release(rnl_encoding *encoding)
{
    rnl_columns_release(&encoding->inputs);
    rnl_columns_release(&encoding->targets);
}

/* Arrays grow to the powers of two. */
static void *grow(void *items, size_t count, size_t size)
{
    return count & (count - 1) ? items : realloc(items, (count > 0 ? 2 * count : 1) * size);
}

rnl_status rnl_columns_add(rnl_columns *columns, const char *name, bool categorical)
{
    rnl_column *grown = grow(columns->items, columns->count, sizeof *columns->items);
    if (grown)
        columns->items = grown;
    char *own = grown ? strdup(name) : NULL;
    if (!own)
        return rnl_fail_memory((columns->count + 1) * sizeof *columns->items);
    columns->items[columns->count++] = (rnl_column){.name = own, .categorical = categorical};
    return RNL_OK;
}

/* ---- categories ------------------------------------------------------------------------------ */

#define KEY_LENGTH 32

/* What equal categories have in common: the number, where double holds all of its digits, else the
 * text itself. */
static const char *key_of(const char *category, char key[KEY_LENGTH])
{
    enum { DIGITS = 15 };
    double number;
    if (strlen(category) > DIGITS || !rnl_parse_number(category, &number))
        return category;
    snprintf(key, KEY_LENGTH, "%.17g", number + 0.0); /* -0 + 0 is 0 */
    return key;
}

/* What malloc adds to a text. */
#define BESIDE_A_TEXT 16

/* Asks the budget at each megabyte of names, for as much as the arrays take when they double next.
 * A category takes its name, its key, and two to four slots of the index. */
static rnl_status require_names(rnl_column *column, size_t length)
{
    const size_t megabyte = (size_t)1 << 20, before = column->name_bytes / megabyte;
    column->name_bytes += 2 * (length + BESIDE_A_TEXT) + 2 * sizeof *column->categories +
                          6 * sizeof *column->index.slots;
    return column->name_bytes / megabyte == before
               ? RNL_OK
               : rnl_require_memory(column->name, column->name_bytes / 2 + length + megabyte);
}

static rnl_status add_category(rnl_column *column, const char *category, const char *key,
                               size_t rows)
{
    RNL_TRY(require_names(column, strlen(category)));
    rnl_category *grown =
        grow(column->categories, column->category_count, sizeof *column->categories);
    if (grown)
        column->categories = grown;
    char *own = grown ? strdup(category) : NULL;
    if (!own)
        return rnl_fail_memory((column->category_count + 1) * sizeof *column->categories);
    column->categories[column->category_count++] = (rnl_category){.name = own, .rows = rows};
    return rnl_text_index_add(&column->index, key, column->category_count - 1);
}

/* The shortest name, of equally short ones the first. */
static void take_better_name(rnl_category *category, const char *name)
{
    const size_t length = strlen(name), before = strlen(category->name);
    if (length < before || (length == before && strcmp(name, category->name) < 0))
        memcpy(category->name, name, length + 1);
}

rnl_status rnl_column_count(rnl_column *column, const char *category, size_t rows)
{
    char buffer[KEY_LENGTH];
    const char *key = key_of(category, buffer);
    const rnl_indexed_text *known = rnl_text_index_find(&column->index, key);
    if (!known)
        return add_category(column, category, key, rows);
    column->categories[known->number].rows += rows;
    take_better_name(&column->categories[known->number], category);
    return RNL_OK;
}

/* Rare ones last. */
static int compare_names(const void *a, const void *b)
{
    const rnl_category *x = a, *y = b;
    return x->rare != y->rare ? x->rare - y->rare : strcmp(x->name, y->name);
}

static int compare_numbers(const void *a, const void *b)
{
    const rnl_category *x = a, *y = b;
    return x->rare == y->rare && x->number != y->number
               ? (x->number > y->number) - (x->number < y->number)
               : compare_names(a, b);
}

void rnl_column_sort(rnl_column *column, size_t least)
{
    const size_t count = column->category_count;
    char buffer[KEY_LENGTH];
    column->numbers = count > 0;
    column->rare = 0;
    for (size_t i = 0; i < count; ++i) {
        rnl_category *category = &column->categories[i];
        column->numbers &= rnl_parse_number(category->name, &category->number);
        category->rare = category->rows < least;
        column->rare += category->rare;
    }
    if (count > 0)
        qsort(column->categories, count, sizeof *column->categories,
              column->numbers ? compare_numbers : compare_names);
    for (size_t i = 0; i < count; ++i)
        rnl_text_index_find(&column->index, key_of(column->categories[i].name, buffer))->number = i;
}

size_t rnl_column_find(const rnl_column *column, const char *category)
{
    char buffer[KEY_LENGTH];
    const rnl_indexed_text *known = rnl_text_index_find(&column->index, key_of(category, buffer));
    return known ? known->number : column->category_count;
}

bool rnl_encoding_place(const rnl_encoding *encoding, const rnl_column *column,
                        const char *category, size_t *place)
{
    *place = rnl_column_find(column, category);
    if (*place < column->category_count)
        return true;
    if (encoding->rules.unseen == RNL_UNSEEN_RARE)
        *place -= column->rare > 0; /* the last one is rare */
    return encoding->rules.unseen != RNL_UNSEEN_ERROR;
}

void rnl_column_expect(const rnl_column *column, bool is_input, const char *found,
                       char expected[RNL_EXPECTED_CATEGORY])
{
    enum { MOST = 16 };
    static const char rule[] = "`data.unseen: missing` takes others as none";
    const char *names[MOST] = {0};
    const size_t count = rnl_least(column->category_count, MOST);
    for (size_t i = 0; i < count; ++i)
        names[i] = column->categories[i].name;
    const char *nearest = rnl_nearest(found, names, count);
    snprintf(expected, RNL_EXPECTED_CATEGORY,
             "one of the %zu categories of the training rows%s%s%.60s%s%s%s%s",
             column->category_count, nearest || is_input ? " (" : "", nearest ? "perhaps '" : "",
             nearest ? nearest : "", nearest ? "'" : "", nearest && is_input ? "; " : "",
             is_input ? rule : "", nearest || is_input ? ")" : "");
}

size_t rnl_encoding_features(const rnl_encoding *encoding)
{
    size_t features = 0;
    for (size_t i = 0; i < encoding->inputs.count; ++i)
        features += rnl_column_width(&encoding->inputs.items[i]);
    return features;
}
