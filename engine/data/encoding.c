#include "engine/data/encoding.h"

#include "engine/error.h"
#include "engine/number.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void release_columns(rnl_columns *columns)
{
    for (size_t i = 0; i < columns->count; ++i) {
        for (size_t c = 0; c < columns->items[i].category_count; ++c)
            free(columns->items[i].categories[c].name);
        free(columns->items[i].categories);
        free(columns->items[i].name);
    }
    free(columns->items);
    *columns = (rnl_columns){0};
}

void rnl_encoding_release(rnl_encoding *encoding)
{
    release_columns(&encoding->inputs);
    release_columns(&encoding->targets);
}

/* ---- columns and categories ------------------------------------------------------------------ */

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

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const rnl_category *)a)->name, ((const rnl_category *)b)->name);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = 0, y = 0;
    rnl_parse_number(((const rnl_category *)a)->name, &x);
    rnl_parse_number(((const rnl_category *)b)->name, &y);
    return x != y ? (x > y) - (x < y) : compare_names(a, b);
}

/* Where the category is or belongs. */
static size_t place_of(const rnl_column *column, const char *category)
{
    const rnl_category wanted = {.name = (char *)(uintptr_t)category};
    size_t begin = 0, end = column->category_count;
    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        const rnl_category *at = &column->categories[middle];
        if ((column->numbers ? compare_numbers : compare_names)(at, &wanted) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

rnl_status rnl_column_count(rnl_column *column, const char *category)
{
    const size_t place = place_of(column, category);
    if (place < column->category_count && strcmp(column->categories[place].name, category) == 0) {
        ++column->categories[place].rows;
        return RNL_OK;
    }
    rnl_category *grown =
        grow(column->categories, column->category_count, sizeof *column->categories);
    if (grown)
        column->categories = grown;
    char *own = grown ? strdup(category) : NULL;
    if (!own)
        return rnl_fail_memory((column->category_count + 1) * sizeof *column->categories);
    memmove(&column->categories[place + 1], &column->categories[place],
            (column->category_count - place) * sizeof *column->categories);
    column->categories[place] = (rnl_category){own, 1};
    ++column->category_count;
    return RNL_OK;
}

void rnl_column_sort(rnl_column *column)
{
    double number;
    column->numbers = column->category_count > 0;
    for (size_t i = 0; i < column->category_count; ++i)
        column->numbers &= rnl_parse_number(column->categories[i].name, &number);
    if (column->numbers)
        qsort(column->categories, column->category_count, sizeof *column->categories,
              compare_numbers);
}

size_t rnl_column_find(const rnl_column *column, const char *category)
{
    double number;
    if (column->numbers && !rnl_parse_number(category, &number))
        return column->category_count;
    const size_t place = place_of(column, category);
    const bool found =
        place < column->category_count && strcmp(column->categories[place].name, category) == 0;
    return found ? place : column->category_count;
}

size_t rnl_encoding_features(const rnl_encoding *encoding)
{
    size_t features = 0;
    for (size_t i = 0; i < encoding->inputs.count; ++i) {
        const rnl_column *column = &encoding->inputs.items[i];
        features += column->categorical ? column->category_count : 1;
    }
    return features;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

bool rnl_is_utf8(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

/* Takes the object over; gives it back if `complete`, else NULL. */
static json_t *only_if(bool complete, json_t *object)
{
    if (complete)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *categories_to_json(const rnl_column *column)
{
    json_t *array = json_array();
    bool complete = true;
    for (size_t i = 0; i < column->category_count && complete; ++i)
        complete = json_array_append_new(array, json_string(column->categories[i].name)) == 0;
    return only_if(complete, array);
}

/* {"name": "colour", "categories": ["blue", "red"], "fill": 1.0}; numeric without categories */
static json_t *column_to_json(const rnl_column *column)
{
    json_t *object = json_pack("{s:s, s:f}", "name", column->name, "fill", column->fill);
    if (!object || !column->categorical)
        return object;
    return only_if(json_object_set_new(object, "categories", categories_to_json(column)) == 0,
                   object);
}

static json_t *columns_to_json(const rnl_columns *columns)
{
    json_t *array = json_array();
    bool complete = true;
    for (size_t i = 0; i < columns->count && complete; ++i)
        complete = json_array_append_new(array, column_to_json(&columns->items[i])) == 0;
    return only_if(complete, array);
}

rnl_status rnl_encoding_print(const rnl_encoding *encoding, char **text)
{
    json_t *root = json_pack("{s:o, s:o}", "inputs", columns_to_json(&encoding->inputs), "targets",
                             columns_to_json(&encoding->targets));
    *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    return *text ? RNL_OK : rnl_fail_memory(4096);
}

static rnl_status take_categories(rnl_column *column, const json_t *categories)
{
    column->categories = calloc(json_array_size(categories) + 1, sizeof *column->categories);
    if (!column->categories)
        return rnl_fail_memory(json_array_size(categories) * sizeof *column->categories);
    for (size_t i = 0; i < json_array_size(categories); ++i) {
        const char *name = json_string_value(json_array_get(categories, i));
        char *own = name ? strdup(name) : NULL;
        if (!own)
            return name ? rnl_fail_memory(strlen(name) + 1)
                        : rnl_fail(RNL_BAD_DATA, "column %s: a category is no text", column->name);
        column->categories[column->category_count++].name = own;
    }
    return RNL_OK;
}

static rnl_status take_columns(rnl_columns *columns, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); ++i) {
        const json_t *object = json_array_get(array, i);
        const json_t *categories = json_object_get(object, "categories");
        const char *name = json_string_value(json_object_get(object, "name"));
        const json_t *fill = json_object_get(object, "fill");
        if (!name || !json_is_number(fill) || (categories && !json_is_array(categories)))
            return rnl_fail(RNL_BAD_DATA, "column %zu has no name, fill or list of categories", i);
        RNL_TRY(rnl_columns_add(columns, name, categories != NULL));
        columns->items[i].fill = json_number_value(fill);
        if (categories) {
            RNL_TRY(take_categories(&columns->items[i], categories));
            rnl_column_sort(&columns->items[i]);
        }
    }
    return RNL_OK;
}

rnl_status rnl_encoding_parse(rnl_encoding *encoding, const char *source, const char *text)
{
    *encoding = (rnl_encoding){0};
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    rnl_status status = take_columns(&encoding->inputs, json_object_get(root, "inputs"));
    if (status == RNL_OK)
        status = take_columns(&encoding->targets, json_object_get(root, "targets"));
    if (status == RNL_OK && !rnl_encoding_measured(encoding))
        status = rnl_fail(RNL_BAD_DATA, "expected columns");
    json_decref(root);
    if (status == RNL_OK)
        return RNL_OK;
    rnl_encoding_release(encoding);
    if (status == RNL_NO_MEMORY)
        return status;
    char reason[256];
    strncpy(reason, rnl_message(), sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    return rnl_fail(status, "%s: encoding: %s", source, reason);
}

rnl_status rnl_encoding_copy(rnl_encoding *copy, const rnl_encoding *encoding)
{
    *copy = (rnl_encoding){0};
    if (!rnl_encoding_measured(encoding))
        return RNL_OK;
    char *text;
    RNL_TRY(rnl_encoding_print(encoding, &text));
    const rnl_status status = rnl_encoding_parse(copy, "copy", text);
    free(text);
    return status;
}
