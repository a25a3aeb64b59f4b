/*
 * What few trials say: medians, and differences between pairs of them.
 */
#ifndef RNL_CLI_PAIRED_DIFFERENCE_H
#define RNL_CLI_PAIRED_DIFFERENCE_H

#include <stddef.h>

/* Sorts the values, infinite ones last, and returns the one in the middle, or the mean of the two
 * there; NaN of none. */
double rnl_median(double *values, size_t count);

typedef struct rnl_paired_difference {
    size_t pairs;
    double mean, low, high; /* Student's interval of 95 %; NaN of fewer than two pairs */
} rnl_paired_difference;

rnl_paired_difference rnl_paired_difference_of(const double *differences, size_t count);

#endif
