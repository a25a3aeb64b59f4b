/*
 * `runnel bench`: what the machine can do, and how near to it the engine comes.
 */
#ifndef RNL_BENCHMARKS_BENCH_H
#define RNL_BENCHMARKS_BENCH_H

#include "benchmarks/bench_report.h"
#include "cli/arguments.h"
#include "engine/model/model.h"

#define RNL_MAX_BENCH_THREADS 16
#define RNL_MAX_BENCH_BATCHES 16

typedef struct rnl_bench {
    const rnl_arguments *arguments;
    bool layers; /* of train and latency: also of each layer */
    bool quick;
    bool cold;                             /* of latency: inferences with empty caches, too */
    const char *activations;               /* "relu,elu"; NULL: all, or those of the benchmark */
    const char *optimizers;                /* the same */
    const char *precisions;                /* of train: "float32,..."; NULL: what a case has */
    const struct rnl_bench_target *target; /* of matrix; NULL: none */
    size_t seeds;                          /* of matrix; 0: the default */
    bool tune_rate, normalization;         /* of matrix */
    size_t thread_counts[RNL_MAX_BENCH_THREADS];
    size_t thread_count_count;
    size_t batches[RNL_MAX_BENCH_BATCHES]; /* none: those of the benchmark */
    size_t batch_count;
    double deadline; /* rnl_seconds by which repetitions end, narrow or not; quick runs end early */
    rnl_bench_report report;
    struct rnl_ranks *ranks; /* of network */
} rnl_bench;

/* Each returns an exit code. */
int rnl_bench_machine(rnl_bench *bench);
int rnl_bench_train(rnl_bench *bench);
int rnl_bench_latency(rnl_bench *bench);
int rnl_bench_activations(rnl_bench *bench);
int rnl_bench_optimizers(rnl_bench *bench);
int rnl_bench_products(rnl_bench *bench);
int rnl_bench_matrix(rnl_bench *bench);
int rnl_bench_data_rates(rnl_bench *bench);
int rnl_bench_network(rnl_bench *bench); /* of the ranks of a job */
int rnl_bench_diff(rnl_bench *bench);    /* prints no report of its own */

#endif
