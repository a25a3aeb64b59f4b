/*
 * Fields of several texts or numbers: in a list, or by names of the user's own.
 */
#include "engine/base/error.h"
#include "engine/schema/field_items.h"
#include "engine/schema/node.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- lists of texts -------------------------------------------------------------------------- */

static const rnl_item_type text_items = {.size = sizeof(char *), .value = &rnl_text_field};

/* Leaves out what stands for no text. */
static void close_ranks(rnl_text_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; ++i)
        if (list->items[i])
            list->items[count++] = list->items[i];
    list->count = count;
}

/* A list of texts; a single one stands for a list of one. */
static rnl_status decode_texts(const rnl_field *field, const rnl_node *node, void *value)
{
    rnl_node *single = (rnl_node *)(uintptr_t)node;
    rnl_node list = *node;
    if (node->type == RNL_SCALAR && !rnl_node_is_empty(node)) {
        list.type = RNL_LIST;
        list.count = 1;
        list.items = &single;
    }
    const rnl_status status =
        rnl_items_decode(&text_items, field, &list, "text or a list of texts", value);
    close_ranks(value);
    return status;
}

static void release_texts(const rnl_field *field, void *value)
{
    rnl_items_release(&text_items, field, value);
}

static void print_texts(const rnl_printer *p, const rnl_field *field, const void *value)
{
    rnl_items_print(&text_items, p, field, value);
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

/* ---- texts by name --------------------------------------------------------------------------- */

static const rnl_item_type named_texts = {
    .size = sizeof(rnl_named_text),
    .value_offset = offsetof(rnl_named_text, text),
    .value = &rnl_text_field,
};

static rnl_status decode_named_texts(const rnl_field *field, const rnl_node *node, void *value)
{
    const rnl_text_map *map = value;
    RNL_TRY(rnl_items_decode(&named_texts, field, node, "a mapping of names to names", value));
    for (size_t i = 0; i < map->count; ++i)
        if (!map->items[i].text)
            return rnl_fail_value(field, node->items[i], "a name behind each name");
    return RNL_OK;
}

static void release_named_texts(const rnl_field *field, void *value)
{
    rnl_items_release(&named_texts, field, value);
}

static void print_named_texts(const rnl_printer *p, const rnl_field *field, const void *value)
{
    rnl_items_print(&named_texts, p, field, value);
}

static void describe_named_texts(FILE *out, const rnl_field *field)
{
    (void)field;
    fputs("mapping of names to names", out);
}

const rnl_field_operations rnl_text_map_field = {
    .size = sizeof(rnl_text_map),
    .decode = decode_named_texts,
    .release = release_named_texts,
    .print = print_named_texts,
    .describe = describe_named_texts,
};

/* ---- lists of numbers ------------------------------------------------------------------------ */

static const rnl_item_type number_items = {.size = sizeof(double), .value = &rnl_number_field};

static rnl_status decode_numbers(const rnl_field *field, const rnl_node *node, void *value)
{
    return rnl_items_decode(&number_items, field, node, "a list of numbers", value);
}

static void release_numbers(const rnl_field *field, void *value)
{
    rnl_items_release(&number_items, field, value);
}

static void print_numbers(const rnl_printer *p, const rnl_field *field, const void *value)
{
    rnl_items_print(&number_items, p, field, value);
}

static void describe_numbers(FILE *out, const rnl_field *field)
{
    fprintf(out, "list of numbers from %.15g to %.15g", field->minimum, field->maximum);
}

const rnl_field_operations rnl_number_list_field = {
    .size = sizeof(rnl_number_list),
    .decode = decode_numbers,
    .release = release_numbers,
    .print = print_numbers,
    .describe = describe_numbers,
};

/* ---- numbers by name, or a word in their place ------------------------------------------------
 */

static const rnl_item_type named_numbers = {
    .size = sizeof(rnl_named_number),
    .value_offset = offsetof(rnl_named_number, value),
    .value = &rnl_number_field,
};

static rnl_status decode_named_numbers(const rnl_field *field, const rnl_node *node, void *value)
{
    char expected[96];
    snprintf(expected, sizeof expected, "a mapping of names to numbers%s%s",
             field->word ? ", or " : "", field->word ? field->word : "");
    if (field->word && node->type == RNL_SCALAR && strcmp(node->text, field->word) == 0) {
        *(rnl_number_map *)value = (rnl_number_map){.word = true, .place = node->place};
        return RNL_OK;
    }
    return rnl_items_decode(&named_numbers, field, node, expected, value);
}

static void release_named_numbers(const rnl_field *field, void *value)
{
    rnl_items_release(&named_numbers, field, value);
}

static void print_named_numbers(const rnl_printer *p, const rnl_field *field, const void *value)
{
    const rnl_number_map *map = value;
    if (map->word)
        rnl_print_word(p, field->word);
    else
        rnl_items_print(&named_numbers, p, field, value);
}

static void explain_named_numbers(rnl_explainer *e, const rnl_field *field, const void *value,
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
        rnl_item_print(&named_numbers, &e->p, field, value, i);
        rnl_explain_end_line(e, rnl_origin_of(given ? given->items[i] : NULL));
    }
}

static void describe_named_numbers(FILE *out, const rnl_field *field)
{
    fprintf(out, "mapping of names to numbers from %.15g to %.15g", field->minimum, field->maximum);
    if (field->word)
        fprintf(out, ", or %s", field->word);
}

const rnl_field_operations rnl_number_map_field = {
    .size = sizeof(rnl_number_map),
    .decode = decode_named_numbers,
    .release = release_named_numbers,
    .print = print_named_numbers,
    .explain = explain_named_numbers,
    .describe = describe_named_numbers,
};
