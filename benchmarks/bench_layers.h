/*
 * The speed of each layer's products.
 */
#ifndef RNL_BENCHMARKS_BENCH_LAYERS_H
#define RNL_BENCHMARKS_BENCH_LAYERS_H

#include "benchmarks/bench.h"

/* Adds the three products of each dense layer's tile to the report, and in the end what is left of
 * `step`, the seconds of a whole step on one worker, beside all its products; step 0: unknown. */
rnl_status rnl_bench_layers(rnl_bench *bench, const rnl_model *model, const char *name,
                            double step);

#endif
