/*
 * Sums of the sizes and the squares of any floats.
 */
#ifndef RNL_ENGINE_STEP_SIZES_H
#define RNL_ENGINE_STEP_SIZES_H

#include "simd/kernels.h"

#include <stdbool.h>

/* Computes the kernel `sizes`, in double if squares are too large or too small to be summed in
 * float: a sum is infinite or lost only if a float is. */
void rnl_sizes_measure(const rnl_kernels *kernels, size_t count, const float *x, double *absolutes,
                       double *squares);

/* Tests if a sum of squares in float must be computed again in double. */
bool rnl_squares_are_lost(double squares);

/* Splits a factor into two floats, multiplied one after the other, neither of them 0 or denormal if
 * the factor is too small for a float.  Otherwise the second is 1. */
void rnl_factor_split(double factor, float parts[2]);

#endif
