/*
 * A report of benchmarks as a file for other programs.
 */
#ifndef RNL_BENCHMARKS_BENCH_FORMATS_H
#define RNL_BENCHMARKS_BENCH_FORMATS_H

#include "benchmarks/bench_report.h"

/* Each prints on standard output; `lines` are the `count` disturbances. */
void rnl_bench_print_json(const rnl_bench_report *report,
                          char lines[RNL_DISTURBANCES][RNL_DISTURBANCE_SIZE], size_t count);
void rnl_bench_print_csv(const rnl_bench_report *report);

#endif
