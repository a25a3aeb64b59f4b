/*
 * Phases of a training.  A phase inherits what it does not name: the values of `training` are
 * written into it before it is decoded.
 */
#ifndef RNL_ENGINE_CONFIG_TRAINING_PHASES_H
#define RNL_ENGINE_CONFIG_TRAINING_PHASES_H

#include "engine/schema/config.h"

/* Writes the sum of the phases' epochs as training.epochs, or refuses another number. */
rnl_status rnl_phases_sum(rnl_node *root);

/* Writes optimizer, schedule and early stopping into the phases that do not give them. */
rnl_status rnl_phases_fill(rnl_node *root);

/* Refuses phases that contradict each other, and epochs that have passed. */
rnl_status rnl_phases_check(const rnl_training_config *training);

#endif
