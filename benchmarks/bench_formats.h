/*
 * A report of benchmarks as a file for other programs.
 */
#ifndef RNL_BENCHMARKS_BENCH_FORMATS_H
#define RNL_BENCHMARKS_BENCH_FORMATS_H

#include "benchmarks/bench_report.h"

/* Each prints on standard output. */
void rnl_bench_print_json(const rnl_bench_report *report, const rnl_disturbances *found);
void rnl_bench_print_csv(const rnl_bench_report *report);

#endif
