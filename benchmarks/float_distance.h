/*
 * How far two results lie apart.
 */
#ifndef RNL_BENCHMARKS_FLOAT_DISTANCE_H
#define RNL_BENCHMARKS_FLOAT_DISTANCE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The largest number of floats between a[i] and b[i], of any sign. */
static inline double rnl_float_distance(const float *a, const float *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; ++i) {
        int32_t x, y;
        memcpy(&x, &a[i], sizeof x);
        memcpy(&y, &b[i], sizeof y);
        const int64_t p = x < 0 ? INT64_C(-2147483648) - x : x;
        const int64_t q = y < 0 ? INT64_C(-2147483648) - y : y;
        largest = fmax(largest, fabs((double)(p - q)));
    }
    return largest;
}

#endif
