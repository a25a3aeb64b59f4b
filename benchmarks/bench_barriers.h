/*
 * The barrier of the workers beside others that could stand in its place.
 */
#ifndef RNL_BENCHMARKS_BENCH_BARRIERS_H
#define RNL_BENCHMARKS_BENCH_BARRIERS_H

#include "benchmarks/bench.h"

/* Adds the time of a barrier of each kind; returns an exit code. */
int rnl_bench_barriers(rnl_bench *bench, size_t threads);

#endif
