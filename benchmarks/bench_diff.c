/*
 * What changed between two runs of benchmarks beyond noise.
 */
#include "benchmarks/bench.h"
#include "benchmarks/bench_file.h"
#include "cli/messages.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The error of a whole comparison, all results together. */
static const double error_rate = 0.01;

/* Changes of less are not told, whatever a test says: the machine's mood moves by so much from one
 * minute to the next. */
static const double least_change = 0.02;

/* Processes that are compared by their own variance, and the least of its roots that is believed,
 * of so few of them. */
enum { FEWEST_PROCESSES = 3 };
static const double least_deviation = 0.004;

/* Others that took a larger share of the processors' time can have made any change that they leave
 * unexplained: rounds are not chosen among so many that were left alone. */
static const double most_taken = 0.05;

/* One result in both runs. */
typedef struct change {
    const char *name;
    double before, after; /* medians, in seconds */
    double probability;   /* of as much difference without a cause */
    double least;         /* smaller differences are not told */
} change;

static int by_probability(const void *a, const void *b)
{
    const double x = ((const change *)a)->probability, y = ((const change *)b)->probability;
    return (x > y) - (x < y);
}

/* Holm's step-down: the i-th smallest of n is held against rate / (n - i). */
static size_t count_significant(const change *changes, size_t count)
{
    size_t i = 0;
    while (i < count && changes[i].probability <= error_rate / (double)(count - i))
        ++i;
    return i;
}

static double size_of(const change *c)
{
    return c->after / c->before - 1;
}

/* What others can have added to the time of a result: they stop one of its threads for their share
 * of the time, and all of them while they stop one. */
static double least_of(const rnl_filed_result *result, double taken)
{
    if (taken <= most_taken)
        return least_change;
    return result->threads == 1 && taken < 0.5 ? taken / (1 - taken) : INFINITY;
}

/* Compares processes, whose variance holds what the rounds of one do not show; where there are too
 * few, rounds. */
static change compare_result(const rnl_filed_result *a, const rnl_filed_result *b, double taken)
{
    const bool several =
        a->processes.count >= FEWEST_PROCESSES && b->processes.count >= FEWEST_PROCESSES;
    const rnl_samples *of_a = several ? &a->processes : &a->seconds;
    const rnl_samples *of_b = several ? &b->processes : &b->seconds;
    return (change){.name = a->name,
                    .before = rnl_samples_summarize(of_a).median,
                    .after = rnl_samples_summarize(of_b).median,
                    .probability = several ? rnl_samples_alike(of_a, of_b, least_deviation)
                                           : rnl_samples_same(of_a, of_b),
                    .least = least_of(a, taken)};
}

static size_t pair_up(change *changes, const rnl_bench_file *before, const rnl_bench_file *after)
{
    size_t count = 0;
    for (size_t i = 0; i < before->count; ++i) {
        const rnl_filed_result *a = &before->results[i], *b = rnl_bench_file_find(after, a->name);
        if (!b) {
            fprintf(stderr, "warning: %s has no '%s'\n", after->path, a->name);
            continue;
        }
        changes[count++] = compare_result(a, b, fmax(before->taken, after->taken));
    }
    return count;
}

/* "0.4467 ns" */
static const char *print_time(char text[24], double seconds)
{
    const char *unit = rnl_time_unit(&seconds);
    snprintf(text, 24, "%.4g %s", seconds, unit);
    return text;
}

static void print_changes(const change *changes, size_t count)
{
    size_t told = 0;
    const size_t significant = count_significant(changes, count);
    for (size_t i = 0; i < significant; ++i) {
        const double size = size_of(&changes[i]);
        if (fabs(size) < changes[i].least)
            continue;
        char after[24], before[24];
        printf("%-56s %s by %.1f %%: %s, before %s, p %.1g\n", changes[i].name,
               size > 0 ? "slower" : "faster", 100 * fabs(size),
               print_time(after, changes[i].after), print_time(before, changes[i].before),
               changes[i].probability);
        ++told;
    }
    if (told == 0)
        printf("nothing beyond noise, of %zu results\n", count);
    else
        printf("%zu of %zu results changed beyond noise\n", told, count);
}

static void warn_if_different(const char *what, const char *before, const char *after)
{
    if (strcmp(before, after) != 0)
        fprintf(stderr, "warning: the runs differ in the %s: '%s', then '%s'\n", what, before,
                after);
}

/* The U test cannot find what so few repetitions show, however far they lie apart. */
static void warn_of_few(const rnl_bench_file *file)
{
    enum { FEWEST = 9 };
    for (size_t i = 0; i < file->count; ++i)
        if (file->results[i].seconds.count < FEWEST &&
            file->results[i].processes.count < FEWEST_PROCESSES) {
            fprintf(stderr,
                    "warning: %s: '%s' has %zu repetitions: fewer than %d hardly show a change; "
                    "measure without --quick, or for more --seconds\n",
                    file->path, file->results[i].name, file->results[i].seconds.count, FEWEST);
            return;
        }
}

static void warn_of_one_process(const rnl_bench_file *file)
{
    for (size_t i = 0; i < file->count; ++i)
        if (file->results[i].processes.count < FEWEST_PROCESSES) {
            fprintf(stderr,
                    "warning: %s: '%s' was measured by %zu process%s: two of one build can differ "
                    "by more than the rounds of one show; see --processes\n",
                    file->path, file->results[i].name, file->results[i].processes.count,
                    file->results[i].processes.count == 1 ? "" : "es");
            return;
        }
}

static void warn_of_others(const rnl_bench_file *file)
{
    if (file->taken > most_taken)
        fprintf(stderr,
                "warning: %s: others took %.0f %% of the processors' time: what they can have "
                "caused is not told\n",
                file->path, 100 * file->taken);
}

static void warn_of(const rnl_bench_file *file)
{
    warn_of_few(file);
    warn_of_one_process(file);
    warn_of_others(file);
}

static int compare(const rnl_bench_file *before, const rnl_bench_file *after)
{
    change *changes = calloc(before->count + 1, sizeof *changes);
    if (!changes)
        return rnl_complain_status(RNL_NO_MEMORY);
    warn_if_different("processor", before->processor, after->processor);
    warn_if_different("instruction set", before->isa, after->isa);
    warn_of(before);
    warn_of(after);
    const size_t count = pair_up(changes, before, after);
    qsort(changes, count, sizeof *changes, by_probability);
    print_changes(changes, count);
    free(changes);
    return 0;
}

int rnl_bench_diff(rnl_bench *bench)
{
    rnl_bench_file before = {0}, after = {0};
    const char *const *paths = bench->arguments->operands + 1;
    rnl_status status = rnl_bench_file_read(&before, paths[0]);
    if (status == RNL_OK)
        status = rnl_bench_file_read(&after, paths[1]);
    const int code = status == RNL_OK ? compare(&before, &after) : rnl_complain_status(status);
    rnl_bench_file_release(&before);
    rnl_bench_file_release(&after);
    return code;
}
