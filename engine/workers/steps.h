/*
 * The steps of an epoch.
 */
#ifndef RNL_ENGINE_WORKERS_STEPS_H
#define RNL_ENGINE_WORKERS_STEPS_H

#include "engine/workers/batch.h"
#include "engine/workers/executor.h"

typedef struct rnl_steps {
    const rnl_sequence *rows; /* of the epoch */
    /* Sums a step up on worker 0 and sets rates and penalty of the next.  Other workers may still
     * be updating: what they meet is known one step later at most. */
    rnl_decision *account;
    /* Runs on all workers between a step and the next; NULL for nothing. */
    void (*settle)(rnl_hand *hand, void *context);
    /* There is to be no further step: the same on all workers. */
    bool (*is_over)(const void *context);
    void *context;
} rnl_steps;

/* Runs the steps behind the first `begin` rows, of which the first has this number. */
void rnl_steps_run(rnl_hand *hand, const rnl_steps *steps, size_t begin, uint64_t number);

#endif
