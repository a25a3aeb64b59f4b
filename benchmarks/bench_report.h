/*
 * Results of benchmarks: lines of a table as they come, CSV, or JSON in the schema of Google
 * Benchmark, with the conditions that they hold under.
 */
#ifndef RNL_BENCHMARKS_BENCH_REPORT_H
#define RNL_BENCHMARKS_BENCH_REPORT_H

#include "benchmarks/conditions.h"
#include "benchmarks/samples.h"

#include <stdbool.h>

#define RNL_MAX_COUNTERS 8

typedef struct rnl_counter {
    char name[64]; /* "share_of_peak" */
    double value;  /* NaN: not known, a dash in a table */
    size_t needed; /* samples, where too few are why; else 0 */
} rnl_counter;

typedef struct rnl_bench_result {
    char name[160];  /* "train/mlp_small/relu/momentum/batch:32/threads:2" */
    char label[160]; /* the result in words; "": none */
    /* Names of what the counters ratio, ratio_low and ratio_high compare, the first over the
     * second; "": there are none. */
    char compared[2][40];
    size_t threads;
    size_t repetitions; /* samples behind the spread */
    rnl_spread seconds; /* of one iteration; all 0 for a result of counters alone */
    size_t counter_count;
    rnl_counter counters[RNL_MAX_COUNTERS];
    /* Seconds of an iteration in each round, and those of processors; NULL: the median stands for
     * them, and all threads are busy. */
    const rnl_samples *rounds, *processor_rounds;
} rnl_bench_result;

typedef enum rnl_bench_format { RNL_BENCH_TABLE, RNL_BENCH_JSON, RNL_BENCH_CSV } rnl_bench_format;

typedef struct rnl_bench_report {
    rnl_bench_format format;
    size_t count, capacity;
    rnl_bench_result *results;
    rnl_conditions conditions;
    bool noisy; /* an interval stayed wide */
} rnl_bench_report;

/* Looks at the machine, and prints what it sees above a table. */
void rnl_bench_report_begin(rnl_bench_report *report, rnl_bench_format format);

/* Copies the result, and prints it at once in a table. */
void rnl_bench_report_add(rnl_bench_report *report, const rnl_bench_result *result);

/* Prints what remains, warns on standard error of what disturbed, and frees the results. */
void rnl_bench_report_finish(rnl_bench_report *report);

void rnl_bench_result_count(rnl_bench_result *result, const char *name, double value);

/* A counter that is known only if so many samples stand behind it. */
void rnl_bench_result_count_of(rnl_bench_result *result, const char *name, double value,
                               size_t needed);

#endif
