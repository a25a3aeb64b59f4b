/*
 * The barrier: no worker leaves it early, and sleeping workers are woken.
 */
#include "tests/roll_call.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
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

static atomic_size_t sleeps, missed;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* The barrier calls this for its futexes alone.  A sleep that its time ended, although what it
 * waited for had come, was missed by the wake. */
long __wrap_syscall(long number, ...)
{
    va_list rest;
    va_start(rest, number);
    atomic_uint *word = va_arg(rest, atomic_uint *);
    const int operation = va_arg(rest, int);
    const unsigned value = va_arg(rest, unsigned);
    if (operation != FUTEX_WAIT_PRIVATE) {
        va_end(rest);
        return __real_syscall(number, word, operation, value);
    }
    const struct timespec *most = va_arg(rest, const struct timespec *);
    va_end(rest);
    const long result = __real_syscall(number, word, operation, value, most);
    const int error = errno;
    sleeps += result == 0 || error == ETIMEDOUT;
    missed += result != 0 && error == ETIMEDOUT && atomic_load(word) != value;
    errno = error;
    return result;
}

/* Without spinning every wait is a sleep.  A wake may miss a worker that falls asleep at that
 * moment, and that looks again after 10 ms: few do. */
Test(barrier, misses_few_sleepers)
{
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        rnl_barrier *sleepy = rnl_barrier_create(worker_counts[i], true);
        cr_assert(sleepy);
        rounds r = {.count = 4000 / worker_counts[i], .barrier = sleepy};
        sleeps = missed = 0;
        cr_assert(run(worker_counts[i], RNL_PINNING_OFF, exchange, &r, problem, sizeof problem),
                  "%s", problem);
        cr_expect_eq(atomic_load(&r.wrong), 0, "%zu workers", worker_counts[i]);
        cr_expect_eq(rnl_barrier_sleepers(sleepy), 0);
        cr_expect_leq(missed, sleeps / 20, "%zu workers: %zu of %zu sleepers were missed",
                      worker_counts[i], (size_t)missed, (size_t)sleeps);
        free(sleepy);
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
