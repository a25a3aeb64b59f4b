#include "engine/schema/node.h"

#include "engine/base/error.h"
#include "engine/base/text_index.h"

#include <stdlib.h>
#include <string.h>

rnl_node *rnl_node_create(rnl_node_type type, rnl_place place)
{
    rnl_node *node = calloc(1, sizeof *node);
    if (node) {
        node->type = type;
        node->place = place;
        node->key_place = place;
    }
    return node;
}

/* A mapping of so many keys has an index. */
#define LARGE 32

static void forget_index(rnl_node *mapping)
{
    if (mapping->index)
        rnl_text_index_release(mapping->index);
    free(mapping->index);
    mapping->index = NULL;
}

/* Adds all keys, or those behind the first ones; without memory for it there is no index. */
static void index_keys(rnl_node *mapping, size_t from)
{
    if (!mapping->index) {
        mapping->index = calloc(1, sizeof *mapping->index);
        from = 0;
    }
    bool whole = mapping->index != NULL;
    for (size_t i = from; whole && i < mapping->count; ++i) {
        const char *key = mapping->items[i]->key;
        whole = rnl_text_index_find(mapping->index, key) ||
                rnl_text_index_add(mapping->index, key, i) == RNL_OK;
    }
    if (!whole)
        forget_index(mapping);
}

void rnl_node_free(rnl_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; ++i)
        rnl_node_free(node->items[i]);
    forget_index(node);
    free(node->items);
    free(node->key);
    free(node->text);
    free(node);
}

rnl_node *rnl_node_create_with(rnl_node_type type, const char *key, const char *text,
                               rnl_place place)
{
    rnl_node *node = rnl_node_create(type, place);
    if (!node)
        return NULL;
    node->key = key ? strdup(key) : NULL;
    node->text = text ? strdup(text) : NULL;
    if ((node->key || !key) && (node->text || !text))
        return node;
    rnl_node_free(node);
    return NULL;
}

rnl_node *rnl_node_copy(const rnl_node *node)
{
    rnl_node *copy = rnl_node_create(node->type, node->place);
    if (!copy)
        return NULL;
    copy->key_place = node->key_place;
    copy->quoted = node->quoted;
    copy->key = node->key ? strdup(node->key) : NULL;
    copy->text = node->text ? strdup(node->text) : NULL;
    bool whole = (copy->key || !node->key) && (copy->text || !node->text);
    for (size_t i = 0; whole && i < node->count; ++i) {
        rnl_node *child = rnl_node_copy(node->items[i]);
        whole = child && rnl_node_append(copy, child);
        if (!whole)
            rnl_node_free(child);
    }
    if (whole)
        return copy;
    rnl_node_free(copy);
    return NULL;
}

/* The room is the next power of two, so that n items are moved log n times. */
static bool make_room(rnl_node *parent)
{
    const bool full = (parent->count & (parent->count - 1)) == 0;
    rnl_node **grown =
        full ? realloc(parent->items, (2 * parent->count + 1) * sizeof *grown) : parent->items;
    if (!grown)
        return false;
    parent->items = grown;
    return true;
}

bool rnl_node_append(rnl_node *parent, rnl_node *child)
{
    if (!make_room(parent))
        return false;
    parent->items[parent->count++] = child;
    if (parent->count >= LARGE && child->key)
        index_keys(parent, parent->count - 1);
    return true;
}

rnl_status rnl_node_give(rnl_node *parent, rnl_node *child)
{
    if (child && rnl_node_append(parent, child))
        return RNL_OK;
    rnl_node_free(child);
    return rnl_fail_memory(sizeof *child);
}

rnl_status rnl_node_insert(rnl_node *parent, size_t index, rnl_node *child)
{
    RNL_TRY(rnl_node_give(parent, child));
    forget_index(parent);
    memmove(&parent->items[index + 1], &parent->items[index],
            (parent->count - 1 - index) * sizeof *parent->items);
    parent->items[index] = child;
    return RNL_OK;
}

size_t rnl_node_find(const rnl_node *mapping, const char *key)
{
    size_t i = 0;
    if (mapping->index) {
        const rnl_indexed_text *found = rnl_text_index_find(mapping->index, key);
        return found ? found->number : mapping->count;
    }
    while (i < mapping->count && strcmp(mapping->items[i]->key, key) != 0)
        ++i;
    return i;
}

const rnl_node *rnl_node_get(const rnl_node *mapping, const char *key)
{
    const size_t i = mapping->type == RNL_MAPPING ? rnl_node_find(mapping, key) : mapping->count;
    return mapping->type == RNL_MAPPING && i < mapping->count ? mapping->items[i] : NULL;
}

rnl_node *rnl_node_take(rnl_node *mapping, const char *key)
{
    const size_t i = rnl_node_find(mapping, key);
    if (i == mapping->count)
        return NULL;
    rnl_node *value = mapping->items[i];
    --mapping->count;
    forget_index(mapping);
    memmove(&mapping->items[i], &mapping->items[i + 1],
            (mapping->count - i) * sizeof *mapping->items);
    return value;
}

rnl_status rnl_node_rename(rnl_node *mapping, size_t i, const char *key)
{
    rnl_node *item = mapping->items[i];
    if (strcmp(item->key, key) == 0)
        return RNL_OK;
    char *copy = strdup(key);
    if (!copy)
        return rnl_fail_memory(strlen(key) + 1);
    forget_index(mapping);
    free(item->key);
    item->key = copy;
    return RNL_OK;
}

void rnl_node_strip_key(rnl_node *node)
{
    free(node->key);
    node->key = NULL;
}

bool rnl_node_is_empty(const rnl_node *node)
{
    return node->type == RNL_SCALAR && *node->text == '\0' && !node->quoted;
}

rnl_status rnl_node_open(rnl_node *scalar)
{
    rnl_node *value = rnl_node_create(RNL_MAPPING, scalar->place);
    RNL_TRY(rnl_node_give(scalar, value));
    value->key = scalar->text;
    scalar->text = NULL;
    scalar->type = RNL_MAPPING;
    return RNL_OK;
}

bool rnl_node_becomes_mapping(rnl_node *node)
{
    if (rnl_node_is_empty(node))
        node->type = RNL_MAPPING;
    return node->type == RNL_MAPPING;
}

void rnl_node_set_places(rnl_node *node, rnl_place place)
{
    node->place = node->key_place = place;
    for (size_t i = 0; i < node->count; ++i)
        rnl_node_set_places(node->items[i], place);
}
