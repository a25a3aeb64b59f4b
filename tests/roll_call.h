/*
 * What the tests of the team share: placements on this machine, a roll call of the workers, and an
 * exchange of values that holds only if the barrier does.
 */
#ifndef RNL_TESTS_ROLL_CALL_H
#define RNL_TESTS_ROLL_CALL_H

#include "threading/barrier.h"
#include "threading/team.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <xmmintrin.h>

#define MAX_WORKERS  16
#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline rnl_placement place(size_t threads, rnl_pinning pinning)
{
    char problem[300];
    rnl_processor_set affinity;
    rnl_topology topology;
    rnl_placement placement;
    const rnl_topology_source source = {.affinity = &affinity};
    if (!rnl_team_inherited_affinity(&affinity) ||
        !rnl_topology_read(&topology, &source, problem, sizeof problem) ||
        !rnl_placement_plan(&placement, &topology, threads, pinning))
        abort();
    free(affinity.numbers);
    rnl_topology_release(&topology);
    return placement;
}

static inline unsigned first_processor(void)
{
    rnl_placement placement = place(1, RNL_PINNING_ON);
    const unsigned processor = placement.processors[0];
    rnl_placement_release(&placement);
    return processor;
}

static inline bool run(size_t threads, rnl_pinning pinning, rnl_team_body body, void *context,
                       char *problem, size_t problem_size)
{
    rnl_placement placement = place(threads, pinning);
    const bool ran = rnl_team_run(&placement, body, context, problem, problem_size);
    rnl_placement_release(&placement);
    return ran;
}

static inline cpu_set_t own_affinity(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    pthread_getaffinity_np(pthread_self(), sizeof set, &set);
    return set;
}

/* What each worker saw. */
typedef struct roll {
    size_t count[MAX_WORKERS];
    atomic_uint entered[MAX_WORKERS];
    pthread_t thread[MAX_WORKERS];
    cpu_set_t affinity[MAX_WORKERS];
    unsigned mxcsr[MAX_WORKERS];
    int inner_threads[MAX_WORKERS];
} roll;

static inline void enrol(rnl_worker *worker, void *context)
{
    roll *r = context;
    atomic_fetch_add(&r->entered[worker->index], 1);
    r->count[worker->index] = worker->count;
    r->thread[worker->index] = pthread_self();
    r->affinity[worker->index] = own_affinity();
    r->mxcsr[worker->index] = _mm_getcsr();
    r->inner_threads[worker->index] = omp_get_max_threads();
    rnl_team_barrier(worker);
}

static inline size_t count_entered(roll *r)
{
    size_t entered = 0;
    for (size_t i = 0; i < MAX_WORKERS; ++i)
        entered += atomic_load(&r->entered[i]);
    return entered;
}

typedef struct rounds {
    uint64_t slots[4][MAX_WORKERS][8]; /* a cache line for each worker, plain memory */
    size_t count;
    unsigned pauses; /* every so many rounds one worker comes late enough for the others to sleep */
    rnl_barrier *barrier; /* NULL: the team's */
    size_t lag;           /* 1: a worker waits for a round only when it has written for the next */
    atomic_uint wrong;
} rounds;

static inline uint64_t slot_value(size_t round, size_t worker)
{
    return (round + 1) * 0x9e3779b97f4a7c15u ^ (worker + 1) * 0xc2b2ae3d27d4eb4fu;
}

/* One barrier for each round: a worker that leaves it early finds a slot of an older round, one
 * that is let in twice overwrites a slot that another still reads. */
static inline void exchange(rnl_worker *worker, void *context)
{
    rounds *r = context;
    rnl_barrier *barrier = r->barrier ? r->barrier : worker->barrier;
    const size_t in_use = 2 + 2 * r->lag;
    for (size_t round = 0; round < r->count; ++round) {
        if (r->pauses && round % r->pauses == 0 &&
            round / r->pauses % worker->count == worker->index)
            usleep(2000);
        r->slots[round % in_use][worker->index][0] = slot_value(round, worker->index);
        const unsigned times = rnl_barrier_arrive(barrier, worker->index);
        if (round < r->lag)
            continue;
        const size_t complete = round - r->lag;
        rnl_barrier_await(barrier, worker->index, times - (unsigned)r->lag);
        for (size_t w = 0; w < worker->count; ++w)
            if (r->slots[complete % in_use][w][0] != slot_value(complete, w))
                atomic_fetch_add(&r->wrong, 1);
    }
}

#endif
