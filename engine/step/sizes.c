#include "engine/step/sizes.h"

#include <float.h>
#include <math.h>

/* Below this sum, squares flushed to 0 may matter: a millionth of the sum for 10^8 floats. */
#define SMALLEST 1e-24

bool rnl_squares_are_lost(double squares)
{
    return !isfinite(squares) || squares < SMALLEST;
}

void rnl_sizes_measure(const rnl_kernels *kernels, size_t count, const float *x, double *absolutes,
                       double *squares)
{
    kernels->sizes(&(const rnl_sizes){count, x, absolutes, squares});
    if (!rnl_squares_are_lost(*squares) || *absolutes == 0)
        return;
    *absolutes = *squares = 0;
    for (size_t i = 0; i < count; ++i) {
        *absolutes += fabs((double)x[i]);
        *squares += (double)x[i] * (double)x[i];
    }
}

void rnl_factor_split(double factor, float parts[2])
{
    const bool small = factor < (double)FLT_MIN;
    parts[0] = (float)(small ? sqrt(factor) : factor);
    parts[1] = small ? parts[0] : 1;
}
