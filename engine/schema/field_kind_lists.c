/*
 * Fields of several kinds: in a list, or by names of the user's own.
 */
#include "engine/base/error.h"
#include "engine/schema/field_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ----------------------------------------------------------------------------------- */

static rnl_status decode_choices(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_choice_list *list = value;
    char expected[96];
    snprintf(expected, sizeof expected, "a list of %s", field->kinds->plural);
    if (node->type != RNL_LIST)
        return rnl_fail_value(field, node, expected);
    *list = (rnl_choice_list){.items = calloc(node->count + 1, sizeof *list->items),
                              .place = node->place};
    if (!list->items)
        return rnl_fail_memory((node->count + 1) * sizeof *list->items);
    for (size_t i = 0; i < node->count; ++i) {
        RNL_TRY(rnl_choice_decode(field->kinds, node->items[i], &list->items[list->count]));
        ++list->count;
    }
    return RNL_OK;
}

static void release_choices(const rnl_field *field, void *value)
{
    (void)field;
    rnl_choice_list *list = value;
    for (size_t i = 0; i < list->count; ++i)
        rnl_choice_release(&list->items[i]);
    free(list->items);
}

static bool is_unnamed(const rnl_field *field)
{
    return field->kinds->kinds == field->kinds->unnamed;
}

static void print_choices(const rnl_printer *p, const rnl_field *field, const void *value)
{
    const rnl_choice_list *list = value;
    fputc('[', p->out);
    for (size_t i = 0; i < list->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        if (is_unnamed(field))
            rnl_print_fields(p, field->kinds->unnamed->fields, list->items[i].parameters);
        else
            rnl_choice_print(p, &list->items[i]);
    }
    fputc(']', p->out);
}

static void print_block(const rnl_printer *p, const rnl_field *field, const void *value, int indent)
{
    const rnl_choice_list *list = value;
    if (list->count == 0) {
        fputc(' ', p->out);
        print_choices(p, field, value);
    }
    for (size_t i = 0; i < list->count; ++i) {
        fprintf(p->out, "\n%*s- ", indent + 2, "");
        if (is_unnamed(field))
            rnl_print_fields(p, field->kinds->unnamed->fields, list->items[i].parameters);
        else
            rnl_choice_print_bare(p, &list->items[i]);
    }
    fputc('\n', p->out);
}

static void explain_choices(rnl_explainer *e, const rnl_field *field, const void *value,
                            const rnl_node *given, int indent)
{
    const rnl_choice_list *list = value;
    if (list->count == 0 || is_unnamed(field)) {
        rnl_explain_plain(e, field, value, given);
        return;
    }
    rnl_explain_end_heading(e);
    for (size_t i = 0; i < list->count; ++i) {
        fprintf(e->p.out, "%*s- %s", indent + 2, "", list->items[i].kind->name);
        rnl_choice_explain_parameters(e, &list->items[i], given ? given->items[i] : NULL,
                                      indent + 4);
    }
}

static void describe_choices(FILE *out, const rnl_field *field)
{
    fprintf(out, "list of %s", field->kinds->plural);
}

const rnl_field_operations rnl_kind_list_field = {
    .size = sizeof(rnl_choice_list),
    .decode = decode_choices,
    .release = release_choices,
    .print = print_choices,
    .print_block = print_block,
    .explain = explain_choices,
    .describe = describe_choices,
};

/* ---- by name --------------------------------------------------------------------------------- */

static rnl_status decode_named_choice(const rnl_field *field, const rnl_node *node,
                                      rnl_named_choice *item)
{
    RNL_TRY(rnl_choice_decode(field->kinds, node, &item->choice));
    item->place = node->key_place;
    item->name = strdup(node->key);
    if (item->name)
        return RNL_OK;
    rnl_choice_release(&item->choice);
    return rnl_fail_memory(strlen(node->key) + 1);
}

static rnl_status decode_named_choices(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_choice_map *map = value;
    char expected[96];
    snprintf(expected, sizeof expected, "a mapping of names to %s", field->kinds->plural);
    if (node->type != RNL_MAPPING)
        return rnl_fail_value(field, node, expected);
    *map = (rnl_choice_map){.items = calloc(node->count + 1, sizeof *map->items),
                            .place = node->place};
    if (!map->items)
        return rnl_fail_memory((node->count + 1) * sizeof *map->items);
    for (size_t i = 0; i < node->count; ++i) {
        RNL_TRY(decode_named_choice(field, node->items[i], &map->items[map->count]));
        ++map->count;
    }
    return RNL_OK;
}

static void release_named_choices(const rnl_field *field, void *value)
{
    (void)field;
    rnl_choice_map *map = value;
    for (size_t i = 0; i < map->count; ++i) {
        free(map->items[i].name);
        rnl_choice_release(&map->items[i].choice);
    }
    free(map->items);
}

static void print_named_choices(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    const rnl_choice_map *map = value;
    fputc('{', p->out);
    for (size_t i = 0; i < map->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_quoted(p, map->items[i].name);
        fputs(": ", p->out);
        rnl_choice_print(p, &map->items[i].choice);
    }
    fputc('}', p->out);
}

static void describe_named_choices(FILE *out, const rnl_field *field)
{
    fprintf(out, "mapping of names to %s", field->kinds->plural);
}

const rnl_field_operations rnl_kind_map_field = {
    .size = sizeof(rnl_choice_map),
    .decode = decode_named_choices,
    .release = release_named_choices,
    .print = print_named_choices,
    .describe = describe_named_choices,
};
