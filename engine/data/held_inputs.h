/*
 * Inputs by parts: each rank of a job reads those of the rows that it trains or evaluates on.
 */
#ifndef RNL_ENGINE_DATA_HELD_INPUTS_H
#define RNL_ENGINE_DATA_HELD_INPUTS_H

#include "engine/data/dataset.h"

/* Refuses ranks whose configurations differ: they would wait for messages that never come.
 * RNL_BAD_DATA, the same on all. */
rnl_status rnl_data_compare_config(const rnl_config *config, rnl_job *job);

/* Deals out the rows of sets that were loaded without their inputs, and reads those of this rank's.
 * All ranks call it at the same time, each with the status of what came before; it fails on all
 * where it fails on one. */
rnl_status rnl_data_hold(rnl_data *data, const rnl_config *config, rnl_job *job, rnl_status status);

#endif
