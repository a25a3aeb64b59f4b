/*
 * Taking rows out of a set.
 */
#ifndef RNL_ENGINE_DATA_HOLD_OUT_H
#define RNL_ENGINE_DATA_HOLD_OUT_H

#include "engine/data/dataset.h"

/* Moves the `count` rows that are marked out of the set, which owns its arrays, into one of their
 * own, whose name it takes over, also when it fails.  The rows of both keep their order, and their
 * targets and weights. */
rnl_status rnl_dataset_hold_out(rnl_dataset *held_out, rnl_dataset *dataset, const bool *marks,
                                size_t count, char *name);

/* Keeps the `count` marked rows alone, of which there is at least one.  A set whose arrays are the
 * caller's gets arrays of its own. */
rnl_status rnl_dataset_keep(rnl_dataset *dataset, const bool *marks, size_t count);

/* Gives a set whose arrays are the caller's arrays of its own. */
rnl_status rnl_dataset_own(rnl_dataset *dataset);

#endif
