/*
 * The updates of the optimizers over parameters that no cache holds, against the bandwidth of the
 * memory.
 */
#include "benchmarks/bench.h"
#include "benchmarks/team_timing.h"
#include "benchmarks/triad.h"
#include "engine/base/error.h"
#include "engine/kinds/optimizers.h"
#include "engine/schema/config.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIES = 7, MOST_SLOTS = 3, PARAMETERS = 1 << 25 };

/* Between arrays, so that what is updated together does not compete for the same lines. */
#define GAP 1040

/* Parameters that a step updates at a time. */
#define SLICE 4096

typedef struct sweep {
    rnl_bound_optimizer optimizer;
    rnl_step_rates rates;
    size_t slots, share;                    /* parameters of a worker */
    float *arrays[2 + MOST_SLOTS], *checks; /* gradients, weights, slots; (workers) 16 apart */
} sweep;

static float *array_of(const sweep *s, size_t number)
{
    return s->arrays[number];
}

static void touch(size_t worker, void *context)
{
    const sweep *s = context;
    for (size_t a = 0; a < 2 + s->slots; ++a)
        for (size_t i = worker * s->share; i < (worker + 1) * s->share; ++i)
            s->arrays[a][i] = (float)(i % 7 + 1) * 1e-3f;
}

static float *slot(const sweep *s, size_t number, size_t at)
{
    return number > 0 ? array_of(s, 1 + number) + at : NULL;
}

static void run_sweep(size_t worker, void *context)
{
    const sweep *s = context;
    for (size_t at = worker * s->share; at < (worker + 1) * s->share; at += SLICE)
        s->optimizer.update(&(const rnl_update){
            .count = SLICE,
            .weights = array_of(s, 1) + at,
            .gradients = array_of(s, 0) + at,
            .velocity = slot(s, s->optimizer.velocity, at),
            .squares = slot(s, s->optimizer.squares, at),
            .means = slot(s, s->optimizer.means, at),
            .learning_rate = s->rates.learning_rate,
            .gradient_rate = s->rates.gradient_rate,
            .root_scale = s->rates.root_scale,
            .decay = s->rates.decay,
            .momentum = s->rates.velocity_share,
            .beta_2 = s->optimizer.beta_2,
            .epsilon = s->optimizer.epsilon,
            .check = s->checks + 16 * worker,
        });
}

static double best_seconds(sweep *s, const rnl_choice *choice, size_t threads)
{
    rnl_optimizer_of(choice)->bind(&s->optimizer, rnl_kernels_of(rnl_isa_detect()),
                                   choice->parameters);
    s->slots = rnl_optimizer_slots(choice);
    s->share = PARAMETERS / threads / SLICE * SLICE;
    const rnl_scheduled scheduled = {s->optimizer.learning_rate, s->optimizer.momentum};
    s->rates = rnl_optimizer_rates(choice, &s->optimizer, 10, scheduled, 0.5);
    rnl_team_best_time(threads, 1, touch, s);
    return rnl_team_best_time(threads, TRIES, run_sweep, s);
}

static void report(rnl_bench *bench, const sweep *s, const char *name, size_t threads,
                   double seconds, double triad)
{
    const double parameters = (double)(s->share * threads);
    const double bytes = sizeof(float) * (double)(3 + 2 * s->slots);
    rnl_bench_result result = {.threads = threads, .repetitions = TRIES};
    snprintf(result.name, sizeof result.name, "optimizers/%s/threads:%zu", name, threads);
    rnl_bench_result_count(&result, "gigaparameters_per_second", parameters / seconds / 1e9);
    rnl_bench_result_count(&result, "bytes_per_parameter", bytes);
    rnl_bench_result_count(&result, "gigabytes_per_second", bytes * parameters / seconds / 1e9);
    if (triad > 0)
        rnl_bench_result_count(&result, "share_of_triad", bytes * parameters / seconds / triad);
    rnl_bench_report_add(&bench->report, &result);
}

static rnl_status time_optimizer(rnl_bench *bench, sweep *s, const char *name)
{
    char override[160];
    const char *const overrides[] = {override};
    static const char text[] = "data: {train: {blobs: {rows: 10}}}\n"
                               "model: [dense: {units: 2}]\n"
                               "training: {loss: mean_squared_error, optimizer: sgd}\n";
    rnl_config *config = NULL;
    snprintf(override, sizeof override, "training.optimizer=%s", name);
    RNL_TRY(rnl_config_parse(&config, "optimizers", text, overrides, 1));
    for (size_t i = 0; i < bench->thread_count_count; ++i) {
        const size_t threads = bench->thread_counts[i];
        const double triad = rnl_triad_bandwidth(rnl_isa_detect(), threads);
        const double seconds = best_seconds(s, &config->training.optimizer, threads);
        const double again = rnl_triad_bandwidth(rnl_isa_detect(), threads);
        report(bench, s, name, threads, seconds, triad > again ? triad : again);
    }
    rnl_config_free(config);
    return RNL_OK;
}

static rnl_status time_all(rnl_bench *bench, sweep *s)
{
    for (size_t i = 0; i < rnl_optimizers.count; ++i)
        RNL_TRY(time_optimizer(bench, s, rnl_optimizers.kinds[i].name));
    return time_optimizer(bench, s, "{rmsprop: {momentum: 0.9, centered: true}}");
}

int rnl_bench_optimizers(rnl_bench *bench)
{
    sweep s = {0};
    const size_t most = bench->thread_counts[bench->thread_count_count - 1];
    const size_t floats = (PARAMETERS + GAP) * (2 + MOST_SLOTS) + 16 * most;
    float *memory = aligned_alloc(64, floats * sizeof *memory);
    for (size_t a = 0; a < 2 + MOST_SLOTS; ++a)
        s.arrays[a] = memory + a * (PARAMETERS + GAP);
    s.checks = memory + (PARAMETERS + GAP) * (2 + MOST_SLOTS);
    const rnl_status status =
        memory ? time_all(bench, &s) : rnl_fail_memory(floats * sizeof(float));
    free(memory);
    return rnl_bench_complain(status);
}
