#include "benchmarks/samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void rnl_samples_add(rnl_samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        samples->capacity = 2 * samples->capacity + 64;
        samples->values = realloc(samples->values, samples->capacity * sizeof *samples->values);
        if (!samples->values) {
            fputs("runnel: out of memory\n", stderr);
            exit(1);
        }
    }
    samples->values[samples->count++] = value;
}

void rnl_samples_release(rnl_samples *samples)
{
    free(samples->values);
    *samples = (rnl_samples){0};
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const rnl_samples *samples, double share)
{
    return samples->values[(size_t)(share * (double)(samples->count - 1) + 0.5)];
}

/* The ranks n/2 -+ 0.98 sqrt(n) enclose the median with a probability of 95 %. */
rnl_spread rnl_samples_summarize(rnl_samples *samples)
{
    const double n = (double)samples->count, reach = 0.98 * sqrt(n) / n;
    qsort(samples->values, samples->count, sizeof *samples->values, ascending);
    return (rnl_spread){
        .best = samples->values[0],
        .median = quantile(samples, 0.5),
        .p90 = quantile(samples, 0.9),
        .p99 = quantile(samples, 0.99),
        .low = quantile(samples, fmax(0.5 - reach, 0)),
        .high = quantile(samples, fmin(0.5 + reach, 1)),
    };
}

double rnl_spread_width(const rnl_spread *spread)
{
    return (spread->high - spread->low) / 2 / spread->median;
}

double rnl_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
