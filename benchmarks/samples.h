/*
 * Repeated measurements of one quantity, and what they say.
 */
#ifndef RNL_BENCHMARKS_SAMPLES_H
#define RNL_BENCHMARKS_SAMPLES_H

#include <stddef.h>

typedef struct rnl_samples {
    size_t count, capacity;
    double *values; /* in the order in which they came */
} rnl_samples;

void rnl_samples_add(rnl_samples *samples, double value);
void rnl_samples_release(rnl_samples *samples);

/* Fewest samples behind a percentile that is told: ten beyond it. */
enum { RNL_P99_SAMPLES = 1000, RNL_P999_SAMPLES = 10000 };

typedef struct rnl_spread {
    double best, median, p90, p99, p999;
    double low, high; /* the 95 % confidence interval of the median, from order statistics */
} rnl_spread;

/* All 0 without samples. */
rnl_spread rnl_samples_summarize(const rnl_samples *samples);

/* Half of the interval's width, as a share of the median. */
double rnl_spread_width(const rnl_spread *spread);

typedef struct rnl_ratio {
    double median;
    double low, high; /* its 95 % confidence interval, by a bootstrap over the pairs */
} rnl_ratio;

/* The median of above[i] / below[i], for as many pairs as there are.  Of several comparisons, all
 * intervals hold together with 95 % (Bonferroni).  The bootstrap draws the same numbers every
 * time. */
rnl_ratio rnl_samples_ratio(const rnl_samples *above, const rnl_samples *below, size_t comparisons);

/* The probability that two sets of one distribution differ as much as these, or more, in the ranks
 * of their values: the U test of Mann and Whitney, two-sided, by its normal limit, corrected for
 * continuity and ties.  1 where a set is empty. */
double rnl_samples_same(const rnl_samples *a, const rnl_samples *b);

/* The same probability for a few positive numbers: Student's test of their logarithms, with as much
 * variance in both sets, which is at least `least` squared, and some more for what all of a set
 * share.  1 where a set has fewer than two. */
double rnl_samples_alike(const rnl_samples *a, const rnl_samples *b, double least);

/* The value below which a quarter of them are; NaN of none. */
double rnl_samples_first_quartile(const rnl_samples *samples);

/* Exits where memory could not be allocated: a few bytes for a sample. */
void *rnl_demand(void *memory);

/* Turns seconds into the unit that suits them, which is returned: "us". */
const char *rnl_time_unit(double *seconds);

/* Seconds of a clock that only goes forward, and of the processors that this process has used. */
double rnl_seconds(void);
double rnl_processor_seconds(void);

#endif
