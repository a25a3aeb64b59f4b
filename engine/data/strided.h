/*
 * Arrays that a caller describes by type and strides, as arrays of a dataset: borrowed where they
 * are as the engine reads them, else converted.
 */
#ifndef RNL_ENGINE_DATA_STRIDED_H
#define RNL_ENGINE_DATA_STRIDED_H

#include "engine/data/dataset.h"

/* Take one array of the caller's rows each; the dataset knows its rows, shape and name.
 * RNL_BAD_DATA for a type or strides that cannot be, and class numbers that are none;
 * RNL_NO_MEMORY. */
rnl_status rnl_strided_inputs(rnl_dataset *dataset, const rnl_strided *array);
rnl_status rnl_strided_classes(rnl_dataset *dataset, const rnl_strided *array);
rnl_status rnl_strided_values(rnl_dataset *dataset, const rnl_strided *array, size_t columns);
rnl_status rnl_strided_weights(rnl_dataset *dataset, const rnl_strided *array);

#endif
