/*
 * The team and its barrier, for tests/threads_sanitized: Criterion does not start under
 * ThreadSanitizer.
 */
#include "tests/roll_call.h"

#include <stdio.h>

static void expect(bool holds, size_t workers, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%zu workers: %s\n", workers, what);
    exit(1);
}

static void expect_roll_call(size_t workers, rnl_pinning pinning)
{
    char problem[300];
    roll r = {0};
    expect(run(workers, pinning, enrol, &r, problem, sizeof problem), workers, problem);
    expect(count_entered(&r) == workers, workers, "not all of them came");
}

/* sleepy: without spinning every wait is a sleep. */
static void expect_barrier_holds(size_t workers, bool sleepy, size_t lag)
{
    char problem[300];
    rnl_barrier *barrier = rnl_barrier_create(workers, true);
    expect(barrier, workers, "out of memory");
    rounds r = {
        .count = 2000 / workers, .pauses = 97, .barrier = sleepy ? barrier : NULL, .lag = lag};
    expect(run(workers, RNL_PINNING_OFF, exchange, &r, problem, sizeof problem), workers, problem);
    free(barrier);
    expect(atomic_load(&r.wrong) == 0, workers, "the barrier let one pass early");
}

int main(void)
{
    static const size_t worker_counts[] = {1, 2, 3, 4, 8, 16};
    for (size_t i = 0; i < COUNT(worker_counts); ++i) {
        expect_roll_call(worker_counts[i], RNL_PINNING_ON);
        expect_roll_call(worker_counts[i], RNL_PINNING_OFF);
        for (size_t lag = 0; lag < 2; ++lag) {
            expect_barrier_holds(worker_counts[i], false, lag);
            expect_barrier_holds(worker_counts[i], true, lag);
        }
    }
    return 0;
}
