/*
 * The time of a training step, in a short run of its own.
 */
#ifndef RNL_BENCHMARKS_STEP_TIME_H
#define RNL_BENCHMARKS_STEP_TIME_H

#include "benchmarks/samples.h"
#include "runnel/runnel.h"

/* Epochs that a configuration asks for so that this many are timed, after some that warm up. */
enum { RNL_STEP_TIME_EPOCHS = 10 };

typedef struct rnl_step_samples {
    rnl_samples seconds;          /* of a step: one figure for each timed epoch */
    rnl_samples rounds;           /* the median of each run */
    rnl_samples processor_rounds; /* the processors' seconds of a step in each run */
} rnl_step_samples;

/* Trains a new model and adds to the samples. */
rnl_status rnl_step_time(const rnl_config *config, const rnl_data *data, size_t threads,
                         rnl_products products, size_t batch_size, rnl_step_samples *samples);
void rnl_step_samples_release(rnl_step_samples *samples);

#endif
