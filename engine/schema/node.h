/*
 * Nodes of a tree: how they are made, copied and moved.
 */
#ifndef RNL_ENGINE_SCHEMA_NODE_H
#define RNL_ENGINE_SCHEMA_NODE_H

#include "engine/schema/tree.h"

/* NULL if memory runs out. */
rnl_node *rnl_node_create(rnl_node_type type, rnl_place place);
/* With copies of the key and the text, each of which may be NULL. */
rnl_node *rnl_node_create_with(rnl_node_type type, const char *key, const char *text,
                               rnl_place place);
rnl_node *rnl_node_copy(const rnl_node *node);
void rnl_node_free(rnl_node *node);

/* Takes over the child; false, and nothing taken, if memory runs out. */
bool rnl_node_append(rnl_node *parent, rnl_node *child);

/* Both take over the child in any case; a child of NULL is memory that ran out. */
rnl_status rnl_node_give(rnl_node *parent, rnl_node *child);
rnl_status rnl_node_insert(rnl_node *parent, size_t index, rnl_node *child);

/* The index of a key in a mapping; its count if it is not there. */
size_t rnl_node_find(const rnl_node *mapping, const char *key);

rnl_status rnl_node_rename(rnl_node *mapping, size_t i, const char *key);

/* Takes the value of a key out of a mapping; NULL if it is not there. */
rnl_node *rnl_node_take(rnl_node *mapping, const char *key);

/* As an element of a list, a value stands without the key that it had. */
void rnl_node_strip_key(rnl_node *node);

/* Tests if nothing was written where the value would stand. */
bool rnl_node_is_empty(const rnl_node *node);

/* `name` becomes `name: {}`. */
rnl_status rnl_node_open(rnl_node *scalar);

/* An empty scalar, as `dense:` leaves it, becomes an empty mapping; true if it is a mapping now. */
bool rnl_node_becomes_mapping(rnl_node *node);

/* Makes `place` the place of the node and of all in it. */
void rnl_node_set_places(rnl_node *node, rnl_place place);

#endif
