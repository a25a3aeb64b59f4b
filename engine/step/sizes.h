/*
 * Sums of the sizes and the squares of any floats.
 */
#ifndef RNL_ENGINE_STEP_SIZES_H
#define RNL_ENGINE_STEP_SIZES_H

#include "simd/kernels.h"

#include <stdbool.h>

/* As the kernel `sizes`, and where squares are too large or too small to be added in float, in
 * double: a sum is infinite or lost only if a float is. */
void rnl_sizes_measure(const rnl_kernels *kernels, size_t count, const float *x, double *absolutes,
                       double *squares);

/* Of a sum of squares made in float: it has to be made again in double. */
bool rnl_squares_are_lost(double squares);

/* A factor as two floats that are multiplied one after the other: neither is 0 or denormal where
 * the factor itself is too small for a float.  The second is 1 otherwise. */
void rnl_factor_split(double factor, float parts[2]);

#endif
