/*
 * A choice of layers, as a configuration says it: `all`, a range, or names.
 */
#ifndef RNL_ENGINE_MODEL_LAYER_SELECTION_H
#define RNL_ENGINE_MODEL_LAYER_SELECTION_H

#include "engine/schema/schema.h"

/* The layers that may be chosen. */
typedef struct rnl_selectable {
    const char *key;   /* of the configuration, for messages */
    const char *where; /* ", which a.safetensors has", for messages */
    size_t count;
    const char *const *names; /* (count) */
    bool first;               /* a number alone is that many from the first on */
} rnl_selectable;

/* Marks the chosen ones; a name or number that does not exist is RNL_BAD_CONFIG, with the nearest
 * name. */
rnl_status rnl_layers_select(const rnl_text_list *chosen, const rnl_selectable *layers,
                             bool *selected);

#endif
