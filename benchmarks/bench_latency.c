/*
 * The time of an inference, and of a training step, and what one activation costs more than another
 * there: rounds of all of them in an order drawn anew, paired, with a bootstrap interval.
 */
#include "benchmarks/bench.h"
#include "benchmarks/chosen.h"
#include "benchmarks/latency_layers.h"
#include "benchmarks/latency_subject.h"
#include "benchmarks/order.h"
#include "engine/base/error.h"
#include "engine/kinds/activations.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ROUNDS = 1000, FEWEST_ROUNDS = 5, MOST_ACTIVATIONS = 16 };

/* At most, for the layers of a net. */
#define LAYER_SECONDS 0.3

/* Ends the rounds when all ratios are known within this. */
static const double narrow = 0.001;

/* Activations with one net, batch size, and number of threads; the first is what the others are
 * compared with. */
typedef struct contest {
    size_t threads, count;
    char names[MOST_ACTIVATIONS][40]; /* "" for the configuration as it is */
    rnl_latency_subject subjects[MOST_ACTIVATIONS];
} contest;

typedef struct latency_pass {
    bool training, cold;
    size_t batch_size;
} latency_pass;

/* ---- results --------------------------------------------------------------------------------- */

/* "latency/spirals/elu/train/batch:32/threads:2" */
static void name_result(rnl_bench_result *result, const contest *c, const char *what)
{
    const rnl_latency_subject *s = &c->subjects[0];
    snprintf(result->name, sizeof result->name, "latency/%.40s%s%.60s%s%s/batch:%zu/threads:%zu",
             rnl_config_name(s->config), what[0] ? "/" : "", what, s->training ? "/train" : "",
             s->cold ? "/cold" : "", s->batch_size, c->threads);
}

static void report_subject(rnl_bench *bench, const contest *c, size_t number)
{
    const rnl_latency_subject *s = &c->subjects[number];
    rnl_bench_result result = {.threads = c->threads,
                               .repetitions = s->seconds.count,
                               .seconds = rnl_samples_summarize(&s->seconds),
                               .rounds = &s->rounds,
                               .processor_rounds = &s->processor_rounds};
    name_result(&result, c, c->names[number]);
    rnl_bench_result_count(&result, "rows_per_second",
                           (double)s->batch_size / result.seconds.median);
    rnl_bench_result_count(&result, "p90_us", 1e6 * result.seconds.p90);
    rnl_bench_result_count(&result, "p99_us",
                           s->seconds.count >= RNL_P99_SAMPLES ? 1e6 * result.seconds.p99
                                                               : (double)NAN);
    rnl_bench_result_count(&result, "p99_9_us",
                           s->seconds.count >= RNL_P999_SAMPLES ? 1e6 * result.seconds.p999
                                                                : (double)NAN);
    rnl_bench_report_add(&bench->report, &result);
}

/* The layers that take time, with their shares of the sum. */
static void report_layers(rnl_bench *bench, const contest *c, size_t number)
{
    rnl_layer_times *times = malloc(sizeof *times);
    double sum = 0;
    if (!times)
        return;
    rnl_layer_times_measure(times, &c->subjects[number], LAYER_SECONDS);
    for (size_t i = 0; i < times->count; ++i)
        sum += rnl_samples_summarize(&times->seconds[i]).median;
    for (size_t i = 0; i < times->count; ++i) {
        rnl_bench_result result = {.threads = 1,
                                   .repetitions = times->seconds[i].count,
                                   .seconds = rnl_samples_summarize(&times->seconds[i])};
        char what[112];
        snprintf(what, sizeof what, "%.40s%slayer:%.60s", c->names[number],
                 c->names[number][0] ? "/" : "", times->names[i]);
        name_result(&result, c, what);
        rnl_bench_result_count(&result, "share_of_layers", result.seconds.median / sum);
        if (result.repetitions > 0)
            rnl_bench_report_add(&bench->report, &result);
    }
    rnl_layer_times_release(times);
    free(times);
}

/* "elu costs 0.3 % (0.1 to 0.6) more than relu" */
static void say(rnl_bench_result *result, const char *name, const char *than,
                const rnl_ratio *ratio)
{
    const double middle = 100 * (ratio->median - 1);
    const double low = 100 * (ratio->low - 1), high = 100 * (ratio->high - 1);
    if (low > 0)
        snprintf(result->label, sizeof result->label,
                 "%s costs %.1f %% (%.1f to %.1f) more than %s", name, middle, low, high, than);
    else if (high < 0)
        snprintf(result->label, sizeof result->label,
                 "%s costs %.1f %% (%.1f to %.1f) less than %s", name, -middle, -high, -low, than);
    else
        snprintf(result->label, sizeof result->label,
                 "%s costs what %s costs, as far as is known (%+.1f %%, %+.1f to %+.1f)", name,
                 than, middle, low, high);
}

static void report_ratio(rnl_bench *bench, const contest *c, size_t number)
{
    const rnl_ratio ratio = rnl_samples_ratio(&c->subjects[number].rounds, &c->subjects[0].rounds);
    rnl_bench_result result = {.threads = c->threads,
                               .repetitions = c->subjects[number].rounds.count};
    char what[96];
    snprintf(what, sizeof what, "%s_over_%s", c->names[number], c->names[0]);
    name_result(&result, c, what);
    rnl_bench_result_count(&result, "ratio", ratio.median);
    rnl_bench_result_count(&result, "ratio_low", ratio.low);
    rnl_bench_result_count(&result, "ratio_high", ratio.high);
    say(&result, c->names[number], c->names[0], &ratio);
    rnl_bench_report_add(&bench->report, &result);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool is_known(const contest *c)
{
    const rnl_spread spread = rnl_samples_summarize(&c->subjects[0].rounds);
    bool known = rnl_spread_width(&spread) <= (c->count > 1 ? 1 : narrow) &&
                 c->subjects[0].seconds.count >= RNL_P99_SAMPLES;
    for (size_t i = 1; known && i < c->count; ++i) {
        const rnl_ratio ratio = rnl_samples_ratio(&c->subjects[i].rounds, &c->subjects[0].rounds);
        known = (ratio.high - ratio.low) / 2 <= narrow * ratio.median;
    }
    return known;
}

static rnl_status run_rounds(contest *c, double deadline)
{
    uint64_t state = rnl_order_seed();
    size_t order[MOST_ACTIVATIONS];
    for (size_t round = 0; round < MOST_ROUNDS; ++round) {
        if (round >= FEWEST_ROUNDS && (rnl_seconds() > deadline || is_known(c)))
            break;
        rnl_order_draw(order, c->count, &state);
        for (size_t i = 0; i < c->count; ++i)
            RNL_TRY(rnl_latency_run(&c->subjects[order[i]], c->threads));
    }
    return RNL_OK;
}

/* ---- contests -------------------------------------------------------------------------------- */

static const char *name_of(const json_t *choice)
{
    return json_is_string(choice) ? json_string_value(choice)
                                  : json_object_iter_key(json_object_iter((json_t *)choice));
}

static rnl_status make_subjects(contest *c, const char *path, const rnl_arguments *arguments,
                                const json_t *activations, latency_pass pass)
{
    const size_t count = activations ? json_array_size(activations) : 1;
    for (size_t i = 0; i < count; ++i) {
        json_t *activation = activations ? json_array_get(activations, i) : NULL;
        c->subjects[c->count] =
            (rnl_latency_subject){pass.training, pass.cold, pass.batch_size, .path = NULL};
        if (activation)
            snprintf(c->names[c->count], sizeof *c->names, "%.39s", name_of(activation));
        ++c->count;
        RNL_TRY(rnl_latency_make(&c->subjects[c->count - 1], path, arguments, activation));
    }
    return RNL_OK;
}

/* The layers of an inference are those of one thread, in warm caches. */
static bool is_by_layer(const rnl_bench *bench, const contest *c)
{
    return bench->layers && c->threads == 1 && !c->subjects[0].training && !c->subjects[0].cold;
}

static rnl_status run_contest(rnl_bench *bench, contest *c, double deadline)
{
    RNL_TRY(run_rounds(c, deadline));
    for (size_t i = 0; i < c->count; ++i)
        report_subject(bench, c, i);
    for (size_t i = 1; i < c->count; ++i)
        report_ratio(bench, c, i);
    for (size_t i = 0; i < c->count && is_by_layer(bench, c); ++i)
        report_layers(bench, c, i);
    return RNL_OK;
}

static rnl_status measure(rnl_bench *bench, const char *path, const json_t *activations,
                          latency_pass pass, size_t threads, double deadline)
{
    contest *c = calloc(1, sizeof *c);
    if (!c)
        return rnl_fail_memory(sizeof *c);
    c->threads = threads;
    rnl_status status = make_subjects(c, path, bench->arguments, activations, pass);
    if (status == RNL_OK && c->subjects[0].batches > 0)
        status = run_contest(bench, c, deadline);
    for (size_t i = 0; i < c->count; ++i)
        rnl_latency_release(&c->subjects[i]);
    free(c);
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Inferences and training steps of what the user asks for, or of usual sizes. */
typedef struct passes {
    size_t count;
    latency_pass items[3 * RNL_MAX_BENCH_BATCHES];
} passes;

static passes passes_of(const rnl_bench *bench)
{
    static const size_t inferred[] = {1, 32, 512}, trained[] = {32, 512};
    const bool own = bench->batch_count > 0;
    const size_t inferences = own ? bench->batch_count : 3, steps = own ? bench->batch_count : 2;
    passes p = {.count = 0};
    for (size_t i = 0; i < inferences; ++i)
        p.items[p.count++].batch_size = own ? bench->batches[i] : inferred[i];
    for (size_t i = 0; bench->cold && i < inferences; ++i)
        p.items[p.count++] =
            (latency_pass){.cold = true, .batch_size = own ? bench->batches[i] : inferred[i]};
    for (size_t i = 0; i < steps; ++i)
        p.items[p.count++] =
            (latency_pass){.training = true, .batch_size = own ? bench->batches[i] : trained[i]};
    return p;
}

static rnl_status measure_all(rnl_bench *bench, const json_t *activations)
{
    const passes p = passes_of(bench);
    const size_t configs = bench->arguments->operand_count - 1, nets = configs > 0 ? configs : 1;
    const size_t count = p.count * bench->thread_count_count * nets;
    const double start = rnl_seconds(), span = bench->deadline - start;
    for (size_t i = 0; i < count; ++i)
        RNL_TRY(measure(
            bench,
            configs > 0 ? bench->arguments->operands[1 + i / p.count / bench->thread_count_count]
                        : NULL,
            activations, p.items[i % p.count],
            bench->thread_counts[i / p.count % bench->thread_count_count],
            start + span * (double)(i + 1) / (double)count));
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
    if (status == RNL_OK && json_array_size(activations) > MOST_ACTIVATIONS)
        status = rnl_fail(RNL_BAD_CONFIG, "--activations: expected at most %d, got %zu",
                          MOST_ACTIVATIONS, json_array_size(activations));
    if (status == RNL_OK)
        status = measure_all(bench, activations);
    json_decref(activations);
    return rnl_bench_complain(status);
}
