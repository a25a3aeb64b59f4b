/*
 * Residual blocks that project their input:
 *
 *     residual: {layers: [...], project: true}
 *  -> projected_residual: {branches: [branch: [...], projection: {activation: linear}]}
 *
 * With `project: false`, and for `layers` alone, the block stays what it is.
 */
#ifndef RNL_ENGINE_CONFIG_PROJECTED_H
#define RNL_ENGINE_CONFIG_PROJECTED_H

#include "engine/schema/tree.h"

/* Rewrites them in a configuration's tree.  RNL_BAD_CONFIG for another key in such a block, or a
 * value of `project` that is neither true nor false. */
rnl_status rnl_projected_write(rnl_node *root);

#endif
