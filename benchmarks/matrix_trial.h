/*
 * One training of `bench matrix`, and what it came to.
 */
#ifndef RNL_BENCHMARKS_MATRIX_TRIAL_H
#define RNL_BENCHMARKS_MATRIX_TRIAL_H

#include "benchmarks/samples.h"
#include "engine/schema/config.h"

#include <stdbool.h>

/* A figure and the value that it has to reach: val_accuracy 0.88, val_loss 0.4. */
typedef struct rnl_bench_target {
    char figure[64]; /* "": none */
    double value;
    const rnl_monitor *monitor; /* the figure's name and direction */
} rnl_bench_target;

/* Reads "val_accuracy=0.88". */
bool rnl_bench_target_read(rnl_bench_target *target, const char *text);

/* Takes name and direction from the configuration's early stopping, which was made to monitor the
 * figure, and refuses one that training does not have. */
rnl_status rnl_bench_target_settle(rnl_bench_target *target, const rnl_config *config);

typedef struct rnl_trial {
    rnl_samples step_seconds; /* one figure for each epoch */
    double epochs, seconds;   /* until the target, of training steps alone; INFINITY: not reached */
    double last; /* the figure after the last epoch; NaN if there is none of its name */
} rnl_trial;

/* Trains a new model from the seed, with `tune` at the rate that the range test suggests, or, where
 * it suggests none, at that of the configuration; *rate is 0 then. */
rnl_status rnl_trial_run(rnl_trial *trial, const char *json, const rnl_data *data,
                         const rnl_bench_target *target, size_t seed, size_t threads, int tune,
                         double *rate);
void rnl_trial_release(rnl_trial *trial);

#endif
