/*
 * The workers at a step: the team is started, the step planned, bound and prepared, and then every
 * worker does the same work, which runs the step's phases again and again.
 */
#ifndef RNL_ENGINE_WORKERS_EXECUTOR_H
#define RNL_ENGINE_WORKERS_EXECUTOR_H

#include "engine/step/step.h"
#include "engine/workers/callbacks.h"
#include "threading/barrier.h"
#include "threading/team.h"

#include <stdatomic.h>

struct rnl_executor;

/* One worker's side of the executor. */
typedef struct rnl_hand {
    _Alignas(64) struct rnl_executor *executor;
    rnl_worker *team;
    rnl_step_worker step;
    unsigned arrivals; /* at the barrier between phases */
} rnl_hand;

typedef struct rnl_executor {
    rnl_step step; /* model, batch_size and training are given */
    const rnl_options *options;
    /* The work of one worker, the same barriers in all.  When the step has failed (rnl_hand_agree),
     * it returns. */
    void (*work)(rnl_hand *hand, void *context);
    void *context;
    /* When all is done, or was stopped by request, on worker 0; NULL for nothing. */
    rnl_status (*finish)(const rnl_step *step, void *context);

    rnl_hand *hands;             /* (workers) */
    rnl_barrier *between_phases; /* of the workers that have tiles */
    atomic_flag first_failure;
    atomic_bool failed;
    rnl_status status; /* of the first failure, with its message */
    char message[2048];
    bool leaving; /* written by worker 0 between two barriers */
} rnl_executor;

/* Runs the executor from setting up the team to its end; returns the first failure. */
rnl_status rnl_executor_run(rnl_executor *executor);

/* Worker 0 first of all: true for it. */
static inline bool rnl_hand_leads(const rnl_hand *hand)
{
    return hand->step.index == 0;
}

/* Notes a failure, with the message that rnl_fail left on this thread; the first one wins. */
void rnl_hand_fail(rnl_hand *hand, rnl_status status);

/* A barrier after which all workers know whether any has failed: true in all or in none. */
bool rnl_hand_agree(rnl_hand *hand);

void rnl_hand_barrier(rnl_hand *hand);

/* What worker 0 does for all. */
typedef void rnl_decision(rnl_hand *hand, void *context);

/* Lets worker 0 decide, between two barriers: behind the first nobody reads any more what it
 * decided before, behind the second all know what it decides now. */
void rnl_hand_decide(rnl_hand *hand, rnl_decision *decide, void *context);

/* Runs this worker's tiles of the step's first `count` phases with the worker's batch, with the
 * barriers that they ask for, one at least; none after the last. */
void rnl_hand_run(rnl_hand *hand, size_t count);

/* Takes the model's parameters and state into the step, as before the first step; a barrier stands
 * before and after. */
void rnl_hand_prepare(rnl_hand *hand);

/* Runs this worker's tiles of one of the step's probes.  No barrier before or after. */
void rnl_hand_probe(rnl_hand *hand, size_t phase);

#endif
