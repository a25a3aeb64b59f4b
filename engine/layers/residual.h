/*
 * Layers that hold lists of layers: residual blocks, branches, and repetition.
 */
#ifndef RNL_ENGINE_LAYERS_RESIDUAL_H
#define RNL_ENGINE_LAYERS_RESIDUAL_H

#include "engine/model/layer.h"

typedef struct rnl_residual {
    rnl_choice_list layers;
} rnl_residual;

typedef struct rnl_repeat {
    int64_t times;
    rnl_choice_list layers;
} rnl_repeat;

/* Branches side by side: concatenate.c. */
typedef struct rnl_concatenate {
    rnl_choice_list branches;
} rnl_concatenate;

typedef struct rnl_branch {
    rnl_choice_list layers;
} rnl_branch;

extern const rnl_layer_operations rnl_concatenate_operations, rnl_projected_operations,
    rnl_branch_operations;
extern const rnl_field rnl_concatenate_fields[], rnl_projected_fields[], rnl_branch_fields[];

/* Returns the layer that turns to a later branch of projected_residual, if it stands directly
 * before this one: its input is the output of the branch before.  NULL if none does. */
const rnl_layer *rnl_turn_before(const rnl_layer *layer);

/* Passes its input on. */
extern const rnl_choice rnl_identity;

extern const rnl_layer_operations rnl_residual_operations, rnl_repeat_operations;
extern const rnl_field rnl_residual_fields[], rnl_repeat_fields[];

#endif
