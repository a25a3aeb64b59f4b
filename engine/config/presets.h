/*
 * Ready-made configurations.  A preset, `preset: default_dnn`, writes the values that file and
 * command line leave out into the tree, before it is decoded.
 */
#ifndef RNL_ENGINE_CONFIG_PRESETS_H
#define RNL_ENGINE_CONFIG_PRESETS_H

#include "engine/schema/schema.h"

extern const rnl_kind_table rnl_presets;

/* Removes the key `preset` from the root, and writes its values; lists of layers must be in their
 * decoded form.  *applied: the preset, or NULL. */
rnl_status rnl_preset_apply(rnl_node *root, const rnl_kind **applied);

#endif
