#include "benchmarks/latency_contest.h"

#include "benchmarks/chosen.h"
#include "benchmarks/latency_layers.h"
#include "benchmarks/order.h"
#include "benchmarks/verdict.h"
#include "engine/base/error.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* At most, for the layers of a net. */
#define LAYER_SECONDS 0.3

/* Ends the rounds when all ratios are known within this. */
static const double narrow = 0.001;

/* ---- subjects -------------------------------------------------------------------------------- */

static rnl_status add_subject(rnl_latency_contest *c, const char *name, json_t *activation)
{
    rnl_latency_subject *s = &c->subjects[c->count];
    snprintf(c->names[c->count], sizeof *c->names, "%.39s", name);
    *s = (rnl_latency_subject){.source = c->source, .pass = c->pass};
    if (c->first && !c->pass.training)
        s->model = c->first->subjects[c->count].model;
    ++c->count;
    return rnl_latency_make(s, activation);
}

static rnl_status add_fold(rnl_latency_contest *c)
{
    if (!rnl_latency_folds(&c->subjects[0]))
        return RNL_OK;
    snprintf(c->names[0], sizeof *c->names, "model");
    RNL_TRY(add_subject(c, "fold", NULL));
    c->subjects[1].fold = true;
    return RNL_OK;
}

rnl_status rnl_latency_contest_make(rnl_latency_contest *c, json_t *activations)
{
    if (c->pass.cold)
        RNL_TRY(rnl_latency_source_empty_caches(c->source));
    for (size_t i = 0; i < json_array_size(activations); ++i) {
        json_t *activation = json_array_get(activations, i);
        RNL_TRY(add_subject(c, rnl_choice_name(activation), activation));
    }
    if (!activations) {
        RNL_TRY(add_subject(c, "", NULL));
        RNL_TRY(add_fold(c));
    }
    c->over = c->subjects[0].batches == 0;
    return RNL_OK;
}

void rnl_latency_contest_release(rnl_latency_contest *c)
{
    for (size_t i = 0; i < c->count; ++i)
        rnl_latency_release(&c->subjects[i]);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

rnl_status rnl_latency_contest_round(rnl_latency_contest *c, uint64_t *state)
{
    const double start = rnl_seconds();
    size_t order[RNL_MOST_LATENCY_ACTIVATIONS];
    rnl_order_draw(order, c->count, state);
    for (size_t i = 0; i < c->count; ++i)
        RNL_TRY(rnl_latency_run(&c->subjects[order[i]]));
    ++c->rounds;
    c->spent += rnl_seconds() - start;
    return RNL_OK;
}

static rnl_ratio ratio_of(const rnl_latency_contest *c, size_t number)
{
    return rnl_samples_ratio(&c->subjects[number].rounds, &c->subjects[0].rounds, c->count - 1);
}

bool rnl_latency_contest_is_known(const rnl_latency_contest *c)
{
    const rnl_spread spread = rnl_samples_summarize(&c->subjects[0].rounds);
    bool known = rnl_spread_width(&spread) <= (c->count > 1 ? 1 : narrow) &&
                 c->subjects[0].seconds.count >= RNL_P99_SAMPLES;
    for (size_t i = 1; known && i < c->count; ++i) {
        const rnl_ratio ratio = ratio_of(c, i);
        known = (ratio.high - ratio.low) / 2 <= narrow * ratio.median;
    }
    return known;
}

/* ---- results --------------------------------------------------------------------------------- */

/* "latency/spirals/elu/train/batch:32/threads:2" */
static void name_result(rnl_bench_result *result, const rnl_latency_contest *c, const char *what)
{
    snprintf(result->name, sizeof result->name, "latency/%.40s%s%.60s%s%s/batch:%zu/threads:%zu",
             rnl_config_name(c->subjects[0].config), what[0] ? "/" : "", what,
             c->pass.training ? "/train" : "", c->pass.cold ? "/cold" : "", c->pass.batch_size,
             c->pass.threads);
}

static void report_subject(const rnl_latency_contest *c, size_t number, rnl_bench *bench)
{
    const rnl_latency_subject *s = &c->subjects[number];
    rnl_bench_result result = {.threads = c->pass.threads,
                               .repetitions = s->seconds.count,
                               .seconds = rnl_samples_summarize(&s->seconds),
                               .rounds = &s->rounds,
                               .processor_rounds = &s->processor_rounds};
    name_result(&result, c, c->names[number]);
    rnl_bench_result_count(&result, "rows_per_second",
                           (double)c->pass.batch_size / result.seconds.median);
    rnl_bench_result_count(&result, "p90_us", 1e6 * result.seconds.p90);
    rnl_bench_result_count_of(&result, "p99_us", 1e6 * result.seconds.p99, RNL_P99_SAMPLES);
    rnl_bench_result_count_of(&result, "p99_9_us", 1e6 * result.seconds.p999, RNL_P999_SAMPLES);
    rnl_bench_report_add(&bench->report, &result);
}

static void report_ratio(const rnl_latency_contest *c, size_t number, rnl_bench *bench)
{
    const rnl_ratio ratio = ratio_of(c, number);
    rnl_bench_result result = {.threads = c->pass.threads,
                               .repetitions = c->subjects[number].rounds.count};
    char what[96];
    snprintf(what, sizeof what, "%s_over_%s", c->names[number], c->names[0]);
    name_result(&result, c, what);
    rnl_bench_result_count(&result, "ratio", ratio.median);
    rnl_bench_result_count(&result, "ratio_low", ratio.low);
    rnl_bench_result_count(&result, "ratio_high", ratio.high);
    snprintf(result.compared[0], sizeof result.compared[0], "%s", c->names[number]);
    snprintf(result.compared[1], sizeof result.compared[1], "%s", c->names[0]);
    rnl_verdict(result.label, sizeof result.label, c->names[number], c->names[0], &ratio);
    rnl_bench_report_add(&bench->report, &result);
}

/* The layers that take time, with their shares of the sum. */
static rnl_status report_layers(const rnl_latency_contest *c, size_t number, rnl_bench *bench)
{
    rnl_layer_times times = {.count = 0};
    double sum = 0;
    rnl_status status = rnl_layer_times_measure(&times, &c->subjects[number], LAYER_SECONDS);
    for (size_t i = 0; i < times.count; ++i)
        sum += rnl_samples_summarize(&times.items[i].seconds).median;
    for (size_t i = 0; status == RNL_OK && i < times.count; ++i) {
        const rnl_layer_time *layer = &times.items[i];
        rnl_bench_result result = {.threads = 1,
                                   .repetitions = layer->seconds.count,
                                   .seconds = rnl_samples_summarize(&layer->seconds)};
        char what[112];
        snprintf(what, sizeof what, "%.24s%slayer:%.60s", c->names[number],
                 c->names[number][0] ? "/" : "", layer->name);
        name_result(&result, c, what);
        rnl_bench_result_count(&result, "share_of_layers", result.seconds.median / sum);
        if (result.repetitions > 0)
            rnl_bench_report_add(&bench->report, &result);
    }
    rnl_layer_times_release(&times);
    return status;
}

/* The layers are those of one thread, in warm caches. */
static bool is_by_layer(const rnl_latency_contest *c, const rnl_bench *bench)
{
    return bench->layers && c->pass.threads == 1 && !c->pass.cold;
}

rnl_status rnl_latency_contest_report(const rnl_latency_contest *c, rnl_bench *bench)
{
    if (c->subjects[0].batches == 0)
        return RNL_OK;
    for (size_t i = 0; i < c->count; ++i)
        report_subject(c, i, bench);
    for (size_t i = 1; i < c->count; ++i)
        report_ratio(c, i, bench);
    for (size_t i = 0; i < c->count && is_by_layer(c, bench); ++i)
        RNL_TRY(report_layers(c, i, bench));
    return RNL_OK;
}
