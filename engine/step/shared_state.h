/*
 * The optimizer's state of a step whose weights ranks update by pieces: each has that of its piece
 * alone, and the model of rank 0 all of it, as checkpoints hold it.
 */
#ifndef RNL_ENGINE_STEP_SHARED_STATE_H
#define RNL_ENGINE_STEP_SHARED_STATE_H

#include "engine/step/shared.h"

/* All ranks: copies the optimizer's state of all into the model of rank 0, which has room for it,
 * one array of a layer at a time. */
rnl_status rnl_shared_collect_state(const rnl_step *step, rnl_model *model);

/* All ranks: the way back, for a step that goes on from the model's position. */
rnl_status rnl_shared_place_state(const rnl_step *step);

/* All ranks: takes over what rank 0 has decided; alone, the decision is the own one. */
rnl_status rnl_shared_follow(const rnl_step *step, bool *decision);

#endif
