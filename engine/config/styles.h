/*
 * Styles: settings for the layers that ask for them.
 *
 *     model:
 *       styles: {regularized: {kernel_regularizer: {l2: 0.01}}}
 *       layers:
 *         - dense: {units: 300, like: regularized}
 *
 * What a layer sets itself counts, then its style, then model.defaults.
 */
#ifndef RNL_ENGINE_CONFIG_STYLES_H
#define RNL_ENGINE_CONFIG_STYLES_H

#include "engine/schema/schema.h"

/* Writes the styles of `model` into its layers.  RNL_BAD_CONFIG for a style that does not exist, or
 * a key in it that a layer which asks for it does not take. */
rnl_status rnl_styles_apply(const rnl_node *model, const rnl_kind_table *layers);

#endif
