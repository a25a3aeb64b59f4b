/*
 * What benchmarks make of their samples, and what they see of other processes.
 */
#include "benchmarks/neighbours.h"
#include "benchmarks/samples.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES(...)                                                                               \
    &(const rnl_samples)                                                                           \
    {                                                                                              \
        .count = sizeof((double[]){__VA_ARGS__}) / sizeof(double), .values = (double[])            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

Test(bench_samples, spread_leaves_the_order_alone)
{
    const rnl_samples *s = SAMPLES(5, 1, 4, 2, 3);
    const rnl_spread spread = rnl_samples_summarize(s);
    cr_expect_eq(spread.median, 3);
    cr_expect_eq(spread.best, 1);
    cr_expect_eq(s->values[0], 5);
    cr_expect_eq(rnl_samples_summarize(&(const rnl_samples){0}).median, 0);
}

Test(bench_samples, percentiles_are_ranks)
{
    rnl_samples s = {0};
    for (size_t i = 10001; i-- > 0;)
        rnl_samples_add(&s, (double)i);
    const rnl_spread spread = rnl_samples_summarize(&s);
    cr_expect_eq(spread.p90, 9000);
    cr_expect_eq(spread.p99, 9900);
    cr_expect_eq(spread.p999, 9990);
    rnl_samples_release(&s);
}

/* p-values of scipy 1.17.1, mannwhitneyu(a, b, alternative="two-sided", method="asymptotic"). */
Test(bench_samples, u_test_is_that_of_scipy)
{
    const rnl_samples *a = SAMPLES(1.1, 2.3, 2.9, 4.0, 5.5, 6.1, 7.7, 8.0, 9.9);
    const rnl_samples *b = SAMPLES(3.1, 4.0, 5.6, 6.6, 8.8, 9.1, 10.2, 11.0, 12.5, 13.1);
    cr_expect_float_eq(rnl_samples_same(a, b), 0.04994300291241585, 1e-12);
    cr_expect_float_eq(rnl_samples_same(b, a), 0.04994300291241585, 1e-12);
    a = SAMPLES(1, 2, 2, 3, 3, 3, 4, 5, 6);
    b = SAMPLES(2, 3, 3, 4, 4, 5, 5, 6, 7, 7);
    cr_expect_float_eq(rnl_samples_same(a, b), 0.09733696108341824, 1e-12);
    a = SAMPLES(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    b = SAMPLES(21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
    cr_expect_float_eq(rnl_samples_same(a, b), 0.00018267179110955002, 1e-12);
    cr_expect_eq(rnl_samples_same(a, &(const rnl_samples){0}), 1);
    cr_expect_eq(rnl_samples_same(SAMPLES(2, 2), SAMPLES(2, 2, 2)), 1);
}

/* 2 stats.t.sf(t, m + n - 2) of scipy 1.17.1, with t by numpy: the difference of the means over
 * the root of the pooled variance times (1/m + 1/n + 0.3). */
Test(bench_samples, few_are_compared_by_their_logarithms)
{
    const rnl_samples *a = SAMPLES(1.00, 1.02, 0.99, 1.01, 1.03);
    const rnl_samples *b = SAMPLES(1.05, 1.07, 1.04, 1.08, 1.06);
    cr_expect_float_eq(rnl_samples_alike(a, b, 0), 0.0054088366113599125, 1e-12);
    cr_expect_float_eq(rnl_samples_alike(b, a, 0), 0.0054088366113599125, 1e-12);
    a = SAMPLES(2.0, 2.1, 2.3);
    b = SAMPLES(2.2, 2.0, 2.4, 2.6);
    cr_expect_float_eq(rnl_samples_alike(a, b, 0), 0.47022895167302037, 1e-12);
    a = SAMPLES(1, 1.0001);
    b = SAMPLES(1.01, 1.0101);
    cr_expect_float_eq(rnl_samples_alike(a, b, 0.004), 0.1608792906864715, 1e-12);
    cr_expect_eq(rnl_samples_alike(a, SAMPLES(1), 0), 1);
    cr_expect_eq(rnl_samples_first_quartile(SAMPLES(5, 1, 4, 2, 3)), 2);
    cr_expect(isnan(rnl_samples_first_quartile(&(const rnl_samples){0})));
}

/* A number from 0 to 1. */
static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Pairs whose true median ratio is 1.05, under a mood that both of a pair share: the interval has
 * to hold it in about 95 of 100 sets, and be far narrower than the mood. */
Test(bench_samples, interval_of_a_ratio_holds_the_truth)
{
    enum { SETS = 400, PAIRS = 25 };
    uint64_t state = 1;
    size_t held = 0;
    double width = 0;
    for (size_t set = 0; set < SETS; ++set) {
        rnl_samples above = {0}, below = {0};
        for (size_t i = 0; i < PAIRS; ++i) {
            const double mood = 1 + uniform(&state);
            rnl_samples_add(&below, mood);
            rnl_samples_add(&above, mood * (1.05 + 0.04 * (uniform(&state) - 0.5)));
        }
        const rnl_ratio ratio = rnl_samples_ratio(&above, &below, 1);
        cr_expect(ratio.low <= ratio.median && ratio.median <= ratio.high);
        held += ratio.low <= 1.05 && 1.05 <= ratio.high;
        width += (ratio.high - ratio.low) / SETS;
        rnl_samples_release(&above);
        rnl_samples_release(&below);
    }
    cr_expect_geq(held, SETS * 90 / 100, "%zu of %d", held, SETS);
    cr_expect_leq(held, SETS * 99 / 100, "%zu of %d", held, SETS);
    cr_expect_lt(width, 0.03);
}

Test(bench_samples, busiest_neighbour_is_found_by_what_it_used_since)
{
    rnl_neighbour before[] = {{10, 500}, {20, 1}, {40, 3}};
    rnl_neighbour after[] = {{10, 500.5}, {20, 4}, {30, 2}, {50, 0}};
    const rnl_busiest busiest = rnl_neighbours_busiest(&(const rnl_neighbours){3, before},
                                                       &(const rnl_neighbours){4, after});
    cr_expect_eq(busiest.process, 20);
    cr_expect_float_eq(busiest.seconds, 3, 1e-12);
    cr_expect_float_eq(busiest.all_seconds, 5.5, 1e-12);
}

static double seconds_of(const rnl_neighbours *all, long process)
{
    for (size_t i = 0; i < all->count; ++i)
        if (all->items[i].process == process)
            return all->items[i].seconds;
    return -1;
}

/* A process that has used 0.3 seconds of a processor, and waits for the end. */
static pid_t start_busy_child(void)
{
    int ends[2];
    char byte;
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        while (rnl_processor_seconds() < 0.3)
            ;
        _exit(write(ends[1], "x", 1) == 1 ? pause() : 1);
    }
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return child;
}

/* What others use is the test's to say: the machine may be doing anything. */
Test(bench_samples, a_busy_process_is_named)
{
    char line[192], expected[192], name[32] = "";
    const pid_t child = start_busy_child();
    rnl_neighbour now = {child, 0.3};
    const rnl_busiest busiest =
        rnl_neighbours_busiest(&(const rnl_neighbours){0}, &(const rnl_neighbours){1, &now});
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    FILE *in = fopen("/proc/self/comm", "r");
    cr_assert_not_null(in);
    cr_assert_eq(fscanf(in, "%31[^\n]", name), 1);
    fclose(in);
    snprintf(expected, sizeof expected,
             "other processes used 0.30 processors, most of all %s (%ld): 0.30", name, (long)child);
    cr_assert(rnl_neighbours_describe(line, sizeof line, &busiest, 0, 1));
    cr_expect_str_eq(line, expected);
    cr_expect_not(rnl_neighbours_describe(line, sizeof line, &busiest, 0, 10), "3 %%");
    cr_assert(rnl_neighbours_describe(line, sizeof line, &busiest, 8, 10));
    cr_expect_str_eq(line, "other processes, which came and went, used 0.80 processors");
    cr_expect_not(rnl_neighbours_describe(line, sizeof line, &(const rnl_busiest){0}, 0.05, 0.2));
}

Test(bench_samples, neighbours_are_all_processes_but_this)
{
    rnl_neighbours all;
    const pid_t child = start_busy_child();
    rnl_neighbours_read(&all);
    cr_expect_geq(seconds_of(&all, child), 0.2);
    cr_expect_eq(seconds_of(&all, getpid()), -1);
    rnl_neighbours_release(&all);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
