#include "engine/config/projected.h"

#include "engine/base/error.h"
#include "engine/schema/node.h"
#include "engine/schema/schema.h"

#include <stdlib.h>
#include <string.h>

/* Beside `layers`, where some other key than the block's name is given. */
static rnl_status check_keys(const rnl_node *block)
{
    static const char *const keys[] = {"layers", "project", RNL_NAME_KEY};
    const size_t count = sizeof keys / sizeof *keys;
    for (size_t i = 0; i < block->count; ++i) {
        size_t k = 0;
        while (k < count && strcmp(keys[k], block->items[i]->key) != 0)
            ++k;
        if (k < count)
            continue;
        const char *nearest = rnl_nearest(block->items[i]->key, keys, count);
        return rnl_fail_at(block->items[i]->key_place,
                           "residual: unknown key '%.60s': expected layers, project or name%s%s%s",
                           block->items[i]->key, nearest ? "; did you mean '" : "",
                           nearest ? nearest : "", nearest ? "'?" : "");
    }
    return RNL_OK;
}

static rnl_status read_switch(const rnl_node *project, bool *on)
{
    *on = project->type == RNL_SCALAR && strcmp(project->text, "true") == 0;
    if (*on || (project->type == RNL_SCALAR && strcmp(project->text, "false") == 0))
        return RNL_OK;
    return rnl_fail_at(project->place, "project: expected true or false%s%.60s",
                       project->type == RNL_SCALAR ? ", got " : "",
                       project->type == RNL_SCALAR ? project->text : "");
}

/* {key: value}; takes over the value. */
static rnl_status give_wrapped(rnl_node *list, const char *key, rnl_node *value)
{
    rnl_node *entry = rnl_node_create(RNL_MAPPING, value ? value->place : list->place);
    if (!value || !entry) {
        rnl_node_free(value);
        rnl_node_free(entry);
        return rnl_fail_memory(sizeof *entry);
    }
    rnl_node_strip_key(value);
    value->key = strdup(key);
    value->key_place = value->place;
    if (!value->key || !rnl_node_append(entry, value)) {
        rnl_node_free(value);
        rnl_node_free(entry);
        return rnl_fail_memory(sizeof *entry);
    }
    return rnl_node_give(list, entry);
}

/* {activation: linear}, whatever model.defaults say. */
static rnl_node *linear(rnl_place place)
{
    rnl_node *parameters = rnl_node_create(RNL_MAPPING, place);
    rnl_node *activation = rnl_node_create_with(RNL_SCALAR, "activation", "linear", place);
    if (parameters && activation && rnl_node_append(parameters, activation))
        return parameters;
    rnl_node_free(parameters);
    rnl_node_free(activation);
    return NULL;
}

/* The layers become the first branch, the projection the second. */
static rnl_status write_branches(rnl_node *block, rnl_place place)
{
    rnl_node *layers = rnl_node_take(block, "layers");
    rnl_node *branches = rnl_node_create_with(RNL_LIST, "branches", NULL, place);
    if (!branches) {
        rnl_node_free(layers);
        return rnl_fail_memory(sizeof *branches);
    }
    rnl_status status = give_wrapped(branches, "branch", layers);
    if (status == RNL_OK)
        status = give_wrapped(branches, "projection", linear(place));
    if (status == RNL_OK)
        return rnl_node_give(block, branches);
    rnl_node_free(branches);
    return status;
}

static rnl_status write_block(rnl_node *layer, rnl_node *block)
{
    bool on;
    RNL_TRY(check_keys(block));
    if (!rnl_node_get(block, "layers"))
        return rnl_fail_at(block->place, "residual: the key 'layers' is missing");
    const rnl_node *given = rnl_node_get(block, "project"), *layers = rnl_node_get(block, "layers");
    if (!given)
        return RNL_OK;
    RNL_TRY(read_switch(given, &on));
    const rnl_place place = given->place;
    rnl_node_free(rnl_node_take(block, "project"));
    if (!on)
        return RNL_OK;
    if (layers->type == RNL_LIST && layers->count == 0)
        return rnl_fail_at(layers->place, "residual: expected at least one layer");
    RNL_TRY(write_branches(block, place));
    return rnl_node_rename(layer, 0, "projected_residual");
}

/* Below any list, as of repeat, branches and other blocks. */
static rnl_status write_below(rnl_node *node)
{
    for (size_t i = 0; node->type != RNL_SCALAR && i < node->count; ++i)
        RNL_TRY(write_below(node->items[i]));
    if (node->type != RNL_MAPPING || node->count != 1)
        return RNL_OK;
    rnl_node *block = node->items[0];
    const bool residual =
        strcmp(block->key, "residual") == 0 || strcmp(block->key, "Residual") == 0;
    return residual && block->type == RNL_MAPPING &&
                   (rnl_node_get(block, "project") ||
                    (rnl_node_get(block, "layers") && block->count > 1))
               ? write_block(node, block)
               : RNL_OK;
}

rnl_status rnl_projected_write(rnl_node *root)
{
    for (size_t i = 0; root->type == RNL_MAPPING && i < root->count; ++i)
        if (strcmp(root->items[i]->key, "model") == 0)
            return write_below(root->items[i]);
    return RNL_OK;
}
