/*
 * Layers that hold layers, as they are written.
 */
#ifndef RNL_ENGINE_CONFIG_LAYERS_INSIDE_H
#define RNL_ENGINE_CONFIG_LAYERS_INSIDE_H

#include "engine/schema/schema.h"

/* Returns the list in a layer of a kind that holds layers: `residual: [...]`, `repeat: {layers:
 * [...]}`; or NULL. */
rnl_node *rnl_layers_inside(const rnl_kind *kind, const rnl_node *layer,
                            const rnl_kind_table *layers);

#endif
