/*
 * What `data` says of every set, applied to one that was read: classes, and whether the inputs, or
 * class numbers, are the targets as values.
 */
#ifndef RNL_ENGINE_DATA_ADAPT_H
#define RNL_ENGINE_DATA_ADAPT_H

#include "engine/data/dataset.h"

/* Resizes images, and selects classes by number; those of a table are selected while it is read. */
rnl_status rnl_dataset_adapt(rnl_dataset *dataset, bool table, const rnl_loading *loading);

/* Makes target values of class numbers, which may be more than a float holds exactly. */
rnl_status rnl_dataset_take_numbers(rnl_dataset *dataset);

/* Tests if the targets of a row are its scaled inputs. */
bool rnl_targets_are_inputs(const rnl_data_config *config);

/* Sets what is loaded where the inputs are the targets: classes, if rows are chosen by them, or no
 * targets at all. */
void rnl_loading_mirror(rnl_loading *loading, const rnl_data_config *config);

/* Drops what targets the data have, and their columns, where the inputs are the targets. */
void rnl_data_mirror(rnl_data *data, const rnl_data_config *config);

#endif
