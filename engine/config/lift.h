/*
 * Activations that are layers of their own, because they have parameters to learn or draw random
 * numbers.  Written as a layer's activation, they become the next layer:
 *
 *     dense: {units: 100, activation: prelu}   ->   dense: {units: 100}, prelu
 */
#ifndef RNL_ENGINE_CONFIG_LIFT_H
#define RNL_ENGINE_CONFIG_LIFT_H

#include "engine/config/tree.h"

/* In the list `model` under root and the lists in it, for activations of these names; NULL ends
 * them. */
rnl_status rnl_lift_activations(rnl_node *root, const char *const *names);

#endif
