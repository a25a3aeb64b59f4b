/*
 * Fields of several values: in a list, `[a, b]`, or by names of the user's own, `{x: a, y: b}`.
 * Their types (schema.h) begin as rnl_items does, whatever they hold.
 */
#ifndef RNL_ENGINE_SCHEMA_FIELD_ITEMS_H
#define RNL_ENGINE_SCHEMA_FIELD_ITEMS_H

#include "engine/schema/field_types.h"

typedef struct rnl_items {
    size_t count;
    void *items;
    rnl_place place;
} rnl_items;

typedef struct rnl_item_type {
    size_t size; /* of an item */
    /* Offset of the value in a named item, which begins as rnl_named_number does; 0 if an item is
     * the value itself. */
    size_t value_offset;
    const rnl_field_operations *value; /* decode, print and perhaps release one */
} rnl_item_type;

/* Decodes each item of a list, or of a mapping; another node is refused, as `expected` says. */
rnl_status rnl_items_decode(const rnl_item_type *type, const rnl_field *field, const rnl_node *node,
                            const char *expected, void *value);

void rnl_items_release(const rnl_item_type *type, const rnl_field *field, void *value);

/* Prints all on one line. */
void rnl_items_print(const rnl_item_type *type, const rnl_printer *p, const rnl_field *field,
                     const void *value);

/* Prints one, without a bracket. */
void rnl_item_print(const rnl_item_type *type, const rnl_printer *p, const rnl_field *field,
                    const void *value, size_t index);

#endif
