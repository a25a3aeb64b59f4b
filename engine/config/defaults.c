#include "engine/config/defaults.h"

#include "engine/base/error.h"
#include "engine/config/layers_inside.h"
#include "engine/config/styles.h"
#include "engine/schema/node.h"
#include "engine/schema/unknown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 256

/* Tests if defaults apply: a kind with a shorthand takes one value and no defaults. */
static bool takes_key(const rnl_kind *kind, const char *key)
{
    return kind->fields && !kind->shorthand && rnl_field_find(kind->fields, key);
}

static const rnl_kind *kind_of(const rnl_node *layer, const rnl_kind_table *layers)
{
    if (layer->type == RNL_SCALAR)
        return rnl_kind_find(layers, layer->text);
    return layer->type == RNL_MAPPING && layer->count == 1
               ? rnl_kind_find(layers, layer->items[0]->key)
               : NULL;
}

/* ---- what the layers of the model take ------------------------------------------------------- */

typedef struct key_search {
    const char *key;
    bool taken; /* used by a layer, or by a wrong one, whose mistake is reported first */
    const char *names[MAX_NAMES]; /* names of kinds that accept the key */
    size_t count;
} key_search;

static void search_kind(key_search *search, const rnl_kind *kind)
{
    search->taken |= !kind || takes_key(kind, search->key);
    for (const rnl_field *f = kind ? kind->fields : NULL; f && f->key && !kind->shorthand; ++f) {
        size_t i = 0;
        while (i < search->count && strcmp(search->names[i], f->key) != 0)
            ++i;
        if (i == search->count && i < MAX_NAMES)
            search->names[search->count++] = f->key;
    }
}

static void search_list(key_search *search, const rnl_node *list, const rnl_kind_table *layers)
{
    for (size_t i = 0; i < list->count; ++i) {
        const rnl_kind *kind = kind_of(list->items[i], layers);
        const rnl_node *inside = kind ? rnl_layers_inside(kind, list->items[i], layers) : NULL;
        if (inside)
            search_list(search, inside, layers);
        else
            search_kind(search, kind);
    }
}

static rnl_status check_key(const rnl_node *list, const rnl_node *value,
                            const rnl_kind_table *layers)
{
    key_search search = {.key = value->key};
    search_list(&search, list, layers);
    if (search.taken)
        return RNL_OK;
    const char *hint = rnl_key_hint(value->key);
    const char *nearest = rnl_nearest(value->key, search.names, search.count);
    if (hint)
        return rnl_fail_at(value->key_place,
                           "defaults: no layer of this model has a key '%.60s'; %s", value->key,
                           hint);
    return rnl_fail_at(value->key_place, "defaults: no layer of this model has a key '%.60s'%s%s%s",
                       value->key, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}

/* ---- writing them ---------------------------------------------------------------------------- */

static rnl_status fill_list(const rnl_node *list, const rnl_node *defaults,
                            const rnl_kind_table *layers);

/* Leaves mistakes in a layer for decoding to report. */
static rnl_status fill_layer(rnl_node *layer, const rnl_node *defaults,
                             const rnl_kind_table *layers)
{
    const rnl_kind *kind = kind_of(layer, layers);
    if (!kind || !kind->fields)
        return RNL_OK;
    const rnl_node *inside = rnl_layers_inside(kind, layer, layers);
    if (inside)
        return fill_list(inside, defaults, layers);
    if (kind->shorthand)
        return RNL_OK;
    if (layer->type == RNL_SCALAR)
        RNL_TRY(rnl_node_open(layer));
    rnl_node *parameters = layer->items[0];
    if (!rnl_node_becomes_mapping(parameters))
        return RNL_OK;
    for (size_t i = 0; i < defaults->count; ++i) {
        const rnl_node *value = defaults->items[i];
        if (!takes_key(kind, value->key) || rnl_node_get(parameters, value->key))
            continue;
        RNL_TRY(rnl_node_give(parameters, rnl_node_copy(value)));
    }
    return RNL_OK;
}

static rnl_status fill_list(const rnl_node *list, const rnl_node *defaults,
                            const rnl_kind_table *layers)
{
    for (size_t i = 0; i < list->count; ++i)
        RNL_TRY(fill_layer(list->items[i], defaults, layers));
    return RNL_OK;
}

static rnl_status fail_model_key(const rnl_node *item)
{
    char path[128];
    if (rnl_key_elsewhere(item->key, path))
        return rnl_fail_at(item->key_place, "model: unknown key '%.60s'; did you mean %s?",
                           item->key, path);
    return rnl_fail_at(item->key_place,
                       "model: unknown key '%.60s'; expected a list of layers, or defaults and "
                       "layers",
                       item->key);
}

static rnl_status check_model(const rnl_node *model)
{
    for (size_t i = 0; i < model->count; ++i)
        if (strcmp(model->items[i]->key, "defaults") != 0 &&
            strcmp(model->items[i]->key, "styles") != 0 &&
            strcmp(model->items[i]->key, "layers") != 0)
            return fail_model_key(model->items[i]);
    if (!rnl_node_get(model, "layers"))
        return rnl_fail_at(model->place, "model: the key 'layers' is missing: the list of layers");
    return RNL_OK;
}

static rnl_status fill_layers(const rnl_node *model, const rnl_kind_table *kinds)
{
    const rnl_node *defaults = rnl_node_get(model, "defaults");
    const rnl_node *layers = rnl_node_get(model, "layers");
    if (!defaults || (defaults->type == RNL_SCALAR && *defaults->text == '\0'))
        return RNL_OK;
    if (defaults->type != RNL_MAPPING)
        return rnl_fail_at(defaults->place, "defaults: expected a mapping of keys to values");
    if (layers->type != RNL_LIST)
        return RNL_OK;
    for (size_t i = 0; i < defaults->count; ++i)
        RNL_TRY(check_key(layers, defaults->items[i], kinds));
    return fill_list(layers, defaults, kinds);
}

/* Replaces the mapping by its list of layers. */
static void lift_layers(rnl_node **slot)
{
    rnl_node *model = *slot;
    size_t i = 0;
    while (strcmp(model->items[i]->key, "layers") != 0)
        ++i;
    rnl_node *layers = model->items[i];
    model->items[i] = model->items[--model->count];
    free(layers->key);
    layers->key = model->key;
    layers->key_place = model->key_place;
    model->key = NULL;
    rnl_node_free(model);
    *slot = layers;
}

rnl_status rnl_defaults_apply(rnl_node *root, const rnl_kind_table *layers)
{
    for (size_t i = 0; root->type == RNL_MAPPING && i < root->count; ++i) {
        const rnl_node *model = root->items[i];
        if (strcmp(model->key, "model") != 0 || model->type != RNL_MAPPING)
            continue;
        RNL_TRY(check_model(model));
        RNL_TRY(rnl_styles_apply(model, layers));
        RNL_TRY(fill_layers(model, layers));
        lift_layers(&root->items[i]);
    }
    return RNL_OK;
}
