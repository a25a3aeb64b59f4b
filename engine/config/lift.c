#include "engine/config/lift.h"

#include "engine/base/error.h"
#include "engine/schema/node.h"

#include <stdlib.h>
#include <string.h>

static bool is_among(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        ++names;
    return *names != NULL;
}

/* `prelu` or `prelu: {...}` */
static bool is_named(const rnl_node *activation, const char *const *names)
{
    if (activation->type == RNL_SCALAR)
        return is_among(activation->text, names);
    return activation->type == RNL_MAPPING && activation->count == 1 &&
           is_among(activation->items[0]->key, names);
}

/* `activation: prelu` becomes `prelu`. */
static void lift_layer(rnl_node *list, size_t index)
{
    rnl_node *layer = list->items[index], *activation = layer->items[0];
    layer->count = 0;
    rnl_node_strip_key(activation);
    rnl_node_free(layer);
    list->items[index] = activation;
}

/* `activity_regularizer: l2` becomes `activity_regularization: l2`. */
static rnl_status insert_regularization(rnl_node *list, size_t index, rnl_node *regularizer)
{
    rnl_node *layer = rnl_node_create(RNL_MAPPING, regularizer->place);
    char *key = strdup("activity_regularization");
    rnl_node_strip_key(regularizer);
    regularizer->key = key;
    if (!layer || !key || !rnl_node_append(layer, regularizer)) {
        rnl_node_free(regularizer);
        rnl_node_free(layer);
        return rnl_fail_memory(sizeof *layer);
    }
    return rnl_node_insert(list, index, layer);
}

static rnl_status lift_from(rnl_node *list, size_t index, rnl_node *parameters,
                            const char *const *names)
{
    const rnl_node *activation = rnl_node_get(parameters, "activation");
    if (activation && is_named(activation, names)) {
        rnl_node *layer = rnl_node_take(parameters, "activation");
        rnl_node_strip_key(layer);
        RNL_TRY(rnl_node_insert(list, ++index, layer));
    }
    const rnl_node *regularizer = rnl_node_get(parameters, "activity_regularizer");
    if (!regularizer)
        return RNL_OK;
    rnl_node *taken = rnl_node_take(parameters, "activity_regularizer");
    if (!rnl_node_is_empty(taken))
        return insert_regularization(list, index + 1, taken);
    rnl_node_free(taken);
    return RNL_OK;
}

static rnl_status lift_list(rnl_node *list, const char *const *names);

/* `residual: [...]` and `repeat: {layers: [...]}` */
static rnl_status lift_inside(rnl_node *parameters, const char *const *names)
{
    if (parameters->type == RNL_LIST)
        return lift_list(parameters, names);
    for (size_t i = 0; parameters->type == RNL_MAPPING && i < parameters->count; ++i)
        if (parameters->items[i]->type == RNL_LIST)
            RNL_TRY(lift_list(parameters->items[i], names));
    return RNL_OK;
}

static rnl_status lift_list(rnl_node *list, const char *const *names)
{
    for (size_t i = 0; i < list->count; ++i) {
        const rnl_node *layer = list->items[i];
        if (layer->type != RNL_MAPPING || layer->count != 1)
            continue;
        rnl_node *parameters = layer->items[0];
        if (strcmp(parameters->key, "activation") == 0 && is_named(parameters, names)) {
            lift_layer(list, i);
        } else {
            RNL_TRY(lift_inside(parameters, names));
            if (parameters->type == RNL_MAPPING)
                RNL_TRY(lift_from(list, i, parameters, names));
        }
    }
    return RNL_OK;
}

rnl_status rnl_lift_layers(rnl_node *root, const char *const *names)
{
    for (size_t i = 0; root->type == RNL_MAPPING && i < root->count; ++i)
        if (strcmp(root->items[i]->key, "model") == 0 && root->items[i]->type == RNL_LIST)
            RNL_TRY(lift_list(root->items[i], names));
    return RNL_OK;
}
