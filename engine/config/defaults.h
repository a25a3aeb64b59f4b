/*
 * Settings for all layers.  The model may be a list of layers, or a mapping
 *
 *     model:
 *       defaults: {activation: elu, kernel_initializer: he_normal}
 *       layers: [...]
 *
 * whose defaults are written into every layer that accepts the key and does not set it.
 */
#ifndef RNL_ENGINE_CONFIG_DEFAULTS_H
#define RNL_ENGINE_CONFIG_DEFAULTS_H

#include "engine/schema/schema.h"

/* Replaces such a mapping under `model` by its list of layers, with the defaults written into
 * them. */
rnl_status rnl_defaults_apply(rnl_node *root, const rnl_kind_table *layers);

#endif
