/*
 * What `bench latency` measures: inferences, or training steps, of a model at one batch size.
 */
#ifndef RNL_BENCHMARKS_LATENCY_SUBJECT_H
#define RNL_BENCHMARKS_LATENCY_SUBJECT_H

#include "benchmarks/matrix_configs.h"
#include "benchmarks/samples.h"
#include "cli/arguments.h"
#include "engine/model/model.h"

typedef struct rnl_latency_subject {
    bool training; /* steps are timed, not inferences */
    bool cold;     /* caches are emptied before each inference */
    size_t batch_size;
    const char *path; /* of the configuration, for messages */
    rnl_config *config;
    rnl_model *model;
    rnl_data *data;
    rnl_predictor *predictor; /* of inferences on one thread, with its buffers */
    float *values;
    void *scratch;
    uint32_t *order;              /* of inferences on a team */
    size_t batches, warm_batches; /* of a run */
    float *other;                 /* what empties the caches; NULL: nothing does */
    size_t other_count;
    rnl_samples seconds;          /* of each batch, or of the steps of an epoch */
    rnl_samples rounds;           /* the median of each run */
    rnl_samples processor_rounds; /* the processors' seconds of the same */
} rnl_latency_subject;

/* Completes a subject of which the first three members are given, with the user's configuration
 * (NULL: a small network) and, unless it is NULL, another activation in its hidden layers.  It is
 * released also after a failure. */
rnl_status rnl_latency_make(rnl_latency_subject *subject, const char *path,
                            const rnl_arguments *arguments, json_t *activation);
void rnl_latency_release(rnl_latency_subject *subject);

/* One round: some warm batches, then as many as a run has. */
rnl_status rnl_latency_run(rnl_latency_subject *subject, size_t threads);

#endif
