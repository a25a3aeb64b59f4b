#include "benchmarks/bench_barriers.h"

#include "cli/messages.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { BARRIERS = 2000, TRIES = 15, MOST_ROUNDS = 12, SPINS = 2000 };

/* ---- the kinds ------------------------------------------------------------------------------- */

/* Dissemination (Hensgen, Finkel and Manber 1988): in round k, worker i signals worker i + 2^k,
 * and waits for the signal of worker i - 2^k. */
typedef struct signals {
    _Alignas(64) atomic_uint generation[MOST_ROUNDS];
} signals;

typedef struct contest {
    void (*barrier)(struct contest *contest, rnl_worker *worker, unsigned generation);
    signals *signals; /* (workers) */
    rnl_samples seconds;
} contest;

static void wait_for(atomic_uint *generation, unsigned wanted)
{
    for (unsigned spins = 0;
         (int)(atomic_load_explicit(generation, memory_order_acquire) - wanted) < 0; ++spins) {
        if (spins < SPINS)
            __builtin_ia32_pause();
        else
            sched_yield();
    }
}

static void dissemination(contest *c, rnl_worker *worker, unsigned generation)
{
    for (size_t k = 0, distance = 1; distance < worker->count; ++k, distance *= 2) {
        signals *next = &c->signals[(worker->index + distance) % worker->count];
        atomic_store_explicit(&next->generation[k], generation, memory_order_release);
        wait_for(&c->signals[worker->index].generation[k], generation);
    }
}

static void ours(contest *c, rnl_worker *worker, unsigned generation)
{
    (void)c, (void)generation;
    rnl_team_barrier(worker);
}

/* What `#pragma omp barrier` calls: the workers are a team of the OpenMP runtime. */
void GOMP_barrier(void);

static void libgomp(contest *c, rnl_worker *worker, unsigned generation)
{
    (void)c, (void)worker, (void)generation;
    GOMP_barrier();
}

/* ---- the contest ----------------------------------------------------------------------------- */

static void run(rnl_worker *worker, void *context)
{
    contest *c = context;
    unsigned generation = 0;
    for (size_t i = 0; i < TRIES; ++i) {
        rnl_team_barrier(worker);
        const double start = rnl_seconds();
        for (size_t k = 0; k < BARRIERS; ++k)
            c->barrier(c, worker, ++generation);
        if (worker->index == 0)
            rnl_samples_add(&c->seconds, (rnl_seconds() - start) / BARRIERS);
    }
}

static int time_kind(rnl_bench *bench, const rnl_placement *placement, const char *name, contest *c)
{
    char problem[512] = "";
    if (!rnl_team_run(placement, run, c, problem, sizeof problem)) {
        fprintf(stderr, "runnel: %s\n", problem);
        return 1;
    }
    rnl_bench_result result = {.threads = placement->workers, .repetitions = c->seconds.count};
    snprintf(result.name, sizeof result.name, "machine/%s/threads:%zu", name, placement->workers);
    result.seconds = rnl_samples_summarize(&c->seconds);
    rnl_bench_report_add(&bench->report, &result);
    return 0;
}

int rnl_bench_barriers(rnl_bench *bench, size_t threads)
{
    static const struct {
        const char *name;
        void (*barrier)(contest *contest, rnl_worker *worker, unsigned generation);
    } kinds[] = {
        {"barrier", ours}, {"barrier_libgomp", libgomp}, {"barrier_dissemination", dissemination}};
    const rnl_options options = {.threads = threads};
    rnl_placement placement;
    const rnl_status status = rnl_place_workers(&placement, &options);
    if (status != RNL_OK)
        return rnl_complain_status(status);
    int code = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && code == 0; ++i) {
        contest c = {.barrier = kinds[i].barrier,
                     .signals = aligned_alloc(_Alignof(signals), threads * sizeof(signals))};
        if (!c.signals)
            exit(1);
        for (size_t w = 0; w < threads; ++w)
            for (size_t k = 0; k < MOST_ROUNDS; ++k)
                atomic_init(&c.signals[w].generation[k], 0);
        code = time_kind(bench, &placement, kinds[i].name, &c);
        rnl_samples_release(&c.seconds);
        free(c.signals);
    }
    rnl_placement_release(&placement);
    return code;
}
