/*
 * Results of benchmarks: lines of a table as they come, or JSON in the schema of Google Benchmark.
 */
#ifndef RNL_BENCHMARKS_BENCH_REPORT_H
#define RNL_BENCHMARKS_BENCH_REPORT_H

#include "benchmarks/samples.h"

#include <stdbool.h>

#define RNL_MAX_COUNTERS 6

typedef struct rnl_counter {
    const char *name; /* "share_of_peak" */
    double value;
} rnl_counter;

typedef struct rnl_bench_result {
    char name[128]; /* "train/mlp_small/relu/momentum/batch:32/threads:2" */
    size_t threads;
    size_t repetitions;
    rnl_spread seconds; /* of one iteration; all 0 for a result of counters alone */
    size_t counter_count;
    rnl_counter counters[RNL_MAX_COUNTERS];
} rnl_bench_result;

typedef struct rnl_bench_report {
    bool json;
    size_t count, capacity;
    rnl_bench_result *results;
    bool noisy; /* an interval stayed wide */
} rnl_bench_report;

/* Copies the result, and prints it at once unless JSON is asked for. */
void rnl_bench_report_add(rnl_bench_report *report, const rnl_bench_result *result);

/* Prints what remains, warns of noise on standard error, and frees the results. */
void rnl_bench_report_finish(rnl_bench_report *report);

void rnl_bench_result_count(rnl_bench_result *result, const char *name, double value);

#endif
