#include "engine/schema/schema.h"

#include "engine/base/error.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"
#include "engine/schema/unknown.h"

#include <stdio.h>
#include <string.h>

static void *member(void *target, const rnl_field *field)
{
    return (char *)target + field->offset;
}

const char *rnl_node_describe(const rnl_node *node, char text[80])
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

rnl_status rnl_fail_value(const rnl_field *field, const rnl_node *node, const char *expected)
{
    char text[80];
    return rnl_fail_at(node->place, "%s: expected %s, got %s", field->key, expected,
                       rnl_node_describe(node, text));
}

static rnl_status decode_value(const rnl_field *field, const rnl_node *node, void *target)
{
    return rnl_field_operations_of(field)->decode(field, node, member(target, field));
}

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
    for (const rnl_field *f = fields; f->key; ++f)
        if (f->rewritten)
            continue;
        else if (f->section)
            clear(f->section, member(target, f));
        else
            memset(member(target, f), 0, rnl_field_operations_of(f)->size);
}

rnl_status rnl_schema_decode(const rnl_field *fields, const rnl_node *mapping, void *target)
{
    clear(fields, target);
    const char *context = mapping->key ? mapping->key : "configuration";
    char text[80];
    if (mapping->type != RNL_MAPPING)
        return rnl_fail_at(mapping->place, "%s: expected a mapping of keys to values, got %s",
                           context, rnl_node_describe(mapping, text));
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
    for (const rnl_field *f = fields; f->key; ++f)
        if (!f->rewritten && rnl_field_operations_of(f)->release)
            rnl_field_operations_of(f)->release(f, member(target, f));
    clear(fields, target);
}
