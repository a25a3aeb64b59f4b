/*
 * What may be written as a layer's parameter and is a layer of its own becomes the next layer:
 * activations that have parameters to learn or draw random numbers, and penalties on outputs.
 *
 *     dense: {units: 100, activation: prelu, activity_regularizer: l2}
 *     ->   dense: {units: 100}, prelu, activity_regularization: l2
 */
#ifndef RNL_ENGINE_CONFIG_LIFT_H
#define RNL_ENGINE_CONFIG_LIFT_H

#include "engine/schema/tree.h"

/* In the list `model` under root and the lists in it, for activations of these names; NULL ends
 * them. */
rnl_status rnl_lift_layers(rnl_node *root, const char *const *names);

#endif
