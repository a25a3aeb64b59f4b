/*
 * What changed between two runs of benchmarks beyond noise.
 */
#include "benchmarks/bench.h"
#include "benchmarks/bench_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The error of a whole comparison, all results together. */
static const double error_rate = 0.01;

/* Two processes of one build differ by so much: where memory lies, what lies beside it.  Changes of
 * less are not told, whatever the test of a single pair of processes says. */
static const double least_change = 0.02;

/* One result in both runs. */
typedef struct change {
    const char *name;
    double before, after; /* medians, in seconds */
    double probability;   /* of as much difference without a cause */
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

static size_t pair_up(change *changes, const rnl_bench_file *before, const rnl_bench_file *after)
{
    size_t count = 0;
    for (size_t i = 0; i < before->count; ++i) {
        const rnl_filed_result *a = &before->results[i], *b = rnl_bench_file_find(after, a->name);
        if (!b) {
            fprintf(stderr, "warning: %s has no '%s'\n", after->path, a->name);
            continue;
        }
        changes[count++] = (change){a->name, rnl_samples_summarize(&a->seconds).median,
                                    rnl_samples_summarize(&b->seconds).median,
                                    rnl_samples_same(&a->seconds, &b->seconds)};
    }
    return count;
}

/* "0.4467 ns" */
static const char *print_time(char text[24], double seconds)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds)
        ++i;
    snprintf(text, 24, "%.4g %s", seconds / units[i].seconds, units[i].name);
    return text;
}

static void print_changes(const change *changes, size_t count)
{
    size_t told = 0;
    const size_t significant = count_significant(changes, count);
    for (size_t i = 0; i < significant; ++i) {
        const double size = size_of(&changes[i]);
        if (fabs(size) < least_change)
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
    enum { FEWEST = 8 };
    for (size_t i = 0; i < file->count; ++i)
        if (file->results[i].seconds.count < FEWEST) {
            fprintf(stderr,
                    "warning: %s: '%s' has %zu repetitions: fewer than %d hardly show a change; "
                    "measure without --quick, or for more --seconds\n",
                    file->path, file->results[i].name, file->results[i].seconds.count, FEWEST);
            return;
        }
}

static int compare(const rnl_bench_file *before, const rnl_bench_file *after)
{
    change *changes = calloc(before->count + 1, sizeof *changes);
    if (!changes)
        return rnl_bench_complain(RNL_NO_MEMORY);
    warn_if_different("processor", before->processor, after->processor);
    warn_if_different("instruction set", before->isa, after->isa);
    warn_of_few(before);
    warn_of_few(after);
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
    const int code = status == RNL_OK ? compare(&before, &after) : rnl_bench_complain(status);
    rnl_bench_file_release(&before);
    rnl_bench_file_release(&after);
    return code;
}
