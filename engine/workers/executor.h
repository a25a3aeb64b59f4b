/*
 * The workers at a step: the executor starts the team, plans, binds and prepares the step; then all
 * workers run the same function, which runs the step's phases again and again.
 */
#ifndef RNL_ENGINE_WORKERS_EXECUTOR_H
#define RNL_ENGINE_WORKERS_EXECUTOR_H

#include "engine/step/step.h"
#include "engine/workers/callbacks.h"
#include "threading/barrier.h"
#include "threading/team.h"

#include <stdatomic.h>

struct rnl_executor;

/* A worker's view of the executor. */
typedef struct rnl_hand {
    _Alignas(64) struct rnl_executor *executor;
    rnl_worker *team;
    rnl_step_worker step;
    unsigned arrivals; /* at the barrier between phases */
} rnl_hand;

typedef struct rnl_executor {
    rnl_step step;                  /* model, batch_size and training are given */
    const rnl_predictor *predictor; /* what infers in place of the layers (inference.h), or NULL */
    const rnl_options *options;
    /* The work of one worker, with the same barriers in all.  It returns when the step has failed
     * (rnl_hand_agree). */
    void (*work)(rnl_hand *hand, void *context);
    void *context;
    /* Called on worker 0 after all work is done or was stopped by request; NULL: nothing. */
    rnl_status (*finish)(const rnl_step *step, void *context);

    rnl_hand *hands;             /* (workers) */
    rnl_barrier *between_phases; /* of the workers with tiles */
    atomic_flag first_failure;
    atomic_bool failed;
    rnl_status status; /* of the first failure, with its message */
    char message[2048];
    bool leaving; /* written by worker 0 between two barriers */
} rnl_executor;

/* Runs the executor from setting up the team to its end; returns the first failure. */
rnl_status rnl_executor_run(rnl_executor *executor);

/* True for worker 0. */
static inline bool rnl_hand_leads(const rnl_hand *hand)
{
    return hand->step.index == 0;
}

/* Records a failure, with the message that rnl_fail left on this thread; the first one is kept. */
void rnl_hand_fail(rnl_hand *hand, rnl_status status);

/* Waits at a barrier, and returns whether any worker has failed: the same value on all. */
bool rnl_hand_agree(rnl_hand *hand);

void rnl_hand_barrier(rnl_hand *hand);

/* Waits, without arriving, until every other worker has arrived at the next barrier. */
void rnl_hand_await_others(rnl_hand *hand);

/* A decision that worker 0 makes for all workers. */
typedef void rnl_decision(rnl_hand *hand, void *context);

/* Lets worker 0 decide, between two barriers: before it, all workers have read earlier decisions;
 * after it, all see the new one. */
void rnl_hand_decide(rnl_hand *hand, rnl_decision *decide, void *context);

/* Runs this worker's tiles of the step's first `count` phases on the worker's batch, with the
 * barriers between them, at least one, and none after the last. */
void rnl_hand_run(rnl_hand *hand, size_t count);

/* Copies the model's parameters and state into the step, as before the first step, between two
 * barriers. */
void rnl_hand_prepare(rnl_hand *hand);

/* Runs this worker's tiles of one of the step's probes.  No barrier before or after. */
void rnl_hand_probe(rnl_hand *hand, size_t phase);

#endif
