#include "engine/schema/tree.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/schema/node.h"
#include "engine/schema/yaml_reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rnl_status add_source(rnl_tree *tree, const char *source, const char **kept)
{
    char **grown = realloc(tree->sources, (tree->source_count + 1) * sizeof(char *));
    if (!grown)
        return rnl_fail_memory((tree->source_count + 1) * sizeof(char *));
    tree->sources = grown;
    char *copy = strdup(source);
    if (!copy)
        return rnl_fail_memory(strlen(source) + 1);
    tree->sources[tree->source_count++] = copy;
    *kept = copy;
    return RNL_OK;
}

/* More is a mistake: some file of data, or one without an end. */
#define MOST_BYTES ((size_t)256 << 20)

/* Reads the whole of a file or a pipe. */
static rnl_status read_all(const char *path, char **text, size_t *length)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return rnl_fail(RNL_BAD_CONFIG, "%s: cannot be opened: %m", path);
    char *bytes = NULL;
    size_t capacity = 0, size = 0, got = 1;
    while (got > 0) {
        if (size + 1 >= capacity) {
            const rnl_status status =
                capacity > MOST_BYTES
                    ? rnl_fail(RNL_BAD_CONFIG, "%s: expected a configuration of at most %zu bytes",
                               path, MOST_BYTES)
                    : rnl_grow(&bytes, path, &capacity, 1);
            if (status != RNL_OK) {
                free(bytes);
                fclose(file);
                return status;
            }
        }
        got = fread(bytes + size, 1, capacity - size - 1, file);
        size += got;
    }
    const bool failed = ferror(file);
    fclose(file);
    if (failed) {
        free(bytes);
        return rnl_fail(RNL_IO, "%s: cannot be read: %m", path);
    }
    bytes[size] = '\0';
    *text = bytes;
    *length = size;
    return RNL_OK;
}

static rnl_status read_tree(rnl_tree *tree, const char *source, const char *text, size_t length)
{
    rnl_tree read = {0};
    const char *kept = NULL;
    rnl_status status = add_source(&read, source, &kept);
    if (status == RNL_OK)
        status = rnl_yaml_read(&read.root, kept, text, length);
    if (status != RNL_OK) {
        rnl_tree_free(&read);
        return status;
    }
    *tree = read;
    return RNL_OK;
}

rnl_status rnl_tree_read_file(rnl_tree *tree, const char *path)
{
    char *text = NULL;
    size_t length = 0;
    RNL_TRY(read_all(path, &text, &length));
    const rnl_status status = read_tree(tree, path, text, length);
    free(text);
    return status;
}

rnl_status rnl_tree_read_text(rnl_tree *tree, const char *source, const char *text)
{
    return read_tree(tree, source, text, strlen(text));
}

void rnl_tree_free(rnl_tree *tree)
{
    rnl_node_free(tree->root);
    for (size_t i = 0; i < tree->source_count; ++i)
        free(tree->sources[i]);
    free(tree->sources);
    *tree = (rnl_tree){0};
}

/* ---- overrides ------------------------------------------------------------------------------- */

static rnl_place on_command_line(const char *source)
{
    return (rnl_place){.source = source, .origin = RNL_FROM_COMMAND_LINE};
}

static rnl_status fail_override(const char *source, const char *what)
{
    return rnl_fail(RNL_BAD_CONFIG, "%s: %s", source, what);
}

static bool is_index(const char *key)
{
    return *key && key[strspn(key, "0123456789")] == '\0';
}

/* The slot of a mapping's value under the key, made if it is missing. */
static rnl_status enter_mapping(rnl_node *mapping, const char *key, const char *source,
                                rnl_node ***slot)
{
    const size_t i = rnl_node_find(mapping, key);
    if (i == mapping->count) {
        rnl_node *child = rnl_node_create(RNL_MAPPING, on_command_line(source));
        if (child)
            child->key = strdup(key);
        if (!child || !child->key || !rnl_node_append(mapping, child)) {
            rnl_node_free(child);
            return rnl_fail_memory(sizeof *child);
        }
    }
    mapping->entered = i;
    *slot = &mapping->items[i];
    return RNL_OK;
}

static rnl_status enter_list(rnl_node *list, const char *key, const char *source, rnl_node ***slot)
{
    const size_t index = is_index(key) ? strtoul(key, NULL, 10) : list->count;
    if (list->count == 0)
        return rnl_fail(RNL_BAD_CONFIG, "%s: '%s': expected an element, got an empty list", source,
                        key);
    if (index >= list->count)
        return rnl_fail(RNL_BAD_CONFIG, "%s: '%s': expected the number of an element, 0 to %zu",
                        source, key, list->count - 1);
    list->entered = index;
    *slot = &list->items[index];
    return RNL_OK;
}

static rnl_status enter(rnl_node *node, const char *key, const char *source, rnl_node ***slot)
{
    if (node->type == RNL_LIST)
        return enter_list(node, key, source, slot);
    if (node->type == RNL_SCALAR && !rnl_node_becomes_mapping(node))
        RNL_TRY(rnl_node_open(node));
    return enter_mapping(node, key, source, slot);
}

/* Puts the value in the slot, under the key that stands there. */
static void replace(rnl_node **slot, rnl_node *value, const char *source)
{
    rnl_node *old = *slot;
    value->key = old->key;
    old->key = NULL;
    value->key_place = on_command_line(source);
    *slot = value;
    rnl_node_free(old);
}

static rnl_status assign(rnl_tree *tree, const char *source, char *path, rnl_node *value)
{
    rnl_node **slot = &tree->root;
    char *rest = path;
    for (char *key; (key = strsep(&rest, ".")) != NULL;) {
        if (*key == '\0')
            return fail_override(source, "expected key.path=value, got an empty key");
        RNL_TRY(enter(*slot, key, source, &slot));
    }
    replace(slot, value, source);
    return RNL_OK;
}

rnl_status rnl_tree_override(rnl_tree *tree, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    char *label = NULL, *path = strndup(assignment, strcspn(assignment, "="));
    if (asprintf(&label, "--set %s", assignment) < 0)
        label = NULL;
    if (!label || !path) {
        free(label);
        free(path);
        return rnl_fail_memory(strlen(assignment) + 8);
    }
    const char *source = NULL;
    rnl_tree value = {0};
    rnl_status status = add_source(tree, label, &source);
    free(label);
    if (status == RNL_OK && !equals)
        status = fail_override(source, "expected key.path=value");
    if (status == RNL_OK)
        status = rnl_yaml_read(&value.root, source, equals + 1, strlen(equals + 1));
    if (status == RNL_OK) {
        rnl_node_set_places(value.root, on_command_line(source));
        status = assign(tree, source, path, value.root);
        if (status == RNL_OK)
            value.root = NULL;
    }
    rnl_tree_free(&value);
    free(path);
    return status;
}
