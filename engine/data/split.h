/*
 * Validation rows taken from the training rows: a share or one of several folds; from their end, at
 * random, or stratified by class.
 */
#ifndef RNL_ENGINE_DATA_SPLIT_H
#define RNL_ENGINE_DATA_SPLIT_H

#include "engine/data/dataset.h"

/* Tests if the configuration asks for a split. */
bool rnl_split_is_on(const rnl_data_config *config);
size_t rnl_split_folds(const rnl_data_config *config);
bool rnl_split_stratifies_folds(const rnl_data_config *config);

/* Tests if rows are split by their class. */
bool rnl_split_is_by_class(const rnl_data_config *config);

/* Refuses splits that exclude each other or what else is given. */
rnl_status rnl_split_check(const rnl_data_config *config);

/* Refuses the number of a fold where there are none: a training would seem to hold it out. */
rnl_status rnl_split_check_fold(const rnl_data_config *config);

/* Moves the validation rows out of the training rows; both keep their order.  Which rows they are
 * depends on the rows, the configuration's split and, where they are drawn, its seed alone; those
 * of plain folds on the numbers of rows and folds.  The folds of one configuration hold out every
 * row once. */
rnl_status rnl_split(rnl_dataset *validation, rnl_dataset *train, const rnl_config *config,
                     const rnl_loading *loading);

/* "; data.validation_split: {stratified: 0.2} ..." where the validation rows of a configuration
 * may lack a class that it would give them; else "". */
#define RNL_SPLIT_HINT 128
void rnl_split_hint(char text[RNL_SPLIT_HINT], const rnl_data_config *config);

#endif
