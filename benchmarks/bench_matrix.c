/*
 * Optimizers times activations, and normalizations, on a configuration of the user's: the speed of
 * a step, and how soon a target is reached.  Seed by seed, all combinations in an order drawn anew.
 */
#include "benchmarks/bench.h"
#include "benchmarks/chosen.h"
#include "benchmarks/matrix_configs.h"
#include "benchmarks/matrix_trial.h"
#include "benchmarks/order.h"
#include "cli/messages.h"
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/activations.h"
#include "engine/kinds/optimizers.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUICK_EPOCHS = 2, QUICK_ROWS = 16384, USUAL_SEEDS = 5 };

typedef struct combination {
    char name[96]; /* "adam/elu/batch_normalization" */
    char *json;
    rnl_samples step_seconds, step_rounds;
    rnl_samples epochs, seconds, last, rates; /* by seed; INFINITY: the target was not reached */
} combination;

typedef struct matrix {
    rnl_config *config;
    rnl_data *data;
    rnl_bench_target target;
    size_t seeds, threads, layers, trials_done;
    json_t *document, *optimizers, *activations, *normalizations;
    size_t count;
    combination *combinations;
} matrix;

/* ---- combinations ---------------------------------------------------------------------------- */

/* None, and batch normalization if it is asked for. */
static json_t *normalizations(bool with)
{
    json_t *array = json_array();
    json_array_append_new(array, json_null());
    if (with)
        json_array_append_new(array, json_pack("{s:{}}", "batch_normalization"));
    return array;
}

static rnl_status make_combination(matrix *m, json_t *optimizer, json_t *activation,
                                   json_t *normalization)
{
    combination *c = &m->combinations[m->count++];
    json_t *document = json_deep_copy(m->document);
    rnl_matrix_set_optimizer(document, optimizer);
    rnl_matrix_add_normalization(document, normalization);
    rnl_matrix_set_activation(document, activation);
    c->json = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    snprintf(c->name, sizeof c->name, "%.30s/%.30s%s", rnl_choice_name(optimizer),
             rnl_choice_name(activation),
             json_is_null(normalization) ? "" : "/batch_normalization");
    return c->json ? RNL_OK : rnl_fail_memory(1);
}

static rnl_status make_combinations(matrix *m)
{
    const size_t o = json_array_size(m->optimizers), a = json_array_size(m->activations);
    const size_t count = o * a * json_array_size(m->normalizations);
    m->combinations = calloc(count, sizeof *m->combinations);
    if (!m->combinations)
        return rnl_fail_memory(count * sizeof *m->combinations);
    for (size_t i = 0; i < count; ++i)
        RNL_TRY(make_combination(m, json_array_get(m->optimizers, i % o),
                                 json_array_get(m->activations, i / o % a),
                                 json_array_get(m->normalizations, i / o / a)));
    return RNL_OK;
}

/* ---- results --------------------------------------------------------------------------------- */

/* INFINITY counts as the largest. */
static double median(const rnl_samples *samples)
{
    return rnl_samples_summarize(samples).median;
}

static double mean_of_finite(const rnl_samples *samples)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < samples->count; ++i)
        if (isfinite(samples->values[i])) {
            sum += samples->values[i];
            ++count;
        }
    return count > 0 ? sum / (double)count : NAN;
}

static void report(rnl_bench *bench, const matrix *m, const combination *c)
{
    rnl_bench_result result = {.threads = m->threads,
                               .repetitions = c->step_seconds.count,
                               .seconds = rnl_samples_summarize(&c->step_seconds),
                               .rounds = &c->step_rounds};
    size_t reached = 0;
    for (size_t i = 0; i < c->epochs.count; ++i)
        reached += isfinite(c->epochs.values[i]);
    snprintf(result.name, sizeof result.name, "matrix/%s/threads:%zu", c->name, m->threads);
    rnl_bench_result_count(&result, "rows_per_second",
                           (double)m->config->training.batch_size / result.seconds.median);
    if (m->target.figure[0]) {
        rnl_bench_result_count(&result, m->target.figure, mean_of_finite(&c->last));
        rnl_bench_result_count(&result, "reached", (double)reached);
        rnl_bench_result_count(&result, "of", (double)m->seeds);
        rnl_bench_result_count(&result, "epochs_to_target", median(&c->epochs));
        rnl_bench_result_count(&result, "seconds_to_target", median(&c->seconds));
    }
    if (c->rates.count > 0)
        rnl_bench_result_count(&result, "rate", median(&c->rates));
    rnl_bench_report_add(&bench->report, &result);
}

/* ---- trials ---------------------------------------------------------------------------------- */

/* [3/40] adam/elu, seed 2: 4.1 s, val_accuracy 0.8812, 3 epochs to the target */
static void tell(const matrix *m, const combination *c, size_t seed, double began)
{
    const size_t last = c->last.count - 1;
    fprintf(stderr, "[%zu/%zu] %s, seed %zu: %.1f s", m->trials_done, m->count * m->seeds, c->name,
            seed, rnl_seconds() - began);
    if (m->target.figure[0] && isfinite(c->epochs.values[last]))
        fprintf(stderr, ", %s %.4f, %.0f epochs to the target", m->target.figure,
                c->last.values[last], c->epochs.values[last]);
    else if (m->target.figure[0])
        fprintf(stderr, ", %s %.4f, the target not reached", m->target.figure,
                c->last.values[last]);
    fputc('\n', stderr);
}

static rnl_status run_trial(const rnl_bench *bench, matrix *m, combination *c, size_t seed)
{
    rnl_trial trial;
    double rate;
    const double began = rnl_seconds();
    const rnl_status status = rnl_trial_run(&trial, c->json, m->data, &m->target, seed, m->threads,
                                            bench->tune_rate, &rate);
    for (size_t i = 0; i < trial.step_seconds.count; ++i)
        rnl_samples_add(&c->step_seconds, trial.step_seconds.values[i]);
    if (trial.step_seconds.count > 0)
        rnl_samples_add(&c->step_rounds, rnl_samples_summarize(&trial.step_seconds).median);
    rnl_samples_add(&c->epochs, trial.epochs);
    rnl_samples_add(&c->seconds, trial.seconds);
    rnl_samples_add(&c->last, trial.last);
    if (rate > 0)
        rnl_samples_add(&c->rates, rate);
    rnl_trial_release(&trial);
    ++m->trials_done;
    if (status == RNL_OK)
        tell(m, c, seed, began);
    return status;
}

/* A row is told as soon as its last training has ended. */
static rnl_status run_trials(rnl_bench *bench, matrix *m)
{
    uint64_t state = rnl_order_seed();
    size_t *order = malloc((m->count + 1) * sizeof *order);
    if (!order)
        return rnl_fail_memory(m->count * sizeof *order);
    const size_t first = (size_t)m->config->training.seed;
    rnl_status status = RNL_OK;
    for (size_t s = 0; status == RNL_OK && s < m->seeds; ++s) {
        rnl_order_draw(order, m->count, &state);
        for (size_t i = 0; status == RNL_OK && i < m->count; ++i) {
            status = run_trial(bench, m, &m->combinations[order[i]], first + s);
            if (status == RNL_OK && s + 1 == m->seeds)
                report(bench, m, &m->combinations[order[i]]);
        }
    }
    free(order);
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* The user's overrides, and then what a measurement needs. */
static rnl_status load_config(const rnl_bench *bench, matrix *m)
{
    char epochs[48], monitor[120];
    const char *own[5];
    size_t own_count = 0;
    const size_t given = bench->arguments->override_count;
    snprintf(epochs, sizeof epochs, "training.epochs=%d", QUICK_EPOCHS);
    snprintf(monitor, sizeof monitor, "training.early_stopping.monitor=%s", m->target.figure);
    own[own_count++] = "training.inspect=false";
    if (m->target.figure[0])
        own[own_count++] = monitor;
    own[own_count++] = "training.early_stopping.patience=0";
    own[own_count++] = "training.early_stopping.min_delta=0";
    if (bench->quick)
        own[own_count++] = epochs;
    const char **overrides = calloc(given + own_count, sizeof *overrides);
    if (!overrides)
        return rnl_fail_memory((given + own_count) * sizeof *overrides);
    for (size_t i = 0; i < given + own_count; ++i)
        overrides[i] = i < given ? bench->arguments->overrides[i] : own[i - given];
    const rnl_status status =
        rnl_config_load(&m->config, bench->arguments->operands[1], overrides, given + own_count);
    free(overrides);
    return status;
}

static rnl_status load(const rnl_bench *bench, matrix *m)
{
    RNL_TRY(load_config(bench, m));
    if (m->target.figure[0])
        RNL_TRY(rnl_bench_target_settle(&m->target, m->config));
    RNL_TRY(rnl_data_load(&m->data, m->config, RNL_TRAIN | RNL_VALIDATION));
    if (bench->quick)
        m->data->train.rows = rnl_least(m->data->train.rows, QUICK_ROWS);
    return rnl_matrix_read(&m->document, &m->layers, m->config);
}

static rnl_status prepare(const rnl_bench *bench, matrix *m)
{
    RNL_TRY(load(bench, m));
    if (m->layers == 0)
        return rnl_fail(RNL_BAD_CONFIG,
                        "%s: no hidden dense layer has an activation that could be another",
                        bench->arguments->operands[1]);
    RNL_TRY(
        rnl_choose_json(&m->optimizers, &rnl_optimizers, "--optimizers",
                        bench->optimizers ? bench->optimizers : "sgd, momentum, nesterov, adam"));
    RNL_TRY(rnl_choose_json(&m->activations, &rnl_activations, "--activations",
                            bench->activations ? bench->activations : "relu, elu"));
    m->normalizations = normalizations(bench->normalization);
    return make_combinations(m);
}

static void release(matrix *m)
{
    for (size_t i = 0; i < m->count; ++i) {
        combination *c = &m->combinations[i];
        rnl_samples *all[] = {&c->step_seconds, &c->step_rounds, &c->epochs,
                              &c->seconds,      &c->last,        &c->rates};
        for (size_t k = 0; k < sizeof all / sizeof *all; ++k)
            rnl_samples_release(all[k]);
        free(c->json);
    }
    free(m->combinations);
    json_decref(m->document);
    json_decref(m->optimizers);
    json_decref(m->activations);
    json_decref(m->normalizations);
    rnl_data_free(m->data);
    rnl_config_free(m->config);
}

int rnl_bench_matrix(rnl_bench *bench)
{
    matrix m = {.seeds = bench->seeds   ? bench->seeds
                         : bench->quick ? 1
                                        : USUAL_SEEDS,
                .threads = bench->thread_counts[bench->thread_count_count - 1]};
    if (bench->target)
        m.target = *bench->target;
    rnl_status status = prepare(bench, &m);
    if (status == RNL_OK)
        status = run_trials(bench, &m);
    release(&m);
    return rnl_complain_status(status);
}
