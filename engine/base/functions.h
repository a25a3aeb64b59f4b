/*
 * Logarithm, exponential, power, sine and cosine in double, of additions, multiplications and
 * divisions alone: the same bits with every C library, every compiler and every processor.  All
 * that is trained uses these: initial values, generated data, schedules, corrections of an
 * optimizer.  Errors are below 1 ULP.  The thread rounds to nearest (threading/floating_mode.h).
 */
#ifndef RNL_ENGINE_BASE_FUNCTIONS_H
#define RNL_ENGINE_BASE_FUNCTIONS_H

#include "simd/arithmetic.h"

/* The natural logarithm of a finite x above 0. */
double rnl_logarithm(double x);

/* x^y for x at least 0, with the limits of C's pow: 1 where x is 1 or y is 0, else 0 or infinity
 * for an x or y of 0 or infinity. */
double rnl_power(double x, double y);

/* e^x, with the limits of C's exp. */
double rnl_exponential(double x);

/* A point of the unit circle. */
typedef struct rnl_circle_point {
    double cosine, sine;
} rnl_circle_point;

/* The cosine and the sine of 2 pi turns; |turns| is below 2^50. */
rnl_circle_point rnl_circle(double turns);

/* The cosine and the sine of an angle in radians; NaN beyond 2^30.  Errors are below 1 ULP, or
 * 2^-75 where the result is near 0. */
rnl_circle_point rnl_angle(double radians);

#endif
