/*
 * The time of an inference, and of a training step, and what one activation costs more than another
 * there, or a model than its fold: rounds of all of them in an order drawn anew, paired, with a
 * bootstrap interval.  The contests of a net go on side by side, so that each meets all moods of
 * the machine.
 */
#include "benchmarks/bench.h"
#include "benchmarks/chosen.h"
#include "benchmarks/latency_contest.h"
#include "benchmarks/order.h"
#include "cli/messages.h"
#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/predictor/predictor.h"

#include <stdlib.h>

enum { MOST_ROUNDS = 1000, FEWEST_ROUNDS = 9, FIRST_LOOK = 16 };

typedef struct contests {
    size_t count;
    rnl_latency_contest *items;
    size_t reported; /* the first of them */
} contests;

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Numbers of rounds that grow by a quarter: a bootstrap takes time. */
static bool is_time_to_look(size_t rounds)
{
    size_t at = FIRST_LOOK;
    while (at < rounds)
        at += at / 4;
    return at == rounds;
}

static void look(rnl_latency_contest *c, double deadline)
{
    c->over |= c->rounds == MOST_ROUNDS ||
               (c->rounds >= FEWEST_ROUNDS && rnl_seconds() > deadline) ||
               (is_time_to_look(c->rounds) && rnl_latency_contest_is_known(c));
}

/* The one with the least product of rounds and seconds: rounds that fall with the root of their
 * cost make the sum of all variances the least for a given time.  NULL: all are over. */
static rnl_latency_contest *next_of(const contests *all)
{
    rnl_latency_contest *next = NULL;
    for (size_t i = 0; i < all->count; ++i) {
        rnl_latency_contest *c = &all->items[i];
        if (!c->over &&
            (!next || (double)c->rounds * c->spent < (double)next->rounds * next->spent))
            next = c;
    }
    return next;
}

/* In their order, as far as they are over. */
static rnl_status report_finished(contests *all, rnl_bench *bench)
{
    for (; all->reported < all->count && all->items[all->reported].over; ++all->reported)
        RNL_TRY(rnl_latency_contest_report(&all->items[all->reported], bench));
    return RNL_OK;
}

static rnl_status run_rounds(contests *all, rnl_bench *bench, double deadline)
{
    uint64_t state = rnl_order_seed();
    RNL_TRY(report_finished(all, bench));
    for (rnl_latency_contest *c; (c = next_of(all));) {
        RNL_TRY(rnl_latency_contest_round(c, &state));
        for (size_t i = 0; i < all->count; ++i)
            if (&all->items[i] == c || rnl_seconds() > deadline)
                look(&all->items[i], deadline);
        RNL_TRY(report_finished(all, bench));
    }
    return RNL_OK;
}

/* ---- contests -------------------------------------------------------------------------------- */

/* Inferences and training steps of what the user asks for, or of usual sizes. */
typedef struct passes {
    size_t count;
    rnl_latency_pass items[3 * RNL_MAX_BENCH_BATCHES];
} passes;

static passes passes_of(const rnl_bench *bench, bool trained)
{
    static const size_t inferred[] = {1, 32, 512}, steps[] = {32, 512};
    const bool own = bench->batch_count > 0;
    const size_t inferences = own ? bench->batch_count : 3;
    const size_t trainings = trained ? 0 : own ? bench->batch_count : 2;
    passes p = {.count = 0};
    for (size_t i = 0; i < inferences; ++i)
        p.items[p.count++].batch_size = own ? bench->batches[i] : inferred[i];
    for (size_t i = 0; bench->cold && i < inferences; ++i)
        p.items[p.count++] =
            (rnl_latency_pass){.cold = true, .batch_size = own ? bench->batches[i] : inferred[i]};
    for (size_t i = 0; i < trainings; ++i)
        p.items[p.count++] =
            (rnl_latency_pass){.training = true, .batch_size = own ? bench->batches[i] : steps[i]};
    return p;
}

/* A predictor answers a single block on the caller's thread, however many it has: such inferences
 * are of the first number of threads alone. */
static bool is_repeated(const rnl_latency_pass *pass, size_t number)
{
    return number > 0 && !pass->training && pass->batch_size <= RNL_PREDICTOR_ROWS;
}

static rnl_status make_contests(contests *all, rnl_bench *bench, rnl_latency_source *source,
                                json_t *activations)
{
    const passes p = passes_of(bench, source->trained != NULL);
    all->items = calloc(p.count * bench->thread_count_count, sizeof *all->items);
    if (!all->items)
        return rnl_fail_memory(p.count * bench->thread_count_count * sizeof *all->items);
    for (size_t t = 0; t < bench->thread_count_count; ++t)
        for (size_t i = 0; i < p.count; ++i) {
            if (is_repeated(&p.items[i], t))
                continue;
            rnl_latency_contest *c = &all->items[all->count++];
            c->source = source;
            c->first = c > all->items ? all->items : NULL;
            c->pass = p.items[i];
            c->pass.threads = bench->thread_counts[t];
            RNL_TRY(rnl_latency_contest_make(c, activations));
        }
    return RNL_OK;
}

static rnl_status measure(rnl_bench *bench, const char *path, json_t *activations, double deadline)
{
    rnl_latency_source source;
    contests all = {.count = 0};
    rnl_status status = rnl_latency_source_open(&source, path, bench->arguments);
    if (status == RNL_OK)
        status = make_contests(&all, bench, &source, activations);
    if (status == RNL_OK)
        status = run_rounds(&all, bench, deadline);
    for (size_t i = 0; i < all.count; ++i)
        rnl_latency_contest_release(&all.items[i]);
    free(all.items);
    rnl_latency_source_release(&source);
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

static rnl_status measure_all(rnl_bench *bench, json_t *activations)
{
    const size_t files = bench->arguments->operand_count - 1, nets = files > 0 ? files : 1;
    const double start = rnl_seconds(), span = bench->deadline - start;
    for (size_t i = 0; i < nets; ++i)
        RNL_TRY(measure(bench, files > 0 ? bench->arguments->operands[1 + i] : NULL, activations,
                        start + span * (double)(i + 1) / (double)nets));
    return RNL_OK;
}

int rnl_bench_latency(rnl_bench *bench)
{
    const bool own = bench->arguments->operand_count == 1;
    const char *text = bench->activations ? bench->activations : own ? "relu, elu" : NULL;
    json_t *activations = NULL;
    rnl_status status = RNL_OK;
    if (text)
        status = rnl_choose_json(&activations, &rnl_activations, "--activations", text);
    if (status == RNL_OK && json_array_size(activations) > RNL_MOST_LATENCY_ACTIVATIONS)
        status = rnl_fail(RNL_BAD_CONFIG, "--activations: expected at most %d, got %zu",
                          RNL_MOST_LATENCY_ACTIVATIONS, json_array_size(activations));
    if (status == RNL_OK)
        status = measure_all(bench, activations);
    json_decref(activations);
    return rnl_complain_status(status);
}
