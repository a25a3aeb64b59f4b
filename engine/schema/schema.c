#include "engine/schema/schema.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/node.h"
#include "engine/schema/unknown.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *member(void *target, const rnl_field *field)
{
    return (char *)target + field->offset;
}

/* ---- messages -------------------------------------------------------------------------------- */

rnl_status rnl_fail_at(rnl_place place, const char *format, ...)
{
    char text[1536];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (place.line == 0)
        return rnl_fail(RNL_BAD_CONFIG, "%s: %s", place.source, text);
    return rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: %s", place.source, place.line, place.column, text);
}

static const char *describe(const rnl_node *node, char text[80])
{
    if (node->type == RNL_LIST)
        return "a list";
    if (node->type == RNL_MAPPING)
        return "a mapping";
    if (!*node->text && !node->quoted)
        return "nothing";
    snprintf(text, 80, "'%.60s'", node->text);
    return text;
}

static rnl_status fail_value(const rnl_field *field, const rnl_node *node, const char *expected)
{
    char text[80];
    return rnl_fail_at(node->place, "%s: expected %s, got %s", field->key, expected,
                       describe(node, text));
}

/* "an integer from 1 to 100", "a number above 0 and at most 1" */
static void print_range(char *text, size_t size, const rnl_field *field, const char *what)
{
    if (field->minimum == 0 && field->maximum == 0)
        snprintf(text, size, "%s", what);
    else if (field->above_minimum)
        snprintf(text, size, "%s above %.15g and at most %.15g", what, field->minimum,
                 field->maximum);
    else
        snprintf(text, size, "%s from %.15g to %.15g", what, field->minimum, field->maximum);
}

static bool in_range(const rnl_field *field, double value)
{
    if (field->minimum == 0 && field->maximum == 0)
        return true;
    return (field->above_minimum ? value > field->minimum : value >= field->minimum) &&
           value <= field->maximum;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool is_absent(const rnl_node *node)
{
    return node->type == RNL_SCALAR && !node->quoted && *node->text == '\0';
}

static rnl_status decode_integer(const rnl_field *field, const rnl_node *node, int64_t *value)
{
    char expected[128];
    print_range(expected, sizeof expected, field, "an integer");
    if (node->type != RNL_SCALAR || node->quoted || is_absent(node) ||
        node->text[strspn(node->text, "+-0123456789")] != '\0')
        return fail_value(field, node, expected);
    char *end;
    errno = 0;
    const long long number = strtoll(node->text, &end, 10);
    if (*end != '\0' || errno != 0 || !in_range(field, (double)number))
        return fail_value(field, node, expected);
    *value = number;
    return RNL_OK;
}

static rnl_status decode_number(const rnl_field *field, const rnl_node *node, double *value)
{
    char expected[128];
    print_range(expected, sizeof expected, field, "a number");
    if (field->zero)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), ", or %s",
                 field->zero);
    if (field->zero && node->type == RNL_SCALAR && strcmp(node->text, field->zero) == 0) {
        *value = 0;
        return RNL_OK;
    }
    double number;
    if (node->type != RNL_SCALAR || node->quoted || !rnl_parse_number(node->text, &number) ||
        !in_range(field, number))
        return fail_value(field, node, expected);
    *value = number;
    return RNL_OK;
}

static rnl_status decode_boolean(const rnl_field *field, const rnl_node *node, bool *value)
{
    if (node->type != RNL_SCALAR || node->quoted ||
        (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
        return fail_value(field, node, "true or false");
    *value = *node->text == 't';
    return RNL_OK;
}

static rnl_status decode_text(const rnl_field *field, const rnl_node *node, char **value)
{
    if (node->type != RNL_SCALAR)
        return fail_value(field, node, "text");
    if (is_absent(node))
        return field->fallback && strcmp(field->fallback, "null") == 0
                   ? RNL_OK
                   : fail_value(field, node, "text");
    *value = strdup(node->text);
    return *value ? RNL_OK : rnl_fail_memory(strlen(node->text) + 1);
}

static void release_texts(rnl_text_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        free(list->items[i]);
    free(list->items);
    *list = (rnl_text_list){0};
}

/* A list of texts; a single one stands for a list of one. */
static rnl_status decode_texts(const rnl_field *field, const rnl_node *node, rnl_text_list *list)
{
    const bool single = node->type == RNL_SCALAR && !is_absent(node);
    if (node->type != RNL_LIST && !single)
        return fail_value(field, node, "text or a list of texts");
    const size_t count = single ? 1 : node->count;
    *list = (rnl_text_list){.items = calloc(count + 1, sizeof *list->items), .place = node->place};
    if (!list->items)
        return rnl_fail_memory((count + 1) * sizeof *list->items);
    for (size_t i = 0; i < count; ++i) {
        const rnl_status status =
            decode_text(field, single ? node : node->items[i], &list->items[list->count]);
        if (status != RNL_OK) {
            release_texts(list);
            return status;
        }
        list->count += list->items[list->count] != NULL;
    }
    return RNL_OK;
}

static rnl_status decode_number_list(const rnl_field *field, const rnl_node *node,
                                     rnl_number_list *list)
{
    if (node->type != RNL_LIST)
        return fail_value(field, node, "a list of numbers");
    *list = (rnl_number_list){.items = calloc(node->count + 1, sizeof *list->items),
                              .place = node->place};
    if (!list->items)
        return rnl_fail_memory((node->count + 1) * sizeof *list->items);
    for (size_t i = 0; i < node->count; ++i)
        RNL_TRY(decode_number(field, node->items[i], &list->items[list->count++]));
    return RNL_OK;
}

static void release_number_list(rnl_number_list *list)
{
    free(list->items);
    *list = (rnl_number_list){0};
}

static void release_numbers(rnl_number_map *map)
{
    for (size_t i = 0; i < map->count; ++i)
        free(map->items[i].name);
    free(map->items);
    *map = (rnl_number_map){0};
}

static rnl_status decode_numbers(const rnl_field *field, const rnl_node *node, rnl_number_map *map)
{
    char expected[96];
    snprintf(expected, sizeof expected, "a mapping of names to numbers%s%s",
             field->word ? ", or " : "", field->word ? field->word : "");
    if (field->word && node->type == RNL_SCALAR && strcmp(node->text, field->word) == 0) {
        *map = (rnl_number_map){.word = true, .place = node->place};
        return RNL_OK;
    }
    if (node->type != RNL_MAPPING)
        return fail_value(field, node, expected);
    *map = (rnl_number_map){.items = calloc(node->count + 1, sizeof *map->items),
                            .place = node->place};
    if (!map->items)
        return rnl_fail_memory((node->count + 1) * sizeof *map->items);
    for (size_t i = 0; i < node->count; ++i) {
        rnl_named_number *item = &map->items[map->count];
        rnl_status status = decode_number(field, node->items[i], &item->value);
        item->place = node->items[i]->key_place;
        item->name = status == RNL_OK ? strdup(node->items[i]->key) : NULL;
        if (status == RNL_OK && !item->name)
            status = rnl_fail_memory(strlen(node->items[i]->key) + 1);
        if (status != RNL_OK) {
            release_numbers(map);
            return status;
        }
        ++map->count;
    }
    return RNL_OK;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static rnl_status decode_value(const rnl_field *field, const rnl_node *node, void *target);

const rnl_field *rnl_field_find(const rnl_field *fields, const char *key)
{
    for (const rnl_field *f = fields; f->key; ++f)
        if (strcmp(f->key, key) == 0)
            return f;
    return NULL;
}

bool rnl_choice_is_plain(const rnl_kind_table *table, const rnl_choice *choice)
{
    return table->plain && choice->kind && strcmp(choice->kind->name, table->plain) == 0;
}

static bool names_its_field(const rnl_kind *kind, const rnl_node *given)
{
    return given->type == RNL_MAPPING && given->count == 1 &&
           strcmp(given->items[0]->key, kind->shorthand) == 0;
}

/* The parameters as they were given: NULL or nothing, a mapping, or a shorthand's value. */
static rnl_status decode_parameters(const rnl_kind *kind, const rnl_node *given, rnl_place place,
                                    void *parameters)
{
    if (!given || is_absent(given)) {
        const rnl_node nothing = {
            .type = RNL_MAPPING, .place = place, .key = (char *)(uintptr_t)kind->name};
        return rnl_schema_decode(kind->fields, &nothing, parameters);
    }
    if (kind->shorthand && !names_its_field(kind, given))
        return decode_value(rnl_field_find(kind->fields, kind->shorthand), given, parameters);
    return rnl_schema_decode(kind->fields, given, parameters);
}

static rnl_status decode_kind(const rnl_kind *kind, const rnl_node *given, rnl_place place,
                              rnl_choice *choice)
{
    char text[80];
    if (!kind->fields) {
        const char *hint = given && given->count > 0 && given->type == RNL_MAPPING
                               ? rnl_key_hint(given->items[0]->key)
                               : NULL;
        if (given && !is_absent(given) && !(given->type == RNL_MAPPING && given->count == 0))
            return rnl_fail_at(given->place, "%s takes no parameters, got %s%s%s", kind->name,
                               describe(given, text), hint ? "; " : "", hint ? hint : "");
        *choice = (rnl_choice){.kind = kind, .place = place};
        return RNL_OK;
    }
    void *parameters = calloc(1, kind->size);
    if (!parameters)
        return rnl_fail_memory(kind->size);
    const rnl_status status = decode_parameters(kind, given, place, parameters);
    if (status != RNL_OK) {
        free(parameters);
        return status;
    }
    *choice = (rnl_choice){.kind = kind, .parameters = parameters, .place = place};
    return RNL_OK;
}

static bool is_plain(const rnl_kind_table *table, const rnl_node *node)
{
    double number;
    return table->plain && node->type == RNL_SCALAR && !node->quoted &&
           rnl_parse_number(node->text, &number);
}

/* `name`, or `name: {parameters}` as the only key of a mapping. */
static rnl_status decode_choice(const rnl_kind_table *table, const rnl_node *node,
                                rnl_choice *choice)
{
    if (node->type == RNL_LIST || is_absent(node))
        return rnl_fail_at(node->place, "expected one %s: `name` or `name: {parameters}`",
                           table->noun);
    if (node->type == RNL_MAPPING && node->count > 0 && table->unnamed &&
        rnl_field_find(table->unnamed->fields, node->items[0]->key))
        return decode_kind(table->unnamed, node, node->place, choice);
    if (node->type == RNL_MAPPING && node->count != 1) {
        const rnl_kind *first = node->count > 1 ? rnl_kind_find(table, node->items[0]->key) : NULL;
        if (first && first->fields && rnl_field_find(first->fields, node->items[1]->key))
            return rnl_fail_at(node->items[1]->key_place,
                               "'%s' belongs to %s: indent it further, or write %s: {%s: ...}",
                               node->items[1]->key, first->name, first->name, node->items[1]->key);
        return rnl_fail_at(
            node->place, "expected one %s, got %zu%s%s%s%s", table->noun, node->count,
            node->count > 1 ? ": " : "", node->count > 1 ? node->items[0]->key : "",
            node->count > 1 ? " and " : "", node->count > 1 ? node->items[1]->key : "");
    }
    if (is_plain(table, node))
        return decode_kind(rnl_kind_find(table, table->plain), node, node->place, choice);
    const bool bare = node->type == RNL_SCALAR;
    const char *name = bare ? node->text : node->items[0]->key;
    const rnl_place place = bare ? node->place : node->items[0]->key_place;
    const rnl_kind *kind = rnl_kind_find(table, name);
    if (!kind)
        return rnl_fail_unknown_kind(table, place, name);
    return decode_kind(kind, bare ? NULL : node->items[0], place, choice);
}

static void release_choice(rnl_choice *choice)
{
    if (choice->kind && choice->kind->fields)
        rnl_schema_release(choice->kind->fields, choice->parameters);
    free(choice->parameters);
    *choice = (rnl_choice){0};
}

static void release_choices(rnl_choice_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        release_choice(&list->items[i]);
    free(list->items);
    *list = (rnl_choice_list){0};
}

static rnl_status decode_choices(const rnl_field *field, const rnl_node *node,
                                 rnl_choice_list *list)
{
    char expected[96];
    if (node->type != RNL_LIST) {
        snprintf(expected, sizeof expected, "a list of %s", field->kinds->plural);
        return fail_value(field, node, expected);
    }
    *list = (rnl_choice_list){.place = node->place};
    list->items = calloc(node->count + 1, sizeof *list->items);
    if (!list->items)
        return rnl_fail_memory((node->count + 1) * sizeof *list->items);
    for (size_t i = 0; i < node->count; ++i) {
        const rnl_status status =
            decode_choice(field->kinds, node->items[i], &list->items[list->count]);
        if (status != RNL_OK) {
            release_choices(list);
            return status;
        }
        ++list->count;
    }
    return RNL_OK;
}

static void release_named_choices(rnl_choice_map *map)
{
    for (size_t i = 0; i < map->count; ++i) {
        free(map->items[i].name);
        release_choice(&map->items[i].choice);
    }
    free(map->items);
    *map = (rnl_choice_map){0};
}

static rnl_status decode_named_choice(const rnl_field *field, const rnl_node *node,
                                      rnl_named_choice *item)
{
    RNL_TRY(decode_choice(field->kinds, node, &item->choice));
    item->place = node->key_place;
    item->name = strdup(node->key);
    if (item->name)
        return RNL_OK;
    release_choice(&item->choice);
    return rnl_fail_memory(strlen(node->key) + 1);
}

static rnl_status decode_named_choices(const rnl_field *field, const rnl_node *node,
                                       rnl_choice_map *map)
{
    char expected[96];
    snprintf(expected, sizeof expected, "a mapping of names to %s", field->kinds->plural);
    if (node->type != RNL_MAPPING)
        return fail_value(field, node, expected);
    *map = (rnl_choice_map){.items = calloc(node->count + 1, sizeof *map->items),
                            .place = node->place};
    if (!map->items)
        return rnl_fail_memory((node->count + 1) * sizeof *map->items);
    for (size_t i = 0; i < node->count; ++i) {
        const rnl_status status =
            decode_named_choice(field, node->items[i], &map->items[map->count]);
        if (status != RNL_OK) {
            release_named_choices(map);
            return status;
        }
        ++map->count;
    }
    return RNL_OK;
}

static rnl_status decode_value(const rnl_field *field, const rnl_node *node, void *target)
{
    void *value = member(target, field);
    switch (field->type) {
    case RNL_FIELD_INTEGER:
        return decode_integer(field, node, value);
    case RNL_FIELD_NUMBER:
        return decode_number(field, node, value);
    case RNL_FIELD_BOOLEAN:
        return decode_boolean(field, node, value);
    case RNL_FIELD_TEXT:
        return decode_text(field, node, value);
    case RNL_FIELD_TEXT_LIST:
        return decode_texts(field, node, value);
    case RNL_FIELD_NUMBER_LIST:
        return decode_number_list(field, node, value);
    case RNL_FIELD_NUMBER_MAP:
        return decode_numbers(field, node, value);
    case RNL_FIELD_KIND:
        if (is_absent(node) && field->fallback && strcmp(field->fallback, "null") == 0)
            return RNL_OK;
        return decode_choice(field->kinds, node, value);
    case RNL_FIELD_KIND_LIST:
        return decode_choices(field, node, value);
    case RNL_FIELD_KIND_MAP:
        return decode_named_choices(field, node, value);
    case RNL_FIELD_SECTION:
        return rnl_schema_decode(field->section, node, value);
    }
    return RNL_OK;
}

/* ---- mappings -------------------------------------------------------------------------------- */

static rnl_status decode_fallback(const rnl_field *field, const rnl_node *mapping, void *target)
{
    if (!field->fallback)
        return rnl_fail_at(mapping->place, "%s: the key '%s' is missing: %s",
                           mapping->key ? mapping->key : "configuration", field->key, field->help);
    rnl_tree tree;
    RNL_TRY(rnl_tree_read_text(&tree, "default", field->fallback));
    rnl_place place = mapping->place;
    place.origin = RNL_FROM_DEFAULT;
    rnl_node_set_places(tree.root, place);
    const rnl_status status = decode_value(field, tree.root, target);
    rnl_tree_free(&tree);
    return status;
}

static rnl_status decode_fields(const rnl_field *fields, const rnl_node *mapping, void *target)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        if (f->rewritten)
            continue;
        const rnl_node *given = rnl_node_get(mapping, f->key);
        RNL_TRY(given ? decode_value(f, given, target) : decode_fallback(f, mapping, target));
    }
    return RNL_OK;
}

/* Clears the struct, so that a failure in the middle can release all of it. */
static void clear(const rnl_field *fields, void *target)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        void *value = member(target, f);
        if (f->rewritten)
            continue;
        if (f->type == RNL_FIELD_TEXT)
            *(char **)value = NULL;
        else if (f->type == RNL_FIELD_TEXT_LIST)
            *(rnl_text_list *)value = (rnl_text_list){0};
        else if (f->type == RNL_FIELD_NUMBER_LIST)
            *(rnl_number_list *)value = (rnl_number_list){0};
        else if (f->type == RNL_FIELD_NUMBER_MAP)
            *(rnl_number_map *)value = (rnl_number_map){0};
        else if (f->type == RNL_FIELD_KIND)
            *(rnl_choice *)value = (rnl_choice){0};
        else if (f->type == RNL_FIELD_KIND_LIST)
            *(rnl_choice_list *)value = (rnl_choice_list){0};
        else if (f->type == RNL_FIELD_KIND_MAP)
            *(rnl_choice_map *)value = (rnl_choice_map){0};
        else if (f->type == RNL_FIELD_SECTION)
            clear(f->section, value);
    }
}

rnl_status rnl_schema_decode(const rnl_field *fields, const rnl_node *mapping, void *target)
{
    clear(fields, target);
    const char *context = mapping->key ? mapping->key : "configuration";
    char text[80];
    if (mapping->type != RNL_MAPPING)
        return rnl_fail_at(mapping->place, "%s: expected a mapping of keys to values, got %s",
                           context, describe(mapping, text));
    for (size_t i = 0; i < mapping->count; ++i)
        if (!rnl_field_find(fields, mapping->items[i]->key))
            return rnl_fail_unknown_key(fields, mapping->items[i], context);
    const rnl_status status = decode_fields(fields, mapping, target);
    if (status != RNL_OK)
        rnl_schema_release(fields, target);
    return status;
}

void rnl_schema_release(const rnl_field *fields, void *target)
{
    for (const rnl_field *f = fields; f->key; ++f) {
        void *value = member(target, f);
        if (f->rewritten)
            continue;
        if (f->type == RNL_FIELD_TEXT) {
            free(*(char **)value);
            *(char **)value = NULL;
        } else if (f->type == RNL_FIELD_TEXT_LIST) {
            release_texts(value);
        } else if (f->type == RNL_FIELD_NUMBER_LIST) {
            release_number_list(value);
        } else if (f->type == RNL_FIELD_NUMBER_MAP) {
            release_numbers(value);
        } else if (f->type == RNL_FIELD_KIND) {
            release_choice(value);
        } else if (f->type == RNL_FIELD_KIND_LIST) {
            release_choices(value);
        } else if (f->type == RNL_FIELD_KIND_MAP) {
            release_named_choices(value);
        } else if (f->type == RNL_FIELD_SECTION) {
            rnl_schema_release(f->section, value);
        }
    }
}
