/*
 * A field of one of the kinds of a table, with its parameters.
 */
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"
#include "engine/schema/unknown.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- decoding -------------------------------------------------------------------------------- */

static bool is_one_value(const rnl_field *field)
{
    return field->type == RNL_FIELD_INTEGER || field->type == RNL_FIELD_NUMBER ||
           field->type == RNL_FIELD_BOOLEAN || field->type == RNL_FIELD_TEXT;
}

/* A mapping is no value where that is one number or text: it has the parameters' keys. */
static bool names_its_field(const rnl_kind *kind, const rnl_node *given)
{
    return given->type == RNL_MAPPING && given->count == 1 &&
           (is_one_value(rnl_kind_shorthand(kind)) ||
            strcmp(given->items[0]->key, kind->shorthand) == 0);
}

/* The parameters as they were given: NULL or nothing, a mapping, or a shorthand's value. */
static rnl_status decode_parameters(const rnl_kind *kind, const rnl_node *given, rnl_place place,
                                    void *parameters)
{
    if (!given || rnl_node_is_empty(given)) {
        const rnl_node nothing = {
            .type = RNL_MAPPING, .place = place, .key = (char *)(uintptr_t)kind->name};
        return rnl_schema_decode(kind->fields, &nothing, parameters);
    }
    if (kind->shorthand && !names_its_field(kind, given)) {
        const rnl_field *field = rnl_kind_shorthand(kind);
        return rnl_field_operations_of(field)->decode(field, given,
                                                      (char *)parameters + field->offset);
    }
    return rnl_schema_decode(kind->fields, given, parameters);
}

static rnl_status fail_no_parameters(const rnl_kind *kind, const rnl_node *given)
{
    char text[80];
    return given->type == RNL_MAPPING ? rnl_fail_no_parameter(kind, given->items[0])
                                      : rnl_fail_at(given->place, "%s takes no parameters, got %s",
                                                    kind->name, rnl_node_describe(given, text));
}

static rnl_status decode_plain_kind(const rnl_kind *kind, const rnl_node *given, rnl_place place,
                                    rnl_choice *choice)
{
    if (!kind->fields) {
        if (given && !rnl_node_is_empty(given) &&
            !(given->type == RNL_MAPPING && given->count == 0))
            return fail_no_parameters(kind, given);
        *choice = (rnl_choice){.kind = kind, .place = place};
        return RNL_OK;
    }
    void *parameters = calloc(1, kind->size);
    if (!parameters)
        return rnl_fail_memory(kind->size);
    const rnl_status status = decode_parameters(kind, given, place, parameters);
    if (status != RNL_OK) {
        rnl_schema_release(kind->fields, parameters);
        free(parameters);
        return status;
    }
    *choice = (rnl_choice){.kind = kind, .parameters = parameters, .place = place};
    return RNL_OK;
}

/* ---- names ----------------------------------------------------------------------------------- */

#define NAME_BYTES 48

/* A name stands in names of tensors, in lists and in ranges. */
static bool is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                      rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    static const char *const taken[] = {"all", "own", "scaling", "target_scaling"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; ++i)
        if (strcmp(text, taken[i]) == 0)
            return false;
    return *text && strchr(letters, *text) && text[strspn(text, rest)] == '\0' &&
           strlen(text) <= NAME_BYTES;
}

static rnl_status decode_name(const rnl_node *node, rnl_choice *choice)
{
    char text[80];
    if (rnl_node_is_empty(node))
        return RNL_OK;
    if (node->type != RNL_SCALAR || !is_name(node->text))
        return rnl_fail_at(
            node->place,
            "name: expected a letter, then letters, digits, _ and -, at most %d, and "
            "not all, own, scaling or target_scaling; got %s",
            NAME_BYTES, rnl_node_describe(node, text));
    choice->name = strdup(node->text);
    choice->name_place = node->place;
    return choice->name ? RNL_OK : rnl_fail_memory(NAME_BYTES);
}

/* A view of the mapping without one of its items. */
static rnl_status view_without(const rnl_node *mapping, size_t index, rnl_node *view)
{
    *view = *mapping;
    view->items = malloc(mapping->count * sizeof *view->items);
    if (!view->items)
        return rnl_fail_memory(mapping->count * sizeof *view->items);
    view->count = 0;
    for (size_t i = 0; i < mapping->count; ++i)
        if (i != index)
            view->items[view->count++] = mapping->items[i];
    return RNL_OK;
}

static size_t name_among(const rnl_kind_table *table, const rnl_node *given)
{
    return table->named && given && given->type == RNL_MAPPING ? rnl_node_find(given, RNL_NAME_KEY)
                                                               : SIZE_MAX;
}

/* The parameters of a choice, its name among them. */
static rnl_status decode_kind(const rnl_kind_table *table, const rnl_kind *kind,
                              const rnl_node *given, rnl_place place, rnl_choice *choice)
{
    const size_t at = name_among(table, given);
    if (at == SIZE_MAX || at == given->count)
        return decode_plain_kind(kind, given, place, choice);
    rnl_node rest;
    RNL_TRY(view_without(given, at, &rest));
    rnl_status status = decode_plain_kind(kind, rest.count > 0 ? &rest : NULL, place, choice);
    free(rest.items);
    RNL_TRY(status);
    status = decode_name(given->items[at], choice);
    if (status != RNL_OK)
        rnl_choice_release(choice);
    return status;
}

static bool is_plain(const rnl_kind_table *table, const rnl_node *node)
{
    double number;
    return table->plain && node->type == RNL_SCALAR && !node->quoted &&
           rnl_parse_number(node->text, &number);
}

/* Messages call a mapping in a list by the kind. */
static rnl_status decode_unnamed(const rnl_kind_table *table, const rnl_node *node,
                                 rnl_choice *choice)
{
    rnl_node named = *node;
    if (!named.key)
        named.key = (char *)(uintptr_t)table->unnamed->name;
    return decode_kind(table, table->unnamed, &named, node->place, choice);
}

/* The kind that a mapping names by a value, as `{type: adam}` does, or NULL. */
static const rnl_kind *named_by_value(const rnl_kind_table *table, const rnl_node *node)
{
    for (size_t i = 0; node->type == RNL_MAPPING && i < node->count; ++i) {
        const rnl_node *item = node->items[i];
        if (item->type == RNL_SCALAR && !rnl_kind_find(table, item->key) &&
            rnl_kind_find(table, item->text))
            return rnl_kind_find(table, item->text);
    }
    return NULL;
}

static rnl_status fail_named_by_value(const rnl_kind *kind, const rnl_kind_table *table,
                                      const rnl_node *node)
{
    return rnl_fail_at(node->items[0]->key_place,
                       "expected one %s, as `%s` or `%s: {...}`, got the key '%.60s'", table->noun,
                       kind->name, kind->name, node->items[0]->key);
}

static rnl_status fail_count(const rnl_kind_table *table, const rnl_node *node)
{
    if (node->count == 0)
        return rnl_fail_at(node->place, "expected one %s, got 0", table->noun);
    const rnl_node *one = node->items[0], *two = node->items[1];
    const rnl_kind *first = rnl_kind_find(table, one->key),
                   *second = rnl_kind_find(table, two->key), *named = named_by_value(table, node);
    if (first && ((first->fields && rnl_field_find(first->fields, two->key)) ||
                  (table->named && strcmp(two->key, RNL_NAME_KEY) == 0)))
        return rnl_fail_at(two->key_place,
                           "'%s' belongs to %s: indent it further, or write %s: {%s: ...}",
                           two->key, first->name, first->name, two->key);
    if (first && node->count == 2 && !second && rnl_kind_nearest(table, two->key))
        return rnl_fail_unknown_kind(table, two->key_place, two->key);
    if (!first && (rnl_kind_nearest(table, one->key) || (!named && !second)))
        return rnl_fail_unknown_kind(table, one->key_place, one->key);
    if (!first && named)
        return fail_named_by_value(named, table, node);
    return rnl_fail_at(node->place, "expected one %s, got %zu: %s and %s", table->noun, node->count,
                       one->key, two->key);
}

/* `name`, or `name: {parameters}` as the only key of a mapping. */
rnl_status rnl_choice_decode(const rnl_kind_table *table, const rnl_node *node, rnl_choice *choice)
{
    if (node->type == RNL_LIST || rnl_node_is_empty(node))
        return rnl_fail_at(node->place, "expected one %s: `name` or `name: {parameters}`",
                           table->noun);
    if (node->type == RNL_MAPPING && node->count > 0 && table->unnamed &&
        (rnl_field_find(table->unnamed->fields, node->items[0]->key) ||
         (table->kinds == table->unnamed && !rnl_kind_find(table, node->items[0]->key))))
        return decode_unnamed(table, node, choice);
    if (node->type == RNL_MAPPING && node->count != 1)
        return fail_count(table, node);
    if (is_plain(table, node))
        return decode_kind(table, rnl_kind_find(table, table->plain), node, node->place, choice);
    const bool bare = node->type == RNL_SCALAR;
    const char *name = bare ? node->text : node->items[0]->key;
    const rnl_place place = bare ? node->place : node->items[0]->key_place;
    const rnl_kind *kind = rnl_kind_find(table, name);
    if (kind)
        return decode_kind(table, kind, bare ? NULL : node->items[0], place, choice);
    const rnl_kind *named = rnl_kind_nearest(table, name) ? NULL : named_by_value(table, node);
    return named ? fail_named_by_value(named, table, node)
                 : rnl_fail_unknown_kind(table, place, name);
}

void rnl_choice_release(rnl_choice *choice)
{
    if (choice->kind && choice->kind->fields)
        rnl_schema_release(choice->kind->fields, choice->parameters);
    free(choice->parameters);
    free(choice->name);
    *choice = (rnl_choice){0};
}

static rnl_status decode_field(const rnl_field *field, const rnl_node *node, void *value)
{
    if (rnl_node_is_empty(node) && field->fallback && strcmp(field->fallback, "null") == 0)
        return RNL_OK;
    return rnl_choice_decode(field->kinds, node, value);
}

static void release_field(const rnl_field *field, void *value)
{
    (void)field;
    rnl_choice_release(value);
}

/* ---- printing -------------------------------------------------------------------------------- */

/* `{parameters, name: name}` */
static void print_with_name(const rnl_printer *p, const rnl_choice *choice)
{
    const rnl_field *fields = choice->kind->fields;
    fputc('{', p->out);
    if (fields)
        rnl_print_items(p, fields, choice->parameters);
    fputs(fields ? ", " : "", p->out);
    rnl_print_word(p, RNL_NAME_KEY);
    fputs(": ", p->out);
    rnl_print_quoted(p, choice->name);
    fputc('}', p->out);
}

void rnl_choice_print_bare(const rnl_printer *p, const rnl_choice *choice)
{
    rnl_print_word(p, choice->kind->name);
    if (!choice->kind->fields && !choice->name)
        return;
    fputs(": ", p->out);
    if (choice->name)
        print_with_name(p, choice);
    else if (choice->kind->shorthand)
        rnl_print_value(p, rnl_kind_shorthand(choice->kind), choice->parameters);
    else
        rnl_print_fields(p, choice->kind->fields, choice->parameters);
}

void rnl_choice_print(const rnl_printer *p, const rnl_choice *choice)
{
    if (!choice->kind) {
        fputs("null", p->out);
        return;
    }
    const bool braces = choice->kind->fields || choice->name;
    fputs(braces ? "{" : "", p->out);
    rnl_choice_print_bare(p, choice);
    fputs(braces ? "}" : "", p->out);
}

static bool is_unnamed(const rnl_kind_table *table, const rnl_choice *choice)
{
    return choice->kind && choice->kind == table->unnamed;
}

static void print_field(const rnl_printer *p, const rnl_field *field, const void *value)
{
    const rnl_choice *choice = value;
    if (rnl_choice_is_plain(field->kinds, choice))
        rnl_print_value(p, rnl_kind_shorthand(choice->kind), choice->parameters);
    else if (is_unnamed(field->kinds, choice))
        rnl_print_fields(p, choice->kind->fields, choice->parameters);
    else
        rnl_choice_print(p, choice);
}

/* ---- origins --------------------------------------------------------------------------------- */

/* A choice was written `name`, or as a mapping with the parameters. */
static const rnl_node *parameters_of(const rnl_node *given)
{
    return given && given->type == RNL_MAPPING && given->count == 1 ? given->items[0] : NULL;
}

static rnl_origin origin_of_name(const rnl_node *given)
{
    const rnl_node *parameters = parameters_of(given);
    return parameters ? parameters->key_place.origin : rnl_origin_of(given);
}

static void explain_name(rnl_explainer *e, const rnl_choice *choice, const rnl_node *parameters,
                         int indent)
{
    if (!choice->name)
        return;
    fprintf(e->p.out, "%*s%s: ", indent, "", RNL_NAME_KEY);
    rnl_print_quoted(&e->p, choice->name);
    rnl_explain_end_line(e,
                         rnl_origin_of(parameters ? rnl_node_get(parameters, RNL_NAME_KEY) : NULL));
}

void rnl_choice_explain_parameters(rnl_explainer *e, const rnl_choice *choice,
                                   const rnl_node *given, int indent)
{
    const rnl_kind *kind = choice->kind;
    const rnl_node *parameters = parameters_of(given);
    if (!kind->fields && !choice->name) {
        rnl_explain_end_line(e, origin_of_name(given));
        return;
    }
    fputc(':', e->p.out);
    if (!kind->shorthand || choice->name) {
        rnl_explain_end_line(e, origin_of_name(given));
        explain_name(e, choice, parameters, indent + 2);
        if (kind->fields)
            rnl_explain_fields(e, kind->fields, choice->parameters, parameters, indent + 2);
        return;
    }
    const rnl_field *field = rnl_kind_shorthand(kind);
    const rnl_node *named = parameters ? rnl_node_get(parameters, field->key) : NULL;
    rnl_explain_value(e, field, choice->parameters, named ? named : parameters, indent);
}

static void explain_choice(rnl_explainer *e, const rnl_choice *choice, const rnl_node *given,
                           int indent)
{
    if (!choice->kind) {
        fputs(" null", e->p.out);
        rnl_explain_end_line(e, rnl_origin_of(given));
        return;
    }
    if (choice->kind->fields) {
        rnl_explain_end_heading(e);
        fprintf(e->p.out, "%*s", indent + 1, "");
    }
    fprintf(e->p.out, " %s", choice->kind->name);
    rnl_choice_explain_parameters(e, choice, given, indent + 2);
}

static void explain_field(rnl_explainer *e, const rnl_field *field, const void *value,
                          const rnl_node *given, int indent)
{
    if (rnl_choice_is_plain(field->kinds, value) || is_unnamed(field->kinds, value))
        rnl_explain_plain(e, field, value, given);
    else
        explain_choice(e, value, given, indent);
}

static void describe_field(FILE *out, const rnl_field *field)
{
    fprintf(out, "%sone of the %s", field->kinds->plain ? "number, or " : "", field->kinds->plural);
}

const rnl_field_operations rnl_kind_field = {
    .size = sizeof(rnl_choice),
    .decode = decode_field,
    .release = release_field,
    .print = print_field,
    .explain = explain_field,
    .describe = describe_field,
};
