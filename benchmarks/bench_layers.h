/*
 * The speed of each layer's products.
 */
#ifndef RNL_BENCHMARKS_BENCH_LAYERS_H
#define RNL_BENCHMARKS_BENCH_LAYERS_H

#include "benchmarks/bench.h"

/* Adds the three products of each dense layer's tile to the report. */
rnl_status rnl_bench_layers(rnl_bench *bench, const rnl_model *model, const char *name);

#endif
