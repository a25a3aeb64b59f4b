/*
 * Images brought to one size.
 */
#ifndef RNL_ENGINE_DATA_RESIZE_H
#define RNL_ENGINE_DATA_RESIZE_H

#include "engine/data/dataset.h"

/* Refuses a size that is not [height, width]. */
rnl_status rnl_resize_check(const rnl_data_config *config);

/* Resizes rows of (height, width), or with 1 or 3 channels behind, to the size of data.resize, if
 * there is one; what has it already stays as it is.  Bilinear, with the centres of pixels at halves
 * and without smoothing, as keras.ops.image.resize and tf.image.resize do by default: pixel i of n
 * from m is the input at (i + 0.5) m / n - 0.5, between the two nearest pixels, at the edges the
 * outermost. */
rnl_status rnl_resize(rnl_dataset *dataset, const rnl_number_list *size);

/* Tests if rows of this shape have the size of data.resize; true without one. */
bool rnl_has_size(const rnl_number_list *size, const size_t *shape, size_t rank);

#endif
