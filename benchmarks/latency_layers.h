/*
 * The time of each layer within an inference, or a training step, on this thread.
 */
#ifndef RNL_BENCHMARKS_LATENCY_LAYERS_H
#define RNL_BENCHMARKS_LATENCY_LAYERS_H

#include "benchmarks/latency_subject.h"

typedef struct rnl_layer_time {
    char name[96];       /* "scaling", "dense_1"; of steps "gather", "dense_1/forward" */
    rnl_samples seconds; /* of an inference or a step each, without those that do nothing */
} rnl_layer_time;

typedef struct rnl_layer_times {
    size_t count, capacity;
    rnl_layer_time *items;
} rnl_layer_times;

/* Times the subject's rows for so many seconds, at most 1,000 batches, behind a few warm ones.  A
 * clock is read behind each layer, or phase, which takes some 25 ns.  Released also after a
 * failure. */
rnl_status rnl_layer_times_measure(rnl_layer_times *times, const rnl_latency_subject *subject,
                                   double seconds);
void rnl_layer_times_release(rnl_layer_times *times);

#endif
