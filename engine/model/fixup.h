/*
 * Fixup initialization (Zhang, Dauphin and Ma 2019), with which deep nets of residual blocks train
 * without normalization: factors of each kernel's he_normal values.
 */
#ifndef RNL_ENGINE_MODEL_FIXUP_H
#define RNL_ENGINE_MODEL_FIXUP_H

#include "engine/model/layer.h"

/* Sets the layers' factors.  In each of L blocks, with m layers that have weights: 0 for the last
 * of the m, L^(-1 / (2 m - 2)) for the others.  Outside of blocks: 0 for the model's last layer
 * with weights, 1 for the others. */
void rnl_fixup_place(rnl_layer *layers, size_t count);

#endif
