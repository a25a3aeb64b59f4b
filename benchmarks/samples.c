#include "benchmarks/samples.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RESAMPLES = 2000 };

void *rnl_demand(void *memory)
{
    if (!memory) {
        fputs("runnel: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void rnl_samples_add(rnl_samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        samples->capacity = 2 * samples->capacity + 64;
        samples->values =
            rnl_demand(realloc(samples->values, samples->capacity * sizeof *samples->values));
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

static double *sorted(const rnl_samples *samples)
{
    const size_t bytes = samples->count * sizeof *samples->values;
    double *values = rnl_demand(malloc(bytes + 1));
    if (bytes > 0)
        memcpy(values, samples->values, bytes);
    qsort(values, samples->count, sizeof *values, ascending);
    return values;
}

static double quantile(const double *values, size_t count, double share)
{
    return values[(size_t)(share * (double)(count - 1) + 0.5)];
}

/* The ranks n/2 -+ 0.98 sqrt(n) enclose the median with a probability of 95 %. */
rnl_spread rnl_samples_summarize(const rnl_samples *samples)
{
    const size_t count = samples->count;
    if (count == 0)
        return (rnl_spread){0};
    const double n = (double)count, reach = 0.98 * sqrt(n) / n;
    double *values = sorted(samples);
    const rnl_spread spread = {
        .best = values[0],
        .median = quantile(values, count, 0.5),
        .p90 = quantile(values, count, 0.9),
        .p99 = quantile(values, count, 0.99),
        .p999 = quantile(values, count, 0.999),
        .low = quantile(values, count, fmax(0.5 - reach, 0)),
        .high = quantile(values, count, fmin(0.5 + reach, 1)),
    };
    free(values);
    return spread;
}

double rnl_spread_width(const rnl_spread *spread)
{
    return (spread->high - spread->low) / 2 / spread->median;
}

/* ---- two sets -------------------------------------------------------------------------------- */

/* A number below the count, by splitmix64. */
static size_t draw(uint64_t *state, size_t count)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (size_t)((z ^ z >> 31) % count);
}

/* The mean of the two in the middle, where their number is even. */
static double middle(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

rnl_ratio rnl_samples_ratio(const rnl_samples *above, const rnl_samples *below, size_t comparisons)
{
    const double beyond = 0.025 / (double)comparisons;
    const size_t count = above->count < below->count ? above->count : below->count;
    if (count == 0)
        return (rnl_ratio){0};
    double *ratios = rnl_demand(malloc(2 * count * sizeof *ratios)), *drawn = ratios + count;
    double medians[RESAMPLES];
    uint64_t state = count;
    for (size_t i = 0; i < count; ++i)
        ratios[i] = above->values[i] / below->values[i];
    for (size_t r = 0; r < RESAMPLES; ++r) {
        for (size_t i = 0; i < count; ++i)
            drawn[i] = ratios[draw(&state, count)];
        medians[r] = middle(drawn, count);
    }
    qsort(medians, RESAMPLES, sizeof *medians, ascending);
    const rnl_ratio ratio = {middle(ratios, count), quantile(medians, RESAMPLES, beyond),
                             quantile(medians, RESAMPLES, 1 - beyond)};
    free(ratios);
    return ratio;
}

/* A value of one of the two sets. */
typedef struct ranked {
    double value;
    bool of_a;
} ranked;

static int by_value(const void *a, const void *b)
{
    const double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return (x > y) - (x < y);
}

static ranked *join(const rnl_samples *a, const rnl_samples *b)
{
    const size_t count = a->count + b->count;
    ranked *all = rnl_demand(malloc(count * sizeof *all));
    for (size_t i = 0; i < a->count; ++i)
        all[i] = (ranked){a->values[i], true};
    for (size_t i = 0; i < b->count; ++i)
        all[a->count + i] = (ranked){b->values[i], false};
    qsort(all, count, sizeof *all, by_value);
    return all;
}

/* Sum of a's ranks, ties sharing the mean of theirs; *ties: sum of t^3 - t over groups of equals.
 */
static double rank_sum(const ranked *all, size_t count, double *ties)
{
    double sum = 0;
    *ties = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && all[end].value == all[i].value;)
            ++end;
        const double group = (double)(end - i), rank = (double)(i + end + 1) / 2;
        for (size_t k = i; k < end; ++k)
            sum += all[k].of_a ? rank : 0;
        *ties += group * group * group - group;
    }
    return sum;
}

double rnl_samples_same(const rnl_samples *a, const rnl_samples *b)
{
    const double m = (double)a->count, n = (double)b->count, both = m + n;
    if (a->count == 0 || b->count == 0)
        return 1;
    double ties;
    ranked *all = join(a, b);
    const double u = rank_sum(all, a->count + b->count, &ties) - m * (m + 1) / 2;
    free(all);
    const double variance = m * n / 12 * (both + 1 - ties / (both * (both - 1)));
    const double distance = fmax(fabs(u - m * n / 2) - 0.5, 0);
    return variance > 0 ? erfc(distance / sqrt(2 * variance)) : 1;
}

/* ---- few samples ----------------------------------------------------------------------------- */

double rnl_samples_first_quartile(const rnl_samples *samples)
{
    double *values = sorted(samples);
    const double quartile = samples->count > 0 ? quantile(values, samples->count, 0.25) : NAN;
    free(values);
    return quartile;
}

/* The probability of a larger |t| in Student's distribution, by the finite series for a whole
 * number of degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
static double student_beyond(double t, size_t freedom)
{
    const double angle = atan(t / sqrt((double)freedom)), cosine = cos(angle);
    const bool odd = freedom % 2;
    double term = odd ? cosine : 1, sum = 0;
    for (size_t k = odd ? 1 : 0; k + 2 <= freedom; k += 2) {
        sum += term;
        term *= (double)(k + 1) / (double)(k + 2) * cosine * cosine;
    }
    const double within = odd ? (angle + sin(angle) * sum) * 0.63661977236758134 : sin(angle) * sum;
    return fmax(1 - within, 0);
}

typedef struct logarithms {
    double mean, squares; /* sum of squared distances from the mean */
} logarithms;

static logarithms logarithms_of(const rnl_samples *samples)
{
    logarithms l = {0, 0};
    for (size_t i = 0; i < samples->count; ++i)
        l.mean += log(samples->values[i]) / (double)samples->count;
    for (size_t i = 0; i < samples->count; ++i)
        l.squares += pow(log(samples->values[i]) - l.mean, 2);
    return l;
}

/* Runs of several processes differ by about twice as much as these do within a run: the variance of
 * two runs' moods, in that of a process. */
static const double mood = 0.3;

double rnl_samples_alike(const rnl_samples *a, const rnl_samples *b, double least)
{
    if (a->count < 2 || b->count < 2)
        return 1;
    const size_t freedom = a->count + b->count - 2;
    const logarithms x = logarithms_of(a), y = logarithms_of(b);
    const double variance = fmax((x.squares + y.squares) / (double)freedom, least * least);
    const double processes = 1 / (double)a->count + 1 / (double)b->count;
    const double error = sqrt(variance * (processes + mood));
    return student_beyond(fabs(y.mean - x.mean) / error, freedom);
}

const char *rnl_time_unit(double *seconds)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;
    while (i < 3 && *seconds < units[i].seconds)
        ++i;
    *seconds /= units[i].seconds;
    return units[i].name;
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static double clock_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double rnl_seconds(void)
{
    return clock_seconds(CLOCK_MONOTONIC);
}

double rnl_processor_seconds(void)
{
    return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}
