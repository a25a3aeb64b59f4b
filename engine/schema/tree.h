/*
 * A parsed document: scalars, lists and mappings, each knowing where it was written.  YAML files,
 * command-line overrides and the configuration kept in a model all become this tree, and the schema
 * reads nothing else.
 */
#ifndef RNL_ENGINE_SCHEMA_TREE_H
#define RNL_ENGINE_SCHEMA_TREE_H

#include "runnel/runnel.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum rnl_origin {
    RNL_FROM_FILE,
    RNL_FROM_COMMAND_LINE,
    RNL_FROM_PRESET,
    RNL_FROM_MODEL,  /* a saved one, whose layers are reused */
    RNL_FROM_DEFAULT /* of the schema; only in places of decoded values */
} rnl_origin;

/* Where something was written.  `source` is a file's path, or an override's text or a preset's
 * name, in which case line and column are 0.  It lives as long as the tree. */
typedef struct rnl_place {
    const char *source;
    size_t line, column; /* from 1 */
    rnl_origin origin;
} rnl_place;

typedef enum rnl_node_type { RNL_SCALAR, RNL_LIST, RNL_MAPPING } rnl_node_type;

typedef struct rnl_node {
    rnl_node_type type;
    rnl_place place;
    rnl_place key_place;          /* of the key under which it stands in a mapping */
    char *key;                    /* that key, else NULL */
    char *text;                   /* of a scalar; "" for null */
    bool quoted;                  /* a scalar in quotes is text, never a number, boolean or null */
    size_t count;                 /* of a list's elements or a mapping's values, */
    struct rnl_node **items;      /* in the order of the document */
    struct rnl_text_index *index; /* from the keys of a large mapping to items; else NULL */
    bool settled;                 /* engine/schema/words.h: all items have their names but */
    size_t entered;               /* the one that an override changes */
} rnl_node;

typedef struct rnl_tree {
    rnl_node *root;
    char **sources;
    size_t source_count;
} rnl_tree;

/* Both report syntax errors and duplicate keys as "file:line:column: ...". */
rnl_status rnl_tree_read_file(rnl_tree *tree, const char *path);
rnl_status rnl_tree_read_text(rnl_tree *tree, const char *source, const char *text);

/* Sets the value at the path of an override "key.path=value" (the value is YAML), making mappings
 * that are missing on the way.  A number in the path is a list index.  Where the path enters a
 * scalar `name` with a key of the same name ("optimizer: sgd" and "optimizer.sgd.momentum=0.9"),
 * the scalar becomes the mapping {name: {}} first. */
rnl_status rnl_tree_override(rnl_tree *tree, const char *assignment);

void rnl_tree_free(rnl_tree *tree);

/* The value under a key of a mapping, or NULL. */
const rnl_node *rnl_node_get(const rnl_node *mapping, const char *key);

#endif
