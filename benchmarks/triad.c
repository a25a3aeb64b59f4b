#include "benchmarks/triad.h"

#include "benchmarks/fma_peak.h"
#include "benchmarks/team_timing.h"

#include <stdlib.h>

enum { TRIES = 7, FLOATS = 1 << 24 };

/* Each worker has its share of the arrays, and touches it first. */
typedef struct triad {
    const rnl_machine_loops *loops;
    bool around_cache;
    float *a, *b, *c;
    size_t share; /* floats of a worker */
} triad;

static void touch(size_t worker, void *context)
{
    const triad *t = context;
    float *arrays[] = {t->a, t->b, t->c};
    for (size_t k = 0; k < 3; ++k)
        for (size_t i = worker * t->share; i < (worker + 1) * t->share; ++i)
            arrays[k][i] = (float)(i % 7);
}

static void run_triad(size_t worker, void *context)
{
    const triad *t = context;
    const size_t begin = worker * t->share;
    (t->around_cache ? t->loops->triad_around_cache
                     : t->loops->triad)(t->a + begin, t->b + begin, t->c + begin, 0.5f, t->share);
}

static double bandwidth(triad *t, size_t threads)
{
    const double floats = (double)(t->share * threads);
    rnl_team_best_time(threads, 1, touch, t);
    const double plain = 16 * floats / rnl_team_best_time(threads, TRIES, run_triad, t);
    t->around_cache = true;
    const double around = 12 * floats / rnl_team_best_time(threads, TRIES, run_triad, t);
    return plain > around ? plain : around;
}

double rnl_triad_bandwidth(rnl_isa isa, size_t threads)
{
    triad t = {.loops = rnl_machine_loops_of(isa), .share = FLOATS / threads / 64 * 64};
    float *arrays = aligned_alloc(64, 3 * FLOATS * sizeof *arrays);
    t.a = arrays;
    t.b = arrays + FLOATS;
    t.c = arrays + 2 * FLOATS;
    const double result = t.loops && arrays ? bandwidth(&t, threads) : 0;
    free(arrays);
    return result;
}
