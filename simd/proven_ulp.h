/*
 * The largest errors of kernels, in units in the last place of the exact result, over all 2^32
 * inputs.  tests/test_kernels_exhaustive.c proves them.
 */
#ifndef RNL_SIMD_PROVEN_ULP_H
#define RNL_SIMD_PROVEN_ULP_H

#include <stddef.h>
#include <string.h>

/* Returns 0 for a function that is not among them. */
static inline double rnl_proven_ulp(const char *function)
{
    static const struct {
        const char *name;
        double bound;
    } bounds[] = {
        {"elu", 1},  {"exponential", 1}, {"logarithm", 2}, {"sigmoid", 1}, {"tanh", 1},
        {"selu", 2}, {"softplus", 3},    {"softsign", 2},  {"gelu", 2},    {"mish", 2},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; ++i)
        if (strcmp(bounds[i].name, function) == 0)
            return bounds[i].bound;
    return 0;
}

#endif
