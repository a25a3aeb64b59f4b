#include "benchmarks/fma_peak.h"

#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 2000000
#define TRIES  8

typedef struct measurement {
    float (*loop)(size_t rounds);
    double best; /* seconds, of all workers together */
    volatile float *sink;
} measurement;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(rnl_worker *worker, void *context)
{
    measurement *m = context;
    for (size_t i = 0; i < TRIES; ++i) {
        rnl_team_barrier(worker);
        const double start = now();
        m->sink[worker->index * 16] = m->loop(ROUNDS);
        rnl_team_barrier(worker);
        const double seconds = now() - start;
        if (worker->index == 0 && seconds < m->best)
            m->best = seconds;
    }
}

double rnl_fma_peak(rnl_isa isa, size_t workers)
{
    if (isa == RNL_ISA_SCALAR)
        return 0;
    const size_t lanes = isa == RNL_ISA_AVX512 ? 16 : 8;
    measurement m = {
        .loop = isa == RNL_ISA_AVX512 ? rnl_fma_loop_avx512 : rnl_fma_loop_avx2,
        .best = 1e9,
        .sink = calloc(workers * 16, sizeof(float)),
    };
    char problem[256];
    rnl_topology topology;
    rnl_placement placement;
    const rnl_topology_source here = {0};
    if (!m.sink || !rnl_topology_read(&topology, &here, problem, sizeof problem) ||
        !rnl_placement_plan(&placement, &topology, workers, RNL_PINNING_AUTO) ||
        !rnl_team_run(&placement, measure, &m, problem, sizeof problem)) {
        fprintf(stderr, "cannot measure the FMA peak\n");
        exit(1);
    }
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
    free((void *)m.sink);
    return 2.0 * (double)lanes * RNL_FMA_CHAINS * ROUNDS * (double)workers / m.best;
}
