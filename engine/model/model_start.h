/*
 * What a layer takes over from a layer of an earlier model.
 */
#ifndef RNL_ENGINE_MODEL_MODEL_START_H
#define RNL_ENGINE_MODEL_MODEL_START_H

#include "engine/model/model.h"

#define RNL_SHAPES_TEXT 96
#define RNL_NAMES_TEXT  512

/* Tests if the layers' parameters differ in name or shape; the first that do are described. */
bool rnl_layers_differ(const rnl_layer *layer, const rnl_layer *earlier, char here[RNL_SHAPES_TEXT],
                       char there[RNL_SHAPES_TEXT]);

/* Copies the values, and the optimizer's state, of a layer of the same shapes. */
rnl_status rnl_layer_take(rnl_layer *layer, const rnl_layer *earlier, bool with_state);

/* Tests if the numbers of the one scaling hold for the other. */
bool rnl_scaling_comes_along(const rnl_choice *here, const rnl_choice *there);

#endif
