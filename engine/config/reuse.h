/*
 * Layers of a saved model at the beginning of a configuration's:
 *
 *     model:
 *       - reuse: {model: runs/a/model.safetensors, without: 1, trainable: false}
 *       - dense: {units: 2, activation: softmax}
 *
 * The entry is replaced by the saved layers, so that what is printed and saved holds them as any
 * others.  Where their values are from is kept in the configuration alone.
 */
#ifndef RNL_ENGINE_CONFIG_REUSE_H
#define RNL_ENGINE_CONFIG_REUSE_H

#include "engine/schema/config.h"

/* Replaces the entry, if there is one; data.scaling and data.target_scaling that are not given are
 * those of the saved model, too.  A file that cannot be opened leaves the entry as it is, for a
 * training that goes on needs none: rnl_reuse_check refuses it elsewhere. */
rnl_status rnl_reuse_expand(rnl_config *config);

#endif
