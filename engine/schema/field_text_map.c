/*
 * Fields of texts by names of the user's own.
 */
#include "engine/base/error.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rnl_status decode_item(const rnl_field *field, const rnl_node *node, rnl_named_text *item)
{
    item->place = node->key_place;
    item->name = strdup(node->key);
    if (!item->name)
        return rnl_fail_memory(strlen(node->key) + 1);
    RNL_TRY(rnl_text_field.decode(field, node, &item->text));
    return item->text ? RNL_OK : rnl_fail_value(field, node, "a name behind each name");
}

static rnl_status decode(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_text_map *map = value;
    if (node->type != RNL_MAPPING)
        return rnl_fail_value(field, node, "a mapping of names to names");
    *map =
        (rnl_text_map){.items = calloc(node->count + 1, sizeof *map->items), .place = node->place};
    if (!map->items)
        return rnl_fail_memory((node->count + 1) * sizeof *map->items);
    for (size_t i = 0; i < node->count; ++i)
        RNL_TRY(decode_item(field, node->items[i], &map->items[map->count++]));
    return RNL_OK;
}

static void release(const rnl_field *field, void *value)
{
    (void)field;
    rnl_text_map *map = value;
    for (size_t i = 0; i < map->count; ++i) {
        free(map->items[i].name);
        free(map->items[i].text);
    }
    free(map->items);
}

static void print(const rnl_printer *p, const rnl_field *field, const void *value)
{
    (void)field;
    const rnl_text_map *map = value;
    fputc('{', p->out);
    for (size_t i = 0; i < map->count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_print_quoted(p, map->items[i].name);
        fputs(": ", p->out);
        rnl_print_quoted(p, map->items[i].text);
    }
    fputc('}', p->out);
}

static void describe(FILE *out, const rnl_field *field)
{
    (void)field;
    fputs("mapping of names to names", out);
}

const rnl_field_operations rnl_text_map_field = {
    .size = sizeof(rnl_text_map),
    .decode = decode,
    .release = release,
    .print = print,
    .describe = describe,
};
