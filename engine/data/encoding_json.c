/*
 * An encoding as JSON, in the metadata of a model:
 * {"inputs": [{"name": "colour", "categories": ["blue", "red"], "fill": 1.0}], "targets": [...]};
 * a column without categories is numeric.  Of categories, those that share an input are listed as
 * "rare"; a "fill" of null is none of them; "plus_minus" makes the inputs of two one.
 */
#include "engine/base/error.h"
#include "engine/data/encoding.h"
#include "engine/storage/json_failure.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- to JSON --------------------------------------------------------------------------------- */

/* Takes the object over; gives it back if `complete`, else NULL. */
static json_t *only_if(bool complete, json_t *object)
{
    if (complete)
        return object;
    json_decref(object);
    return NULL;
}

/* Categories first to last - 1. */
static json_t *categories_to_json(const rnl_column *column, size_t first, size_t last)
{
    json_t *array = json_array();
    bool complete = true;
    for (size_t i = first; i < last && complete; ++i)
        complete = json_array_append_new(array, json_string(column->categories[i].name)) == 0;
    return only_if(complete, array);
}

static json_t *column_to_json(const rnl_column *column)
{
    const bool fills = !column->categorical || column->fill < (double)column->category_count;
    json_t *object = json_pack("{s:s, s:o}", "name", column->name, "fill",
                               fills ? json_real(column->fill) : json_null());
    const size_t count = column->category_count, frequent = count - column->rare;
    bool complete = object != NULL;
    if (complete && column->categorical)
        complete =
            json_object_set_new(object, "categories", categories_to_json(column, 0, frequent)) == 0;
    if (complete && column->rare > 0)
        complete =
            json_object_set_new(object, "rare", categories_to_json(column, frequent, count)) == 0;
    if (complete && column->plus_minus)
        complete = json_object_set_new(object, "plus_minus", json_true()) == 0;
    return only_if(complete, object);
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

/* ---- from JSON ------------------------------------------------------------------------------- */

/* Names of categories, as of so many rows. */
static rnl_status take_names(rnl_column *column, const json_t *categories, size_t rows)
{
    for (size_t i = 0; i < json_array_size(categories); ++i) {
        const char *name = json_string_value(json_array_get(categories, i));
        if (!name)
            return rnl_fail(RNL_BAD_DATA, "column '%.60s': a category is no text", column->name);
        if (rnl_column_find(column, name) < column->category_count)
            return rnl_fail(RNL_BAD_DATA, "column '%.60s': the category '%.60s' is there twice",
                            column->name, name);
        RNL_TRY(rnl_column_count(column, name, rows));
    }
    return RNL_OK;
}

static rnl_status take_categories(rnl_column *column, const json_t *categories, const json_t *rare)
{
    if (json_array_size(categories) + json_array_size(rare) == 0)
        return rnl_fail(RNL_BAD_DATA, "column '%.60s': expected categories, got none",
                        column->name);
    RNL_TRY(take_names(column, categories, 1));
    RNL_TRY(take_names(column, rare, 0));
    rnl_column_sort(column, 1);
    return RNL_OK;
}

/* Makes two inputs one. */
static rnl_status take_sign(rnl_column *column, const json_t *plus_minus)
{
    if (plus_minus && !json_is_boolean(plus_minus))
        return rnl_fail(RNL_BAD_DATA, "column '%.60s': expected true or false for plus_minus",
                        column->name);
    if (!json_is_true(plus_minus))
        return RNL_OK;
    const size_t width = rnl_column_width(column);
    if (!column->categorical || width != 2)
        return rnl_fail(RNL_BAD_DATA, "column '%.60s': -1 and 1 are of two categories, got %zu",
                        column->name, width);
    column->plus_minus = true;
    return RNL_OK;
}

static double fill_of(const rnl_column *column, const json_t *fill)
{
    return json_is_null(fill) ? (double)column->category_count : json_number_value(fill);
}

/* The place of a category, or a number that a float holds. */
static bool can_fill(const rnl_column *column, const json_t *given)
{
    const double fill = json_number_value(given);
    if (json_is_null(given))
        return column->categorical;
    if (!column->categorical)
        return fill >= -3.5e38 && fill <= 3.5e38;
    return fill >= 0 && fill < (double)column->category_count && fill == (double)(size_t)fill;
}

static rnl_status take_column(rnl_columns *columns, const json_t *object, rnl_text_index *names)
{
    const json_t *categories = json_object_get(object, "categories");
    const char *name = json_string_value(json_object_get(object, "name"));
    const json_t *fill = json_object_get(object, "fill"), *rare = json_object_get(object, "rare");
    if (!name || !(json_is_number(fill) || json_is_null(fill)) ||
        (categories && !json_is_array(categories)) ||
        (rare && (!json_is_array(rare) || !categories)))
        return rnl_fail(RNL_BAD_DATA, "column %zu has no name, fill or list of categories",
                        names->count);
    if (rnl_text_index_find(names, name))
        return rnl_fail(RNL_BAD_DATA, "the column '%.60s' is there twice", name);
    RNL_TRY(rnl_text_index_add(names, name, names->count));
    RNL_TRY(rnl_columns_add(columns, name, categories != NULL));
    rnl_column *column = &columns->items[columns->count - 1];
    if (categories)
        RNL_TRY(take_categories(column, categories, rare));
    RNL_TRY(take_sign(column, json_object_get(object, "plus_minus")));
    column->fill = fill_of(column, fill);
    return can_fill(column, fill)
               ? RNL_OK
               : rnl_fail(RNL_BAD_DATA, "column '%.60s': %g cannot stand for a missing cell", name,
                          column->fill);
}

static rnl_status take_columns(rnl_columns *columns, const json_t *root, const char *key,
                               rnl_text_index *names)
{
    const json_t *array = json_object_get(root, key);
    if (!json_is_array(array))
        return rnl_fail(RNL_BAD_DATA, "expected a list of columns as %s", key);
    for (size_t i = 0; i < json_array_size(array); ++i)
        RNL_TRY(take_column(columns, json_array_get(array, i), names));
    return RNL_OK;
}

/* One column of classes, each with an output, or any number of columns of values. */
static rnl_status check_targets(const rnl_columns *targets)
{
    for (size_t i = 0; i < targets->count; ++i)
        if (targets->items[i].rare > 0 || targets->items[i].plus_minus)
            return rnl_fail(RNL_BAD_DATA, "the target '%.60s' has classes that share an output",
                            targets->items[i].name);
        else if (targets->items[i].categorical && targets->count > 1)
            return rnl_fail(RNL_BAD_DATA,
                            "expected one target of classes or targets of values, got %zu targets, "
                            "of which '%.60s' has classes",
                            targets->count, targets->items[i].name);
    return RNL_OK;
}

static rnl_status take_encoding(rnl_encoding *encoding, const json_t *root)
{
    rnl_text_index names = {0};
    rnl_status status = take_columns(&encoding->inputs, root, "inputs", &names);
    if (status == RNL_OK)
        status = take_columns(&encoding->targets, root, "targets", &names);
    if (status == RNL_OK && !rnl_encoding_measured(encoding))
        status = rnl_fail(RNL_BAD_DATA, "expected columns");
    rnl_text_index_release(&names);
    return status == RNL_OK ? check_targets(&encoding->targets) : status;
}

rnl_status rnl_encoding_parse(rnl_encoding *encoding, const char *source, const char *text)
{
    *encoding = (rnl_encoding){0};
    json_error_t error = {0};
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root && rnl_json_lacked_memory(&error))
        return rnl_fail_memory(strlen(text));
    const rnl_status status = take_encoding(encoding, root);
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
    *copy = (rnl_encoding){.rules = encoding->rules};
    if (!rnl_encoding_measured(encoding))
        return RNL_OK;
    char *text;
    RNL_TRY(rnl_encoding_print(encoding, &text));
    const rnl_status status = rnl_encoding_parse(copy, "copy", text);
    free(text);
    copy->rules = encoding->rules;
    return status;
}
