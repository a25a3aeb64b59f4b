/*
 * Fields of several texts or numbers: in a list, or by names of the user's own.
 */
#include "engine/base/error.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists of texts -------------------------------------------------------------------------- */

/* A list of texts; a single one stands for a list of one. */
static rnl_status decode_texts(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_text_list *list = value;
    const bool single = node->type == RNL_SCALAR && !rnl_node_is_empty(node);
    if (node->type != RNL_LIST && !single)
        return rnl_fail_value(field, node, "text or a list of texts");
    const size_t count = single ? 1 : node->count;
    *list = (rnl_text_list){.items = calloc(count + 1, sizeof *list->items), .place = node->place};
    if (!list->items)
        return rnl_fail_memory((count + 1) * sizeof *list->items);
    for (size_t i = 0; i < count; ++i) {
        RNL_TRY(rnl_text_field.decode(field, single ? node : node->items[i],
                                      &list->items[list->count]));
        list->count += list->items[list->count] != NULL;
    }
    return RNL_OK;
}

static void release_texts(const rnl_field *field, void *value)
{
    (void)field;
    rnl_text_list *list = value;
    for (size_t i = 0; i < list->count; ++i)
        free(list->items[i]);
    free(list->items);
}

static void print_texts(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    const rnl_text_list *list = value;
    fputc('[', p->out);
    for (size_t i = 0; i < list->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_quoted(p, list->items[i]);
    }
    fputc(']', p->out);
}

static void describe_texts(FILE *out, const rnl_field *field)
{
    (void)field;
    fputs("text or list of texts", out);
}

const rnl_field_operations rnl_text_list_field = {
    .size = sizeof(rnl_text_list),
    .decode = decode_texts,
    .release = release_texts,
    .print = print_texts,
    .describe = describe_texts,
};

/* ---- lists of numbers ------------------------------------------------------------------------ */

static rnl_status decode_number_list(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_number_list *list = value;
    if (node->type != RNL_LIST)
        return rnl_fail_value(field, node, "a list of numbers");
    *list = (rnl_number_list){.items = calloc(node->count + 1, sizeof *list->items),
                              .place = node->place};
    if (!list->items)
        return rnl_fail_memory((node->count + 1) * sizeof *list->items);
    for (size_t i = 0; i < node->count; ++i)
        RNL_TRY(rnl_number_field.decode(field, node->items[i], &list->items[list->count++]));
    return RNL_OK;
}

static void release_number_list(const rnl_field *field, void *value)
{
    (void)field;
    free(((rnl_number_list *)value)->items);
}

static void print_number_list(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    const rnl_number_list *list = value;
    fputc('[', p->out);
    for (size_t i = 0; i < list->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_number(p, list->items[i]);
    }
    fputc(']', p->out);
}

static void describe_number_list(FILE *out, const rnl_field *field)
{
    fprintf(out, "list of numbers from %.15g to %.15g", field->minimum, field->maximum);
}

const rnl_field_operations rnl_number_list_field = {
    .size = sizeof(rnl_number_list),
    .decode = decode_number_list,
    .release = release_number_list,
    .print = print_number_list,
    .describe = describe_number_list,
};

/* ---- numbers by name ------------------------------------------------------------------------- */

static rnl_status decode_named_number(const rnl_field *field, const rnl_node *node,
                                      rnl_named_number *item)
{
    RNL_TRY(rnl_number_field.decode(field, node, &item->value));
    item->place = node->key_place;
    item->name = strdup(node->key);
    return item->name ? RNL_OK : rnl_fail_memory(strlen(node->key) + 1);
}

static rnl_status decode_numbers(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_number_map *map = value;
    char expected[96];
    snprintf(expected, sizeof expected, "a mapping of names to numbers%s%s",
             field->word ? ", or " : "", field->word ? field->word : "");
    if (field->word && node->type == RNL_SCALAR && strcmp(node->text, field->word) == 0) {
        *map = (rnl_number_map){.word = true, .place = node->place};
        return RNL_OK;
    }
    if (node->type != RNL_MAPPING)
        return rnl_fail_value(field, node, expected);
    *map = (rnl_number_map){.items = calloc(node->count + 1, sizeof *map->items),
                            .place = node->place};
    if (!map->items)
        return rnl_fail_memory((node->count + 1) * sizeof *map->items);
    for (size_t i = 0; i < node->count; ++i) {
        RNL_TRY(decode_named_number(field, node->items[i], &map->items[map->count]));
        ++map->count;
    }
    return RNL_OK;
}

static void release_numbers(const rnl_field *field, void *value)
{
    (void)field;
    rnl_number_map *map = value;
    for (size_t i = 0; i < map->count; ++i)
        free(map->items[i].name);
    free(map->items);
}

static void print_named(const rnl_printer *p, const rnl_named_number *item)
{
    rnl_print_quoted(p, item->name);
    fputs(": ", p->out);
    rnl_print_number(p, item->value);
}

static void print_numbers(const rnl_printer *p, const rnl_field *field, const void *value)
{
    const rnl_number_map *map = value;
    if (map->word) {
        rnl_print_word(p, field->word);
        return;
    }
    fputc('{', p->out);
    for (size_t i = 0; i < map->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        print_named(p, &map->items[i]);
    }
    fputc('}', p->out);
}

static void explain_numbers(rnl_explainer *e, const rnl_field *field, const void *value,
                            const rnl_node *given, int indent)
{
    const rnl_number_map *map = value;
    if (map->count == 0) {
        rnl_explain_plain(e, field, value, given);
        return;
    }
    rnl_explain_end_heading(e);
    for (size_t i = 0; i < map->count; ++i) {
        fprintf(e->p.out, "%*s", indent + 2, "");
        print_named(&e->p, &map->items[i]);
        rnl_explain_end_line(e, rnl_origin_of(given ? given->items[i] : NULL));
    }
}

static void describe_numbers(FILE *out, const rnl_field *field)
{
    fprintf(out, "mapping of names to numbers from %.15g to %.15g", field->minimum, field->maximum);
    if (field->word)
        fprintf(out, ", or %s", field->word);
}

const rnl_field_operations rnl_number_map_field = {
    .size = sizeof(rnl_number_map),
    .decode = decode_numbers,
    .release = release_numbers,
    .print = print_numbers,
    .explain = explain_numbers,
    .describe = describe_numbers,
};
