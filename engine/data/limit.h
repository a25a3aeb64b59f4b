/*
 * A part of the training rows, drawn by the seed.
 */
#ifndef RNL_ENGINE_DATA_LIMIT_H
#define RNL_ENGINE_DATA_LIMIT_H

#include "engine/data/dataset.h"

/* Refuses two limits at once. */
rnl_status rnl_limit_check(const rnl_data_config *config);

/* Keeps as many rows as data.limit or data.limit_per_class says; they keep their order.  A smaller
 * limit under the same seed takes some of the rows that a larger one takes. */
rnl_status rnl_limit(rnl_dataset *train, const rnl_config *config);

#endif
