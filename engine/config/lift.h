/*
 * Layers written as parameters of another layer.  Activations that have parameters to learn or draw
 * random numbers, and penalties on outputs, are moved into layers of their own:
 *
 *     dense: {units: 100, activation: prelu, activity_regularizer: l2}
 *     ->   dense: {units: 100}, prelu, activity_regularization: l2
 */
#ifndef RNL_ENGINE_CONFIG_LIFT_H
#define RNL_ENGINE_CONFIG_LIFT_H

#include "engine/schema/tree.h"

/* Lifts them in the list `model` under root and the lists in it, for activations of these names;
 * NULL ends the names. */
rnl_status rnl_lift_layers(rnl_node *root, const char *const *names);

#endif
