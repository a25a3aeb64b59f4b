/*
 * What `data` says of every set, applied to one that was read.
 */
#ifndef RNL_ENGINE_DATA_ADAPT_H
#define RNL_ENGINE_DATA_ADAPT_H

#include "engine/data/dataset.h"

/* Selects classes by number; those of a table are selected while it is read. */
rnl_status rnl_dataset_adapt(rnl_dataset *dataset, bool table, const rnl_loading *loading);

#endif
