/*
 * The time that each layer takes of an inference on one thread.
 */
#ifndef RNL_BENCHMARKS_LATENCY_LAYERS_H
#define RNL_BENCHMARKS_LATENCY_LAYERS_H

#include "benchmarks/latency_subject.h"

#define RNL_MOST_TIMED_LAYERS 256

typedef struct rnl_layer_times {
    size_t count; /* the scaling of the rows, then the predictor's stages */
    const char *names[RNL_MOST_TIMED_LAYERS];
    rnl_samples seconds[RNL_MOST_TIMED_LAYERS]; /* of an inference each, without those that do
                                                   nothing */
} rnl_layer_times;

/* Times inferences of the subject's rows for so many seconds, at most 1,000 of them, behind a few
 * warm ones.  A clock is read behind each layer, which takes some 25 ns. */
void rnl_layer_times_measure(rnl_layer_times *times, const rnl_latency_subject *subject,
                             double seconds);
void rnl_layer_times_release(rnl_layer_times *times);

#endif
