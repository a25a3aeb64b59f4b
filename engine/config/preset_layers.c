#include "engine/config/preset_layers.h"

#include "engine/base/error.h"
#include "engine/config/layers_inside.h"
#include "engine/layers/layers.h"
#include "engine/schema/config.h"
#include "engine/schema/node.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static rnl_status parse(rnl_node **node, const rnl_preset_key *key, rnl_place place)
{
    rnl_tree tree;
    RNL_TRY(rnl_tree_read_text(&tree, place.source, key->text));
    rnl_node *copy = rnl_node_copy(tree.root);
    rnl_tree_free(&tree);
    if (copy && key->key)
        copy->key = strdup(key->key);
    if (!copy || (key->key && !copy->key)) {
        rnl_node_free(copy);
        return rnl_fail_memory(strlen(key->text));
    }
    rnl_node_set_places(copy, place);
    *node = copy;
    return RNL_OK;
}

/* Makes a node of a preset's text. */
static rnl_status make_node(rnl_node **node, const rnl_preset_key *key, rnl_place place)
{
    if (*key->text == '{' || *key->text == '[')
        return parse(node, key, place);
    *node = rnl_node_create_with(RNL_SCALAR, key->key, key->text, place);
    return *node ? RNL_OK : rnl_fail_memory(strlen(key->text));
}

rnl_status rnl_preset_write(rnl_node *mapping, const rnl_preset_key *key, rnl_place place)
{
    if (rnl_node_get(mapping, key->key))
        return RNL_OK;
    rnl_node *node;
    RNL_TRY(make_node(&node, key, place));
    return rnl_node_give(mapping, node);
}

static const rnl_kind *kind_of(const rnl_node *layer)
{
    if (layer->type == RNL_SCALAR)
        return rnl_kind_find(&rnl_layers, layer->text);
    return layer->type == RNL_MAPPING && layer->count == 1
               ? rnl_kind_find(&rnl_layers, layer->items[0]->key)
               : NULL;
}

static bool is_a(const rnl_kind *kind, const rnl_layer_operations *operations)
{
    return kind && kind->operations == operations;
}

static size_t times_of(const rnl_node *layer)
{
    const rnl_node *times = rnl_node_get(layer->items[0], "times");
    return times && times->type == RNL_SCALAR ? strtoul(times->text, NULL, 10) : 1;
}

/* ---- how deep the model is ------------------------------------------------------------------- */

typedef struct survey {
    const rnl_node *last; /* of the dense layers */
    size_t dense;         /* layers, each as often as it is repeated */
} survey;

static void look_through(survey *s, const rnl_node *list, size_t times)
{
    for (size_t i = 0; i < list->count; ++i) {
        const rnl_node *layer = list->items[i];
        const rnl_kind *kind = kind_of(layer);
        const rnl_node *inside = kind ? rnl_layers_inside(kind, layer, &rnl_layers) : NULL;
        if (inside)
            look_through(s, inside, times * times_of(layer));
        if (is_a(kind, &rnl_dense_operations)) {
            s->last = layer;
            s->dense += times;
        }
    }
}

/* ---- dense layers ---------------------------------------------------------------------------- */

static const rnl_preset_key linear = {"activation", "linear"};

/* Tests if a wanted layer follows a dense one, among the layers of its units. */
static bool is_followed_by(const rnl_node *list, size_t index, bool (*wanted)(const rnl_kind *kind))
{
    while (++index < list->count) {
        const rnl_kind *kind = kind_of(list->items[index]);
        if (!kind || !((const rnl_layer_operations *)kind->operations)->keeps_units)
            return false;
        if (wanted(kind))
            return true;
    }
    return false;
}

static bool normalizes(const rnl_kind *kind)
{
    return is_a(kind, &rnl_batch_normalization_operations);
}

static rnl_status write_keys(rnl_node *parameters, const rnl_preset_key *keys,
                             const rnl_preset_layers *preset)
{
    for (; keys->key; ++keys)
        RNL_TRY(rnl_preset_write(parameters, keys, preset->place));
    return RNL_OK;
}

static rnl_status write_hidden(const rnl_node *list, size_t index, rnl_node *parameters,
                               const rnl_preset_layers *preset)
{
    if (is_followed_by(list, index, rnl_is_activation_layer))
        RNL_TRY(rnl_preset_write(parameters, &linear, preset->place));
    return write_keys(parameters, preset->hidden, preset);
}

/* ---- batch normalization --------------------------------------------------------------------- */

static bool is_linear(const rnl_node *activation)
{
    return activation->type == RNL_SCALAR && strcmp(activation->text, "linear") == 0;
}

/* `dense: {activation: elu}` becomes `dense: {activation: linear}`, `activation: elu`. */
static rnl_status move_activation(rnl_node *list, size_t index, rnl_node *parameters,
                                  rnl_place place)
{
    const rnl_node *activation = rnl_node_get(parameters, "activation");
    if (!activation || is_linear(activation))
        return RNL_OK;
    rnl_node *layer = rnl_node_create(RNL_MAPPING, activation->place);
    RNL_TRY(rnl_node_insert(list, index + 1, layer));
    RNL_TRY(rnl_node_give(layer, rnl_node_take(parameters, "activation")));
    return rnl_preset_write(parameters, &linear, place);
}

static rnl_status normalize(rnl_node *list, size_t index, rnl_node *parameters, rnl_place place)
{
    static const rnl_preset_key no_bias = {"use_bias", "false"};
    if (is_followed_by(list, index, normalizes))
        return RNL_OK;
    RNL_TRY(rnl_preset_write(parameters, &no_bias, place));
    RNL_TRY(move_activation(list, index, parameters, place));
    return rnl_node_insert(list, index + 1,
                           rnl_node_create_with(RNL_SCALAR, NULL, "batch_normalization", place));
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Leaves mistakes in a layer for decoding to report. */
static rnl_status apply_dense(rnl_node *list, size_t index, const survey *s,
                              const rnl_preset_layers *preset)
{
    rnl_node *layer = list->items[index];
    const bool last = layer == s->last;
    if (layer->type == RNL_SCALAR)
        RNL_TRY(rnl_node_open(layer));
    rnl_node *parameters = layer->items[0];
    if (!rnl_node_becomes_mapping(parameters))
        return RNL_OK;
    if (last)
        return write_keys(parameters, preset->output, preset);
    RNL_TRY(write_hidden(list, index, parameters, preset));
    return s->dense - 1 > preset->normalize_above
               ? normalize(list, index, parameters, preset->place)
               : RNL_OK;
}

static rnl_status apply_list(rnl_node *list, const survey *s, const rnl_preset_layers *preset)
{
    for (size_t i = 0; i < list->count; ++i) {
        const rnl_kind *kind = kind_of(list->items[i]);
        rnl_node *inside = kind ? rnl_layers_inside(kind, list->items[i], &rnl_layers) : NULL;
        if (inside)
            RNL_TRY(apply_list(inside, s, preset));
        if (is_a(kind, &rnl_dense_operations))
            RNL_TRY(apply_dense(list, i, s, preset));
    }
    return RNL_OK;
}

/* ---- layers that are missing ----------------------------------------------------------------- */

static bool has_kind(const rnl_node *list, const rnl_kind *kind)
{
    size_t i = 0;
    while (i < list->count && kind_of(list->items[i]) != kind)
        ++i;
    return i < list->count;
}

static size_t after_flattening(const rnl_node *list)
{
    return list->count > 0 && is_a(kind_of(list->items[0]), &rnl_flatten_operations) ? 1 : 0;
}

static rnl_status insert_first(rnl_node *list, const rnl_preset_layers *preset)
{
    rnl_node *layer;
    RNL_TRY(make_node(&layer, &(const rnl_preset_key){NULL, preset->first}, preset->place));
    if (!has_kind(list, kind_of(layer)))
        return rnl_node_insert(list, after_flattening(list), layer);
    rnl_node_free(layer);
    return RNL_OK;
}

/* Returns the index behind layers that only flatten or scale the inputs. */
static size_t after_inputs(const rnl_node *list)
{
    const size_t begin = after_flattening(list);
    return begin < list->count && is_a(kind_of(list->items[begin]), &rnl_scale_operations)
               ? begin + 1
               : begin;
}

static rnl_status insert_body(rnl_node *list, const rnl_preset_layers *preset)
{
    rnl_node *body;
    RNL_TRY(make_node(&body, &(const rnl_preset_key){NULL, preset->body}, preset->place));
    const size_t begin = after_inputs(list);
    rnl_status status = RNL_OK;
    for (size_t i = 0; i < body->count && status == RNL_OK; ++i)
        status = rnl_node_insert(list, begin + i, rnl_node_copy(body->items[i]));
    rnl_node_free(body);
    return status;
}

static bool begins_with_another_model(const rnl_node *list)
{
    return list->count > 0 && list->items[0]->place.origin == RNL_FROM_MODEL;
}

rnl_status rnl_preset_apply_layers(rnl_node *list, const rnl_preset_layers *preset)
{
    survey s = {0};
    look_through(&s, list, 1);
    const bool own = !begins_with_another_model(list);
    if (preset->body && own && s.dense == 1) {
        RNL_TRY(insert_body(list, preset));
        s = (survey){0};
        look_through(&s, list, 1);
    }
    if (preset->first && own && s.dense > 0)
        RNL_TRY(insert_first(list, preset));
    return apply_list(list, &s, preset);
}
