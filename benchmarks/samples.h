/*
 * Repeated measurements of one quantity, and what they say.
 */
#ifndef RNL_BENCHMARKS_SAMPLES_H
#define RNL_BENCHMARKS_SAMPLES_H

#include <stddef.h>

typedef struct rnl_samples {
    size_t count, capacity;
    double *values; /* sorted by rnl_samples_summarize */
} rnl_samples;

void rnl_samples_add(rnl_samples *samples, double value);
void rnl_samples_release(rnl_samples *samples);

typedef struct rnl_spread {
    double best, median, p90, p99;
    double low, high; /* the 95 % confidence interval of the median, from order statistics */
} rnl_spread;

rnl_spread rnl_samples_summarize(rnl_samples *samples);

/* Half of the interval's width, as a share of the median. */
double rnl_spread_width(const rnl_spread *spread);

/* Seconds of a clock that only goes forward. */
double rnl_seconds(void);

#endif
