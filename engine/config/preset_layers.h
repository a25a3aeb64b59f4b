/*
 * Values that a preset writes into the layers of a model.
 */
#ifndef RNL_ENGINE_CONFIG_PRESET_LAYERS_H
#define RNL_ENGINE_CONFIG_PRESET_LAYERS_H

#include "engine/schema/schema.h"

/* A key, and the text that a preset writes for it: a scalar, or a mapping or list in braces. */
typedef struct rnl_preset_key {
    const char *key, *text; /* NULL ends a list of them */
} rnl_preset_key;

/* The layer settings of a preset. */
typedef struct rnl_preset_layers {
    const rnl_preset_key *hidden, *output; /* of dense layers but the last, and of it */
    size_t normalize_above; /* with more hidden layers, batch normalization before activations */
    const char *first;      /* a layer that acts on the inputs, unless one of its kind is there */
    const char *body;       /* the hidden layers of a model that has its output alone, as a list */
    rnl_place place;        /* of what it writes */
} rnl_preset_layers;

/* Writes into the layers of a list. */
rnl_status rnl_preset_apply_layers(rnl_node *list, const rnl_preset_layers *preset);

/* Writes a key into a mapping that does not have it. */
rnl_status rnl_preset_write(rnl_node *mapping, const rnl_preset_key *key, rnl_place place);

#endif
