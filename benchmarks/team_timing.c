#include "benchmarks/team_timing.h"

#include "benchmarks/samples.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct timing {
    size_t tries;
    void (*work)(size_t worker, void *context);
    void *context;
    double best;
} timing;

static void run(rnl_worker *worker, void *context)
{
    timing *t = context;
    for (size_t i = 0; i < t->tries; ++i) {
        rnl_team_barrier(worker);
        const double start = rnl_seconds();
        t->work(worker->index, t->context);
        rnl_team_barrier(worker);
        const double seconds = rnl_seconds() - start;
        if (worker->index == 0 && seconds < t->best)
            t->best = seconds;
    }
}

double rnl_team_best_time(size_t workers, size_t tries, void (*work)(size_t worker, void *context),
                          void *context)
{
    const rnl_options options = {.threads = workers};
    timing t = {tries, work, context, 1e9};
    rnl_placement placement;
    char problem[512] = "the workers cannot be placed";
    if (rnl_place_workers(&placement, &options) != RNL_OK ||
        !rnl_team_run(&placement, run, &t, problem, sizeof problem)) {
        fprintf(stderr, "runnel: %s\n", problem);
        exit(1);
    }
    rnl_placement_release(&placement);
    return t.best;
}
