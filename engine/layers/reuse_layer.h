/*
 * The entry `reuse`, which stands for layers of a saved model until they replace it
 * (engine/config/reuse.h).
 */
#ifndef RNL_ENGINE_LAYERS_REUSE_LAYER_H
#define RNL_ENGINE_LAYERS_REUSE_LAYER_H

#include "engine/model/layer.h"

typedef struct rnl_reuse {
    char *model; /* a path */
    rnl_text_list layers;
    int64_t without;
    bool trainable;
} rnl_reuse;

extern const rnl_layer_operations rnl_reuse_operations;
extern const rnl_field rnl_reuse_fields[];

/* Tests if a kind of layer is the entry. */
bool rnl_is_reuse(const rnl_kind *layer);

#endif
