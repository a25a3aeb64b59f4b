#include "engine/schema/field_items.h"

#include "engine/base/error.h"
#include "engine/schema/node.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGINS_AS_ITEMS(type)                                                                      \
    _Static_assert(offsetof(type, count) == offsetof(rnl_items, count) &&                          \
                       offsetof(type, items) == offsetof(rnl_items, items) &&                      \
                       offsetof(type, place) == offsetof(rnl_items, place),                        \
                   #type)
BEGINS_AS_ITEMS(rnl_text_list);
BEGINS_AS_ITEMS(rnl_number_list);
BEGINS_AS_ITEMS(rnl_choice_list);
BEGINS_AS_ITEMS(rnl_number_map);
BEGINS_AS_ITEMS(rnl_text_map);
BEGINS_AS_ITEMS(rnl_choice_map);

#define BEGINS_AS_NAMED(type)                                                                      \
    _Static_assert(offsetof(type, name) == 0 &&                                                    \
                       offsetof(type, place) == offsetof(rnl_named_number, place),                 \
                   #type)
BEGINS_AS_NAMED(rnl_named_number);
BEGINS_AS_NAMED(rnl_named_text);
BEGINS_AS_NAMED(rnl_named_choice);

/* A pointer of any type is read and written as one to void by copying it. */
static rnl_items items_of(const void *value)
{
    rnl_items items;
    memcpy(&items, value, sizeof items);
    return items;
}

static char *item_at(const rnl_item_type *type, const rnl_items *items, size_t index)
{
    return (char *)items->items + index * type->size;
}

static char **name_of(char *item)
{
    return (char **)item;
}

static rnl_status decode_name(const rnl_node *node, char *item)
{
    const size_t place = offsetof(rnl_named_number, place);
    memcpy(item + place, &node->key_place, sizeof node->key_place);
    *name_of(item) = strdup(node->key);
    return *name_of(item) ? RNL_OK : rnl_fail_memory(strlen(node->key) + 1);
}

static rnl_status decode_item(const rnl_item_type *type, const rnl_field *field,
                              const rnl_node *node, char *item)
{
    if (type->value_offset > 0)
        RNL_TRY(decode_name(node, item));
    return type->value->decode(field, node, item + type->value_offset);
}

rnl_status rnl_items_decode(const rnl_item_type *type, const rnl_field *field, const rnl_node *node,
                            const char *expected, void *value)
{
    if (node->type != (type->value_offset > 0 ? RNL_MAPPING : RNL_LIST))
        return rnl_fail_value(field, node, expected);
    rnl_items items = {.items = calloc(node->count + 1, type->size), .place = node->place};
    if (!items.items)
        return rnl_fail_memory((node->count + 1) * type->size);
    rnl_status status = RNL_OK;
    while (status == RNL_OK && items.count < node->count) {
        char *item = item_at(type, &items, items.count);
        status = decode_item(type, field, node->items[items.count++], item);
    }
    memcpy(value, &items, sizeof items);
    return status;
}

void rnl_items_release(const rnl_item_type *type, const rnl_field *field, void *value)
{
    const rnl_items items = items_of(value);
    for (size_t i = 0; i < items.count; ++i) {
        char *item = item_at(type, &items, i);
        if (type->value->release)
            type->value->release(field, item + type->value_offset);
        if (type->value_offset > 0)
            free(*name_of(item));
    }
    free(items.items);
}

void rnl_item_print(const rnl_item_type *type, const rnl_printer *p, const rnl_field *field,
                    const void *value, size_t index)
{
    const rnl_items items = items_of(value);
    char *item = item_at(type, &items, index);
    if (type->value_offset > 0) {
        rnl_print_quoted(p, *name_of(item));
        fputs(": ", p->out);
    }
    type->value->print(p, field, item + type->value_offset);
}

void rnl_items_print(const rnl_item_type *type, const rnl_printer *p, const rnl_field *field,
                     const void *value)
{
    const bool named = type->value_offset > 0;
    const size_t count = items_of(value).count;
    fputc(named ? '{' : '[', p->out);
    for (size_t i = 0; i < count; ++i) {
        fputs(i > 0 ? ", " : "", p->out);
        rnl_item_print(type, p, field, value, i);
    }
    fputc(named ? '}' : ']', p->out);
}
