/*
 * What `bench latency` measures: inferences, or training steps, of a net at one batch size.
 *
 * Each run makes anew what is measured, behind memory of another size: so the figures of several
 * runs cover what placement costs, and those of two calls agree.
 */
#ifndef RNL_BENCHMARKS_LATENCY_SUBJECT_H
#define RNL_BENCHMARKS_LATENCY_SUBJECT_H

#include "benchmarks/latency_source.h"
#include "benchmarks/samples.h"

/* What is asked of a net. */
typedef struct rnl_latency_pass {
    bool training; /* steps are timed, not inferences */
    bool cold;     /* caches are emptied before each inference */
    size_t batch_size, threads;
} rnl_latency_pass;

typedef struct rnl_latency_subject {
    const rnl_latency_source *source;
    rnl_latency_pass pass;
    bool fold; /* batch normalization is folded into the weights */
    rnl_config *config;
    rnl_model *model;
    bool drawn;                   /* the model is the subject's own */
    rnl_data rows;                /* the source's, cut to whole batches */
    uint32_t *order;              /* of a step by layer */
    size_t batches;               /* of a run, or an epoch of it, at most */
    size_t distinct;              /* of them: the rows there are */
    uint64_t state;               /* of the placement */
    rnl_samples seconds;          /* of each batch */
    rnl_samples rounds;           /* the median of each run */
    rnl_samples processor_rounds; /* the processors' seconds of the same */
} rnl_latency_subject;

/* Completes a subject of which source, pass and fold are given, and a model that it shares or NULL,
 * with another activation in its
 * hidden layers unless it is NULL.  There are no batches, and it is told, where there are too few
 * rows for one.  It is released also after a failure. */
rnl_status rnl_latency_make(rnl_latency_subject *subject, json_t *activation);
void rnl_latency_release(rnl_latency_subject *subject);

/* One round: some warm batches, then others until they have taken some milliseconds. */
rnl_status rnl_latency_run(rnl_latency_subject *subject);

/* Tests if folding leaves out stages of the subject's inference. */
bool rnl_latency_folds(const rnl_latency_subject *subject);

/* A predictor and the arrays of its requests. */
typedef struct rnl_latency_predictor {
    rnl_predictor *predictor;
    float *values;
    void *scratch;
    size_t scratch_bytes;
} rnl_latency_predictor;

/* It is released also after a failure. */
rnl_status rnl_latency_predictor_make(rnl_latency_predictor *made, const rnl_latency_subject *of);
void rnl_latency_predictor_release(rnl_latency_predictor *made);

#endif
