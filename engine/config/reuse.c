#include "engine/config/reuse.h"

#include "engine/base/error.h"
#include "engine/config/layers_inside.h"
#include "engine/layers/reuse_layer.h"
#include "engine/model/layer_selection.h"
#include "engine/schema/field_types.h"
#include "engine/schema/node.h"
#include "engine/storage/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME 64

/* A saved model's configuration, with its entries. */
typedef struct source {
    rnl_tree tree;
    const rnl_node *entries;
    char (*own_names)[NAME]; /* (entries) of the first layer of each */
    const char **names;
    bool *chosen; /* (entries) */
} source;

static void release(source *s)
{
    rnl_tree_free(&s->tree);
    free(s->own_names);
    free(s->names);
    free(s->chosen);
}

static const rnl_kind *kind_of(const rnl_node *layer)
{
    if (layer->type == RNL_LIST || (layer->type == RNL_MAPPING && layer->count != 1))
        return NULL;
    return rnl_kind_find(&rnl_layers,
                         layer->type == RNL_SCALAR ? layer->text : layer->items[0]->key);
}

/* ---- the names of the entries ---------------------------------------------------------------- */

static const char *text_of(const rnl_node *layer, const char *key)
{
    const rnl_node *node = layer->type == RNL_MAPPING && layer->items[0]->type == RNL_MAPPING
                               ? rnl_node_get(layer->items[0], key)
                               : NULL;
    return node && node->type == RNL_SCALAR ? node->text : NULL;
}

static size_t times_of(const rnl_node *layer)
{
    const char *times = text_of(layer, "times");
    return times ? strtoul(times, NULL, 10) : 1;
}

/* Counts the layers of a kind in a list, each as often as it is repeated. */
static size_t count_kind(const rnl_node *list, size_t count, const rnl_kind *wanted)
{
    size_t layers = 0;
    for (size_t i = 0; i < count; ++i) {
        const rnl_node *layer = list->items[i];
        const rnl_kind *kind = kind_of(layer);
        const rnl_node *inside = kind ? rnl_layers_inside(kind, layer, &rnl_layers) : NULL;
        layers += kind == wanted;
        if (inside)
            layers += times_of(layer) * count_kind(inside, inside->count, wanted);
    }
    return layers;
}

/* As the model names its layers (engine/model/model.c). */
static void name_entry(char name[NAME], const rnl_node *entries, size_t index)
{
    const char *given = text_of(entries->items[index], RNL_NAME_KEY);
    const rnl_kind *kind = kind_of(entries->items[index]);
    if (given)
        snprintf(name, NAME, "%s", given);
    else
        snprintf(name, NAME, "%s_%zu", kind->name, count_kind(entries, index, kind) + 1);
}

static rnl_status name_entries(source *s, const char *path)
{
    const size_t count = s->entries->count;
    s->own_names = calloc(count, sizeof *s->own_names);
    s->names = calloc(count, sizeof *s->names);
    s->chosen = calloc(count, sizeof *s->chosen);
    if (!s->own_names || !s->names || !s->chosen)
        return rnl_fail_memory(count * sizeof *s->own_names);
    for (size_t i = 0; i < count; ++i) {
        const rnl_kind *kind = kind_of(s->entries->items[i]);
        if (!kind || rnl_is_reuse(kind))
            return rnl_fail(RNL_BAD_DATA, "%s: a saved model with a layer that is none", path);
        name_entry(s->own_names[i], s->entries, i);
        s->names[i] = s->own_names[i];
    }
    return RNL_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

static rnl_status read_config(source *s, const char *path)
{
    rnl_safetensors file;
    RNL_TRY(rnl_safetensors_read(&file, path));
    const char *text = rnl_safetensors_metadata(&file, "config");
    const rnl_status status =
        text ? rnl_tree_read_text(&s->tree, path, text)
             : rnl_fail(RNL_BAD_DATA, "%s: not a Runnel model: its metadata has no 'config'", path);
    rnl_safetensors_release(&file);
    return status;
}

static rnl_status open_source(source *s, const char *path)
{
    RNL_TRY(read_config(s, path));
    s->entries = s->tree.root->type == RNL_MAPPING ? rnl_node_get(s->tree.root, "model") : NULL;
    if (!s->entries || s->entries->type != RNL_LIST || s->entries->count == 0)
        return rnl_fail(RNL_BAD_DATA, "%s: a saved model without layers", path);
    return name_entries(s, path);
}

/* ---- the entries that are chosen ------------------------------------------------------------- */

static rnl_status choose(source *s, const rnl_reuse *reuse, rnl_place place)
{
    char where[128];
    const size_t count = s->entries->count;
    snprintf(where, sizeof where, " in %.100s", reuse->model);
    const rnl_selectable layers = {"layers", where, count, s->names, true};
    const bool all = reuse->layers.count == 1 && strcmp(reuse->layers.items[0], "all") == 0;
    if (reuse->without > 0 && !all)
        return rnl_fail_at(place, "reuse: layers and without exclude each other: layers says which "
                                  "to take, without how many at the end to drop");
    if ((uint64_t)reuse->without >= count)
        return rnl_fail_at(place, "without: %lld of the %zu layers%s leaves none",
                           (long long)reuse->without, count, where);
    RNL_TRY(rnl_layers_select(&reuse->layers, &layers, s->chosen));
    for (size_t i = count - (size_t)reuse->without; i < count; ++i)
        s->chosen[i] = false;
    return RNL_OK;
}

/* ---- the entries in the tree ----------------------------------------------------------------- */

/* Writes `trainable` into every layer that has it. */
static rnl_status set_trainable(rnl_node *layer, bool trainable, rnl_place place)
{
    const rnl_kind *kind = kind_of(layer);
    const rnl_node *inside = kind ? rnl_layers_inside(kind, layer, &rnl_layers) : NULL;
    for (size_t i = 0; inside && i < inside->count; ++i)
        RNL_TRY(set_trainable(inside->items[i], trainable, place));
    if (inside || !kind || !kind->fields || !rnl_field_find(kind->fields, "trainable"))
        return RNL_OK;
    if (layer->type == RNL_SCALAR)
        RNL_TRY(rnl_node_open(layer));
    rnl_node_free(rnl_node_take(layer->items[0], "trainable"));
    return rnl_node_give(
        layer->items[0],
        rnl_node_create_with(RNL_SCALAR, "trainable", trainable ? "true" : "false", place));
}

static rnl_status insert(rnl_node *list, size_t index, const rnl_node *entry, bool trainable,
                         rnl_place place)
{
    rnl_node *copy = rnl_node_copy(entry);
    RNL_TRY(rnl_node_insert(list, index, copy));
    rnl_node_set_places(copy, place);
    return set_trainable(copy, trainable, place);
}

static rnl_status replace(rnl_config *config, rnl_node *list, const source *s,
                          const rnl_reuse *reuse, rnl_place place)
{
    config->reuse.entries = calloc(s->entries->count, sizeof *config->reuse.entries);
    if (!config->reuse.entries)
        return rnl_fail_memory(s->entries->count * sizeof *config->reuse.entries);
    rnl_node *entry = list->items[0];
    memmove(list->items, list->items + 1, --list->count * sizeof *list->items);
    rnl_node_free(entry);
    for (size_t i = 0; i < s->entries->count; ++i)
        if (s->chosen[i]) {
            RNL_TRY(
                insert(list, config->reuse.count, s->entries->items[i], reuse->trainable, place));
            config->reuse.entries[config->reuse.count++] = i;
        }
    return RNL_OK;
}

/* ---- what comes along ------------------------------------------------------------------------ */

/* A program that has its rows in arrays may say nothing of data. */
static rnl_status take_key(rnl_node *root, const source *s, const char *key, rnl_place place)
{
    const rnl_node *data = rnl_node_get(s->tree.root, "data");
    const rnl_node *saved = data && data->type == RNL_MAPPING ? rnl_node_get(data, key) : NULL;
    const size_t at = rnl_node_find(root, "data");
    if (saved && at == root->count)
        RNL_TRY(rnl_node_give(root, rnl_node_create_with(RNL_MAPPING, "data", NULL, place)));
    if (!saved || root->items[at]->type != RNL_MAPPING || rnl_node_get(root->items[at], key))
        return RNL_OK;
    rnl_node *copy = rnl_node_copy(saved);
    RNL_TRY(rnl_node_give(root->items[at], copy));
    rnl_node_set_places(copy, place);
    return RNL_OK;
}

static rnl_status take_along(rnl_config *config, const source *s, rnl_place place)
{
    rnl_reused *reused = &config->reuse;
    reused->inputs = s->chosen[0];
    reused->outputs = s->chosen[s->entries->count - 1];
    if (reused->inputs) {
        RNL_TRY(take_key(config->tree.root, s, "scaling", place));
        RNL_TRY(take_key(config->tree.root, s, "resize", place));
    }
    return reused->outputs ? take_key(config->tree.root, s, "target_scaling", place) : RNL_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static rnl_status expand(rnl_config *config, rnl_node *list, const rnl_reuse *reuse,
                         rnl_place place)
{
    source s = {0};
    rnl_place reused = place;
    reused.origin = RNL_FROM_MODEL;
    rnl_status status = open_source(&s, reuse->model);
    if (status == RNL_OK)
        status = choose(&s, reuse, place);
    if (status == RNL_OK)
        status = take_along(config, &s, reused);
    if (status == RNL_OK)
        status = replace(config, list, &s, reuse, reused);
    release(&s);
    return status;
}

static bool is_reuse(const rnl_node *layer)
{
    return rnl_is_reuse(kind_of(layer));
}

static rnl_status check_places(const rnl_node *list)
{
    for (size_t i = 1; i < list->count; ++i)
        if (is_reuse(list->items[i]))
            return rnl_fail_at(list->items[i]->place,
                               "reuse: expected as the first of the layers, once");
    return RNL_OK;
}

rnl_status rnl_reuse_expand(rnl_config *config)
{
    const size_t at = config->tree.root->type == RNL_MAPPING
                          ? rnl_node_find(config->tree.root, "model")
                          : SIZE_MAX;
    rnl_node *list = at < config->tree.root->count ? config->tree.root->items[at] : NULL;
    if (!list || list->type != RNL_LIST || list->count == 0)
        return RNL_OK;
    RNL_TRY(check_places(list));
    if (!is_reuse(list->items[0]))
        return RNL_OK;
    rnl_choice choice = {0};
    RNL_TRY(rnl_choice_decode(&rnl_layers, list->items[0], &choice));
    const rnl_reuse *reuse = choice.parameters;
    rnl_status status = RNL_OK;
    config->reuse.path = strdup(reuse->model);
    config->reuse.place = choice.place;
    if (!config->reuse.path)
        status = rnl_fail_memory(strlen(reuse->model) + 1);
    else if (access(reuse->model, F_OK) != 0)
        config->reuse.missing = true;
    else
        status = expand(config, list, reuse, choice.place);
    rnl_choice_release(&choice);
    return status;
}
