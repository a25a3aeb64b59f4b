/*
 * Ready-made configurations.  A preset,
 *
 *     preset: default_dnn
 *
 * writes into the tree what the file and the command line leave out, before it is decoded; then it
 * is gone.
 */
#ifndef RNL_ENGINE_CONFIG_PRESETS_H
#define RNL_ENGINE_CONFIG_PRESETS_H

#include "engine/schema/schema.h"

extern const rnl_kind_table rnl_presets;

/* Takes the key `preset` out of the root, with lists of layers as they are decoded, and writes what
 * it stands for.  *applied: which, or NULL. */
rnl_status rnl_preset_apply(rnl_node *root, const rnl_kind **applied);

#endif
