/*
 * The barrier: no worker leaves it early, and sleeping workers are woken.
 */
#include "tests/roll_call.h"

#include <criterion/criterion.h>
#include <math.h>
#include <time.h>

static const size_t worker_counts[] = {1, 2, 3, 4, 8, 16};

static char problem[300];

static void expect_barrier_holds(size_t workers, rnl_pinning pinning, size_t count, unsigned pauses,
                                 size_t lag)
{
    rounds r = {.count = count, .pauses = pauses, .lag = lag};
    cr_assert(run(workers, pinning, exchange, &r, problem, sizeof problem), "%s", problem);
    cr_expect_eq(atomic_load(&r.wrong), 0, "%zu workers", workers);
}

Test(barrier, holds_for_any_number_of_workers)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        expect_barrier_holds(worker_counts[i], RNL_PINNING_AUTO, 20000 / worker_counts[i], 0, 0);
        expect_barrier_holds(worker_counts[i], RNL_PINNING_ON, 20000 / worker_counts[i], 0, 0);
    }
}

Test(barrier, holds_for_workers_who_come_before_they_wait)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i)
        expect_barrier_holds(worker_counts[i], RNL_PINNING_AUTO, 20000 / worker_counts[i], 0, 1);
}

Test(barrier, wakes_all_that_sleep)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i)
        expect_barrier_holds(worker_counts[i], RNL_PINNING_OFF, 300, 7, 0);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Without spinning every wait is a sleep.  A wake may miss a worker that falls asleep at that
 * moment, and that looks again after 10 ms; if many did, each piece would take tens of seconds.
 * One that was quick shows that few do: the machine may have stood still in the others. */
Test(barrier, misses_few_sleepers)
{
    enum { PIECES = 8 };
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        rnl_barrier *sleepy = rnl_barrier_create(worker_counts[i], true);
        cr_assert(sleepy);
        double least = INFINITY;
        for (size_t piece = 0; piece < PIECES; ++piece) {
            rounds r = {.count = 20000 / PIECES / worker_counts[i], .barrier = sleepy};
            const double start = seconds();
            cr_assert(run(worker_counts[i], RNL_PINNING_OFF, exchange, &r, problem, sizeof problem),
                      "%s", problem);
            least = fmin(least, seconds() - start);
            cr_expect_eq(atomic_load(&r.wrong), 0, "%zu workers", worker_counts[i]);
            cr_expect_eq(rnl_barrier_sleepers(sleepy), 0);
        }
        free(sleepy);
        cr_expect_lt(least, 3, "%zu workers", worker_counts[i]);
    }
}

/* Two workers on one processor, of which the barrier does not know: each spin takes the processor
 * from the worker that is waited for.  Spins of a millisecond would take 5 s of it. */
Test(barrier, gives_way_to_threads_that_want_the_core)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first_processor(), &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    rnl_barrier *barrier = rnl_barrier_create(2, false);
    cr_assert(barrier);
    rounds r = {.count = 5000, .barrier = barrier};
    const clock_t start = clock();
    cr_assert(run(2, RNL_PINNING_ON, exchange, &r, problem, sizeof problem), "%s", problem);
    cr_expect_lt(clock() - start, 2 * CLOCKS_PER_SEC);
    cr_expect_eq(atomic_load(&r.wrong), 0);
    free(barrier);
}
