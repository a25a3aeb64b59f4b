/*
 * What the machine can do: arithmetic, memory, caches, barriers.
 */
#include "benchmarks/bench.h"
#include "benchmarks/bench_barriers.h"
#include "benchmarks/bfloat16_peak.h"
#include "benchmarks/fma_peak.h"
#include "benchmarks/team_timing.h"
#include "benchmarks/triad.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 7 };

static float *allocate(size_t floats)
{
    float *values = aligned_alloc(64, floats * sizeof *values);
    if (!values) {
        fputs("runnel: out of memory\n", stderr);
        exit(1);
    }
    return values;
}

/* Adds a figure, unless the machine has none. */
static void add(rnl_bench *bench, const char *what, size_t threads, const char *unit, double value)
{
    if (value <= 0)
        return;
    rnl_bench_result result = {.threads = threads, .repetitions = TRIES};
    snprintf(result.name, sizeof result.name, "machine/%s/threads:%zu", what, threads);
    rnl_bench_result_count(&result, unit, value);
    rnl_bench_report_add(&bench->report, &result);
}

/* ---- memory ---------------------------------------------------------------------------------- */

typedef struct reading {
    const rnl_machine_loops *loops;
    float **arrays; /* one for each worker */
    size_t floats, rounds;
    volatile float sink;
} reading;

static void run_reading(size_t worker, void *context)
{
    reading *r = context;
    float sum = 0;
    for (size_t i = 0; i < r->rounds; ++i)
        sum += r->loops->sum(r->arrays[worker], r->floats);
    if (worker == 0)
        r->sink = sum;
}

/* Bytes per second that all workers together read, each from an array of its own. */
static double read_bandwidth(const rnl_machine_loops *loops, size_t threads, size_t bytes)
{
    reading r = {.loops = loops, .floats = bytes / sizeof(float)};
    r.rounds = ((size_t)1 << 24) / r.floats + 1;
    r.arrays = calloc(threads, sizeof *r.arrays);
    if (!r.arrays)
        exit(1);
    for (size_t i = 0; i < threads; ++i) {
        r.arrays[i] = allocate(r.floats);
        memset(r.arrays[i], 0, bytes);
    }
    const double seconds = rnl_team_best_time(threads, TRIES, run_reading, &r);
    for (size_t i = 0; i < threads; ++i)
        free(r.arrays[i]);
    free(r.arrays);
    return (double)(bytes * r.rounds * threads) / seconds;
}

int rnl_bench_machine(rnl_bench *bench)
{
    const rnl_isa isa = rnl_isa_detect();
    const rnl_machine_loops *loops = rnl_machine_loops_of(isa);
    static const struct {
        const char *name;
        size_t bytes;
    } sizes[] = {{"read_16KiB", 1 << 14},
                 {"read_256KiB", 1 << 18},
                 {"read_4MiB", 1 << 22},
                 {"read_64MiB", 1 << 26}};
    if (!loops) {
        fputs("runnel: bench machine needs AVX2 or AVX-512\n", stderr);
        return 1;
    }
    int code = 0;
    for (size_t i = 0; i < bench->thread_count_count && code == 0; ++i) {
        const size_t threads = bench->thread_counts[i];
        add(bench, "fma_peak", threads, "gflops", rnl_fma_peak(isa, threads) / 1e9);
        add(bench, "bfloat16_peak", threads, "gflops", rnl_bfloat16_peak(isa, threads) / 1e9);
        add(bench, "triad", threads, "gigabytes_per_second",
            rnl_triad_bandwidth(isa, threads) / 1e9);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k)
            add(bench, sizes[k].name, threads, "gigabytes_per_second",
                read_bandwidth(loops, threads, sizes[k].bytes) / 1e9);
        code = rnl_bench_barriers(bench, threads);
    }
    return code;
}
