/*
 * The barrier: nobody leaves it early, and nobody sleeps for ever.
 */
#include "tests/roll_call.h"
#include "threading/barrier.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <unistd.h>

static const size_t worker_counts[] = {1, 2, 3, 4, 8, 16};

static char problem[300];

typedef struct rounds {
    uint64_t slots[2][MAX_WORKERS][8]; /* a cache line for each worker, plain memory */
    size_t count;
    unsigned pauses; /* every so many rounds one worker comes late enough for the others to sleep */
    rnl_barrier *barrier; /* NULL: the team's */
    atomic_uint wrong;
} rounds;

static uint64_t slot_value(size_t round, size_t worker)
{
    return (round + 1) * 0x9e3779b97f4a7c15u ^ (worker + 1) * 0xc2b2ae3d27d4eb4fu;
}

/* One barrier for each round: a worker that leaves it early finds a slot of an older round, one
 * that is let in twice overwrites a slot that another still reads. */
static void exchange(rnl_worker *worker, void *context)
{
    rounds *r = context;
    if (r->barrier)
        worker->barrier = r->barrier;
    for (size_t round = 0; round < r->count; ++round) {
        if (r->pauses && round % r->pauses == 0 &&
            round / r->pauses % worker->count == worker->index)
            usleep(2000);
        uint64_t(*slots)[8] = r->slots[round % 2];
        slots[worker->index][0] = slot_value(round, worker->index);
        rnl_team_barrier(worker);
        for (size_t w = 0; w < worker->count; ++w)
            if (slots[w][0] != slot_value(round, w))
                atomic_fetch_add(&r->wrong, 1);
    }
}

static void expect_barrier_holds(size_t workers, rnl_pinning pinning, size_t count, unsigned pauses)
{
    rounds r = {.count = count, .pauses = pauses};
    cr_assert(run(workers, pinning, exchange, &r, problem, sizeof problem), "%s", problem);
    cr_expect_eq(atomic_load(&r.wrong), 0, "%zu workers", workers);
}

Test(barrier, holds_for_any_number_of_workers)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        expect_barrier_holds(worker_counts[i], RNL_PINNING_AUTO, 20000 / worker_counts[i], 0);
        expect_barrier_holds(worker_counts[i], RNL_PINNING_ON, 20000 / worker_counts[i], 0);
    }
}

Test(barrier, wakes_all_that_sleep)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i)
        expect_barrier_holds(worker_counts[i], RNL_PINNING_OFF, 300, 7);
}

/* Without spinning and yielding every wait is a sleep, which races with every wake. */
Test(barrier, loses_no_wake)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        rnl_barrier sleepy;
        rnl_barrier_init(&sleepy, worker_counts[i], true);
        sleepy.spins = sleepy.yields = 0;
        rounds r = {.count = 20000 / worker_counts[i], .barrier = &sleepy};
        cr_assert(run(worker_counts[i], RNL_PINNING_OFF, exchange, &r, problem, sizeof problem),
                  "%s", problem);
        cr_expect_eq(atomic_load(&r.wrong), 0, "%zu workers", worker_counts[i]);
        cr_expect_eq(atomic_load(&sleepy.sleepers), 0);
    }
}
