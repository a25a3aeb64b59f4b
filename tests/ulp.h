/*
 * Distances in units in the last place, and floating-point rules as the workers have them.
 */
#ifndef RNL_TESTS_ULP_H
#define RNL_TESTS_ULP_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <xmmintrin.h>

/* Flush to zero, denormals are zero. */
static inline void flush_denormals(void)
{
    _mm_setcsr(_mm_getcsr() | 0x8040u);
}

static inline float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* As the kernels see an input. */
static inline double without_denormal(float x)
{
    return (bits_of_float(x) & 0x7f800000u) == 0 ? 0.0 : (double)x;
}

/* The error of a result in ULP of the exact value; 0 where both are NaN, the same infinity, or
 * where the exact value overflows or is a denormal and the result is what that becomes. */
static inline double ulp_error(float result, double exact)
{
    if (isnan(exact))
        return isnan(result) ? 0 : INFINITY;
    if (fabs(exact) > (double)FLT_MAX * (1 + 0x1p-25))
        return isinf(result) && (result > 0) == (exact > 0) ? 0 : INFINITY;
    const double value = without_denormal(result);
    if (fabs(exact) < (double)FLT_MIN) {
        const bool may_round_up = fabs(exact) > (double)FLT_MIN * (1 - 0x1p-22);
        return value == 0 || (may_round_up && fabs(value) == (double)FLT_MIN) ? 0 : INFINITY;
    }
    if (!isfinite(result))
        return INFINITY;
    uint64_t bits;
    memcpy(&bits, &exact, sizeof bits);
    bits = (bits & UINT64_C(0x7ff0000000000000)) - (UINT64_C(23) << 52);
    double ulp;
    memcpy(&ulp, &bits, sizeof ulp);
    return fabs(value - exact) / ulp;
}

#endif
