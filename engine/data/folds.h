/*
 * Cross-validation: the rows in a fixed random order, cut into parts of which one is held out.
 */
#ifndef RNL_ENGINE_DATA_FOLDS_H
#define RNL_ENGINE_DATA_FOLDS_H

#include "engine/data/dataset.h"

/* Moves the rows of fold `fold`, from 1, of `folds` to the end of the set, and tells how many they
 * are; the others keep their order.  Which rows they are depends on the numbers of rows and folds
 * alone.  The sizes of two folds differ by one row at most. */
rnl_status rnl_folds_move_to_end(rnl_dataset *dataset, size_t folds, size_t fold, size_t *count);

#endif
