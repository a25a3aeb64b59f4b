#include "benchmarks/turns.h"

#include "benchmarks/order.h"
#include "engine/base/error.h"
#include "engine/workers/machine.h"
#include "threading/team.h"

#include <stdint.h>
#include <stdlib.h>

/* Least time of a turn, for the clock's sake. */
#define TURN 200e-6

/* What worker 0 decides and all read after a barrier. */
typedef struct round {
    const rnl_turns *turns;
    size_t *order;
    size_t number;
    uint64_t state;
    double processor, taken; /* seconds of the turn under way */
    bool over;
} round;

/* ---- one turn -------------------------------------------------------------------------------- */

static double run_turn(rnl_worker *worker, round *r, const rnl_contender *c, size_t iterations)
{
    rnl_team_barrier(worker);
    if (worker->index == 0)
        r->processor = rnl_processor_seconds();
    const double start = rnl_seconds();
    for (size_t i = 0; i < iterations; ++i)
        c->work(worker->index, c->context);
    rnl_team_barrier(worker);
    const double seconds = rnl_seconds() - start;
    if (worker->index == 0) {
        r->processor = rnl_processor_seconds() - r->processor;
        r->taken = seconds;
    }
    rnl_team_barrier(worker);
    return r->taken;
}

/* Doubles the iterations until a turn is long enough. */
static void warm_up(rnl_worker *worker, round *r, rnl_contender *c)
{
    size_t iterations = c->iterations > 0 ? c->iterations : 1;
    while (run_turn(worker, r, c, iterations) < TURN && c->iterations == 0)
        iterations *= 2;
    rnl_team_barrier(worker);
    if (worker->index == 0)
        c->iterations = iterations;
    rnl_team_barrier(worker);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool all_narrow(const rnl_turns *turns)
{
    for (size_t i = 0; i < turns->count; ++i) {
        const rnl_spread spread = rnl_samples_summarize(&turns->contenders[i].seconds);
        if (rnl_spread_width(&spread) > turns->narrow)
            return false;
    }
    return true;
}

static bool is_over(const round *r)
{
    const rnl_turns *turns = r->turns;
    return r->number >= turns->fewest &&
           (r->number >= turns->most || rnl_seconds() > turns->deadline || all_narrow(turns));
}

static void keep(rnl_contender *c, const round *r)
{
    rnl_samples_add(&c->seconds, r->taken / (double)c->iterations);
    rnl_samples_add(&c->processor_seconds, r->processor / (double)c->iterations);
}

static void run_rounds(rnl_worker *worker, void *context)
{
    round *r = context;
    const rnl_turns *turns = r->turns;
    for (size_t i = 0; i < turns->count; ++i)
        warm_up(worker, r, &turns->contenders[i]);
    while (!r->over) {
        for (size_t i = 0; i < turns->count; ++i) {
            rnl_contender *c = &turns->contenders[r->order[i]];
            run_turn(worker, r, c, c->iterations);
            if (worker->index == 0)
                keep(c, r);
        }
        rnl_team_barrier(worker);
        if (worker->index == 0) {
            ++r->number;
            r->over = is_over(r);
            rnl_order_draw(r->order, turns->count, &r->state);
        }
        rnl_team_barrier(worker);
    }
}

rnl_status rnl_take_turns(const rnl_turns *turns)
{
    const rnl_options options = {.threads = turns->threads};
    char problem[512];
    rnl_placement placement;
    round r = {.turns = turns, .state = rnl_order_seed()};
    RNL_TRY(rnl_place_workers(&placement, &options));
    r.order = malloc((turns->count + 1) * sizeof *r.order);
    if (r.order)
        rnl_order_draw(r.order, turns->count, &r.state);
    const bool ran = r.order && rnl_team_run(&placement, run_rounds, &r, problem, sizeof problem);
    rnl_placement_release(&placement);
    if (!r.order)
        return rnl_fail_memory((turns->count + 1) * sizeof *r.order);
    free(r.order);
    return ran ? RNL_OK : rnl_fail(RNL_THREADS, "%s", problem);
}

void rnl_turns_release(const rnl_turns *turns)
{
    for (size_t i = 0; i < turns->count; ++i) {
        rnl_samples_release(&turns->contenders[i].seconds);
        rnl_samples_release(&turns->contenders[i].processor_seconds);
    }
}
