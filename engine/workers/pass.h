/*
 * A pass over a part of the data without training.
 */
#ifndef RNL_ENGINE_WORKERS_PASS_H
#define RNL_ENGINE_WORKERS_PASS_H

#include "engine/workers/batch.h"
#include "engine/workers/executor.h"
#include "engine/workers/pass_sharing.h"
#include "engine/workers/sums.h"

typedef struct rnl_pass {
    rnl_sequence rows;
    uint64_t number;    /* of the pass, a key of its random numbers */
    bool training;      /* forward as in a step of training */
    bool measuring;     /* for batch normalization's final statistics, without sums */
    size_t summed_rows; /* of a mini-batch of the sums; 0: the step's */
    rnl_sums sums;      /* added to, */
    rnl_tally *tally;   /* as this is; NULL: no metric asks for it */
    /* Called with each mini-batch on worker 0, between two steps; false ends the pass. */
    bool (*visit)(const rnl_step *step, const rnl_batch *batch, void *context);
    void *context;
    bool probing;              /* measures the outputs of all layers, for inspection */
    rnl_pass_sharing *sharing; /* NULL: this process, or each rank, computes all mini-batches */
    bool stoppable;            /* shared, it ends where a rank is asked to stop */
    bool stopped;
} rnl_pass;

/* Evaluates the rows on all workers, which share `pass`.  Ends with a barrier. */
void rnl_pass_run(rnl_hand *hand, rnl_pass *pass);

#endif
