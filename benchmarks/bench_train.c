/*
 * The time of a training step.  All cases and thread counts take turns, one short run each, until
 * every median is known narrowly; the FMA peak is measured in every round as well.
 */
#include "benchmarks/bench.h"
#include "benchmarks/bench_layers.h"
#include "benchmarks/bench_nets.h"
#include "benchmarks/bfloat16_peak.h"
#include "benchmarks/chosen.h"
#include "benchmarks/fma_peak.h"
#include "benchmarks/step_time.h"
#include "cli/messages.h"
#include "engine/base/error.h"
#include "engine/kinds/precisions.h"
#include "engine/schema/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 40, FEWEST_ROUNDS = 3 };
static const double epoch_seconds = 0.02;
static const double narrow = 0.01;

/* One case with one thread count. */
typedef struct point {
    char name[144];
    const rnl_config *config;
    const rnl_data *data;
    size_t threads, batch_size;
    rnl_products products;
    size_t first; /* the point of the same case with the first number of threads */
    size_t plain; /* the same point under the first precision */
    double flops; /* of a step */
    rnl_step_samples samples;
} point;

typedef struct points {
    size_t count;
    point *items;
} points;

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool all_narrow(const points *p)
{
    for (size_t i = 0; i < p->count; ++i) {
        const rnl_spread spread = rnl_samples_summarize(&p->items[i].samples.seconds);
        if (rnl_spread_width(&spread) > narrow)
            return false;
    }
    return true;
}

static bool is_mixed(const point *at)
{
    return rnl_precision_is_mixed(&at->config->training.precision);
}

/* The peak of the products that the point makes. */
static double measure_peak(const point *at, rnl_isa isa)
{
    const double peak = is_mixed(at) ? rnl_bfloat16_peak(isa, at->threads) : 0;
    return peak > 0 ? peak : rnl_fma_peak(isa, at->threads);
}

/* The most that was seen of as many threads and the same products. */
static void share_peaks(const points *p, double *peaks)
{
    for (size_t i = 0; i < p->count; ++i)
        for (size_t k = 0; k < p->count; ++k)
            if (p->items[k].threads == p->items[i].threads &&
                is_mixed(&p->items[k]) == is_mixed(&p->items[i]) && peaks[k] > peaks[i])
                peaks[i] = peaks[k];
}

/* Measures a peak again that a step exceeds, for a second at most: others had the core. */
static void measure_low_peaks(const points *p, rnl_isa isa, double *peaks)
{
    const double deadline = rnl_seconds() + 1;
    for (size_t i = 0; i < p->count; ++i) {
        const point *at = &p->items[i];
        const double speed = at->flops / rnl_samples_summarize(&at->samples.seconds).best;
        while (peaks[i] > 0 && peaks[i] < speed && rnl_seconds() < deadline) {
            const double peak = measure_peak(at, isa);
            peaks[i] = peak > peaks[i] ? peak : peaks[i];
        }
    }
}

static rnl_status run_rounds(const points *p, double deadline, double *peaks)
{
    const rnl_isa isa = rnl_isa_detect();
    for (size_t round = 0; round < MOST_ROUNDS; ++round) {
        for (size_t i = 0; i < p->count; ++i) {
            point *at = &p->items[i];
            const size_t threads = at->threads;
            const rnl_status status = rnl_step_time(at->config, at->data, threads, at->products,
                                                    at->batch_size, &at->samples);
            if (status != RNL_OK)
                return status;
            const double peak = measure_peak(at, isa);
            peaks[i] = peak > peaks[i] ? peak : peaks[i];
            if (round > 0 && rnl_seconds() > deadline)
                break;
        }
        if (rnl_seconds() > deadline || (round + 1 >= FEWEST_ROUNDS && all_narrow(p)))
            break;
    }
    measure_low_peaks(p, isa, peaks);
    share_peaks(p, peaks);
    return RNL_OK;
}

/* Rows per second for each worker, over those of the first number of threads. */
static double efficiency(const points *p, const point *at)
{
    const point *first = &p->items[at->first];
    const double before = rnl_samples_summarize(&first->samples.seconds).median;
    return before * (double)first->threads /
           (rnl_samples_summarize(&at->samples.seconds).median * (double)at->threads);
}

static void count_speedup(rnl_bench_result *result, const points *p, const point *at)
{
    const rnl_samples *plain = &p->items[at->plain].samples.rounds;
    if (&p->items[at->plain] == at)
        return;
    const rnl_ratio ratio = rnl_samples_ratio(plain, &at->samples.rounds, 1);
    rnl_bench_result_count(result, "speedup", ratio.median);
    if (plain->count < FEWEST_ROUNDS)
        return;
    rnl_bench_result_count(result, "speedup_low", ratio.low);
    rnl_bench_result_count(result, "speedup_high", ratio.high);
}

/* A step cannot take less time than its arithmetic: then something was not computed, or not timed.
 */
static int report_points(rnl_bench *bench, const points *p, const double *peaks)
{
    int code = 0;
    for (size_t i = 0; i < p->count; ++i) {
        point *at = &p->items[i];
        rnl_bench_result result = {.threads = at->threads,
                                   .repetitions = at->samples.seconds.count,
                                   .rounds = &at->samples.rounds,
                                   .processor_rounds = &at->samples.processor_rounds};
        snprintf(result.name, sizeof result.name, "%s", at->name);
        snprintf(result.label, sizeof result.label, "products %s",
                 at->products == RNL_PRODUCTS_ONEDNN ? rnl_products_library() : "own");
        result.seconds = rnl_samples_summarize(&at->samples.seconds);
        const double speed = at->flops / result.seconds.median;
        rnl_bench_result_count(&result, "rows_per_second",
                               (double)at->batch_size / result.seconds.median);
        rnl_bench_result_count(&result, "gflops", speed / 1e9);
        if (at->threads > p->items[at->first].threads)
            rnl_bench_result_count(&result, "efficiency", efficiency(p, at));
        count_speedup(&result, p, at);
        if (peaks[i] > 0) {
            rnl_bench_result_count(&result, "share_of_peak", speed / peaks[i]);
            rnl_bench_result_count(&result, "peak_gflops", peaks[i] / 1e9);
        }
        rnl_bench_report_add(&bench->report, &result);
        if (peaks[i] > 0 && at->flops / result.seconds.best > peaks[i]) {
            fprintf(stderr, "runnel: %s: faster than the FMA peak: the measurement is wrong\n",
                    at->name);
            code = 1;
        }
    }
    return code;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static rnl_status training_flops(double *flops, const rnl_config *config, const rnl_data *data)
{
    rnl_model *model = NULL;
    const rnl_status status = rnl_model_create(&model, config, data);
    if (status == RNL_OK)
        *flops = rnl_training_flops(model);
    rnl_model_free(model);
    return status;
}

/* Rows for an epoch of about epoch_seconds, guessed at 50 GFLOP/s for each thread. */
static size_t rows_for(double flops_per_row, size_t batch_size)
{
    const double rows = epoch_seconds * 1e11 / flops_per_row;
    const size_t steps = (size_t)(rows / (double)batch_size);
    return (steps < 2 ? 2 : steps > 400 ? 400 : steps) * batch_size;
}

typedef struct bench_case {
    rnl_config *config;
    rnl_data *data;
    double flops_per_row;
} bench_case;

/* "training.precision=..."; NULL: the case's own. */
typedef const char *precision_override;

static rnl_status make_case(bench_case *made, const rnl_bench_case *c, precision_override precision)
{
    char *text = rnl_bench_config(c), epochs[64];
    snprintf(epochs, sizeof epochs, "training.epochs=%d", RNL_STEP_TIME_EPOCHS);
    const char *overrides[] = {epochs, precision};
    rnl_data *one = rnl_bench_data(c, 1);
    rnl_status status = rnl_config_parse(&made->config, c->net, text, overrides, precision ? 2 : 1);
    if (status == RNL_OK)
        status = training_flops(&made->flops_per_row, made->config, one);
    rnl_data_free(one);
    free(text);
    if (status == RNL_OK)
        made->data = rnl_bench_data(c, rows_for(made->flops_per_row, c->batch_size));
    return status;
}

/* With another batch size than the configuration's, unless it is 0, and precision. */
static rnl_status load_case(bench_case *made, const char *path, const rnl_arguments *arguments,
                            size_t batch_size, precision_override precision)
{
    char batch[64];
    snprintf(batch, sizeof batch, "training.batch_size=%zu", batch_size);
    rnl_arguments more = *arguments;
    more.overrides = calloc(arguments->override_count + 1, sizeof *more.overrides);
    if (!more.overrides)
        return rnl_fail_memory(sizeof *more.overrides);
    for (size_t i = 0; i < arguments->override_count; ++i)
        more.overrides[i] = arguments->overrides[i];
    if (precision)
        more.overrides[more.override_count++] = precision;
    const rnl_status status =
        rnl_bench_load(&made->config, &made->data, path, &more, batch_size > 0 ? batch : NULL);
    free(more.overrides);
    RNL_TRY(status);
    return training_flops(&made->flops_per_row, made->config, made->data);
}

/* number: of its precision, from 0; the points of the precisions before it stand before these. */
static void add_points(points *p, const rnl_bench *bench, const bench_case *c, const char *label,
                       size_t number)
{
    for (size_t t = 0; t < bench->thread_count_count; ++t) {
        point *at = &p->items[p->count++];
        *at = (point){
            .config = c->config,
            .data = c->data,
            .threads = bench->thread_counts[t],
            .products = bench->arguments->products,
            .batch_size = (size_t)c->config->training.batch_size,
            .first = p->count - 1 - t,
            .plain = p->count - 1 - number * bench->thread_count_count,
        };
        at->flops = c->flops_per_row * (double)at->batch_size;
        snprintf(at->name, sizeof at->name, "train/%.90s/batch:%zu/threads:%zu", label,
                 at->batch_size, at->threads);
    }
}

/* Another entry of the table before this one is the same but for its batch size. */
static bool is_repeated(size_t number)
{
    const rnl_bench_case *c = &rnl_bench_cases[number];
    for (size_t i = 0; i < number; ++i)
        if (strcmp(rnl_bench_cases[i].net, c->net) == 0 &&
            strcmp(rnl_bench_cases[i].activation, c->activation) == 0 &&
            strcmp(rnl_bench_cases[i].optimizer, c->optimizer) == 0)
            return true;
    return false;
}

/* The number-th CONFIG, or entry of the table. */
static rnl_status prepare_case(bench_case *made, const rnl_bench *bench, size_t number,
                               size_t batch_size, precision_override precision, char label[80])
{
    const rnl_arguments *arguments = bench->arguments;
    if (arguments->operand_count > 1) {
        RNL_TRY(load_case(made, arguments->operands[1 + number], arguments, batch_size, precision));
        snprintf(label, 80, "%.60s", rnl_config_name(made->config));
        return RNL_OK;
    }
    rnl_bench_case c = rnl_bench_cases[number];
    c.batch_size = batch_size > 0 ? batch_size : c.batch_size;
    snprintf(label, 80, "%s/%s/%s", c.net, c.activation, c.optimizer);
    return make_case(made, &c, precision);
}

/* What --precision asks for: names in JSON, or null where it is not given. */
static rnl_status read_precisions(json_t **precisions, const rnl_bench *bench)
{
    if (bench->precisions)
        return rnl_choose_json(precisions, &rnl_precisions, "--precision", bench->precisions);
    *precisions = json_pack("[n]");
    return *precisions ? RNL_OK : rnl_fail_memory(1);
}

/* A case under each precision. */
static rnl_status make_precise_cases(bench_case *cases, size_t *made, const rnl_bench *bench,
                                     size_t number, size_t batch_size, const json_t *precisions,
                                     points *p)
{
    for (size_t q = 0; q < json_array_size(precisions); ++q) {
        char label[80], longer[128], override[96];
        const char *name = json_string_value(json_array_get(precisions, q));
        bench_case *c = &cases[(*made)++];
        snprintf(override, sizeof override, "training.precision=%.60s", name ? name : "");
        RNL_TRY(prepare_case(c, bench, number, batch_size, name ? override : NULL, label));
        snprintf(longer, sizeof longer, name ? "%s/precision:%.40s" : "%s", label, name);
        add_points(p, bench, c, longer, q);
    }
    return RNL_OK;
}

/* *made: how many, each with points. */
static rnl_status make_cases(bench_case *cases, size_t *made, size_t count, const rnl_bench *bench,
                             const json_t *precisions, points *p)
{
    const size_t batches = bench->batch_count > 0 ? bench->batch_count : 1;
    for (size_t i = 0; i < count; ++i) {
        if (bench->arguments->operand_count == 1 && bench->batch_count > 0 && is_repeated(i))
            continue;
        for (size_t k = 0; k < batches; ++k)
            RNL_TRY(make_precise_cases(cases, made, bench, i,
                                       bench->batch_count > 0 ? bench->batches[k] : 0, precisions,
                                       p));
    }
    return RNL_OK;
}

static rnl_status measure_layers(rnl_bench *bench, const points *p)
{
    for (size_t i = 0; i < p->count; ++i) {
        rnl_model *model = NULL;
        if (p->items[i].threads != bench->thread_counts[0])
            continue;
        rnl_status status = rnl_model_create(&model, p->items[i].config, p->items[i].data);
        if (status == RNL_OK)
            status =
                rnl_bench_layers(bench, model, rnl_config_name(p->items[i].config),
                                 p->items[i].threads == 1
                                     ? rnl_samples_summarize(&p->items[i].samples.seconds).median
                                     : 0);
        rnl_model_free(model);
        if (status != RNL_OK)
            return status;
    }
    return RNL_OK;
}

int rnl_bench_train(rnl_bench *bench)
{
    const size_t nets = bench->arguments->operand_count > 1 ? bench->arguments->operand_count - 1
                                                            : rnl_bench_case_count;
    json_t *precisions = NULL;
    RNL_TRY_EXIT(rnl_complain_status(read_precisions(&precisions, bench)));
    const size_t most =
        nets * (bench->batch_count > 0 ? bench->batch_count : 1) * json_array_size(precisions);
    size_t count = 0;
    bench_case *cases = calloc(most, sizeof *cases);
    points p = {.items = calloc(most * bench->thread_count_count, sizeof *p.items)};
    double *peaks = calloc(most * bench->thread_count_count, sizeof *peaks);
    if (!cases || !p.items || !peaks)
        return rnl_complain_status(rnl_fail_memory(most * sizeof *p.items));
    rnl_status status = make_cases(cases, &count, nets, bench, precisions, &p);
    if (status == RNL_OK)
        status = run_rounds(&p, bench->deadline, peaks);
    int code = rnl_complain_status(status);
    if (code == 0)
        code = report_points(bench, &p, peaks);
    if (code == 0 && bench->layers)
        code = rnl_complain_status(measure_layers(bench, &p));
    for (size_t i = 0; i < p.count; ++i)
        rnl_step_samples_release(&p.items[i].samples);
    for (size_t i = 0; i < count; ++i) {
        rnl_data_free(cases[i].data);
        rnl_config_free(cases[i].config);
    }
    json_decref(precisions);
    free(cases);
    free(p.items);
    free(peaks);
    return code;
}
