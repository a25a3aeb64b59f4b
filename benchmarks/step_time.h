/*
 * The time of a training step, in a short run of its own.
 */
#ifndef RNL_BENCHMARKS_STEP_TIME_H
#define RNL_BENCHMARKS_STEP_TIME_H

#include "benchmarks/samples.h"
#include "runnel/runnel.h"

/* Epochs that a configuration asks for so that this many are timed, after some that warm up. */
enum { RNL_STEP_TIME_EPOCHS = 10 };

/* Trains a new model and adds the seconds of a step, one figure for each timed epoch. */
rnl_status rnl_step_time(const rnl_config *config, const rnl_data *data, size_t threads,
                         size_t batch_size, rnl_samples *seconds);

#endif
