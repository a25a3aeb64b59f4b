#include "benchmarks/matrix_trial.h"

#include "engine/base/error.h"
#include "engine/kinds/monitor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rnl_bench_target_read(rnl_bench_target *target, const char *text)
{
    const char *equals = strchr(text, '=');
    char *end;
    if (!equals || equals == text || (size_t)(equals - text) >= sizeof target->figure)
        return false;
    snprintf(target->figure, sizeof target->figure, "%.*s", (int)(equals - text), text);
    target->value = strtod(equals + 1, &end);
    return end != equals + 1 && *end == '\0' && isfinite(target->value);
}

rnl_status rnl_bench_target_settle(rnl_bench_target *target, const rnl_config *config)
{
    const char *names[RNL_MAX_METRICS + 1] = {"loss"};
    const rnl_choice_list *metrics = &config->training.metrics;
    size_t count = 1;
    target->monitor = &config->training.early_stopping.monitor;
    const char *figure = target->monitor->figure;
    const char *name = strncmp(figure, "val_", 4) == 0 ? figure + 4 : figure;
    for (size_t i = 0; i < metrics->count && count <= RNL_MAX_METRICS; ++i)
        names[count++] = metrics->items[i].kind->name;
    for (size_t i = 0; i < count; ++i)
        if (strcmp(names[i], name) == 0) {
            snprintf(target->figure, sizeof target->figure, "%s", figure);
            return RNL_OK;
        }
    const char *nearest = rnl_nearest(name, names, count);
    return rnl_fail(RNL_BAD_CONFIG,
                    "--target: expected a figure of this training, with or without "
                    "val_ before it, got '%s'%s%s%s; see training.metrics",
                    figure, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'?" : "");
}

typedef struct run {
    const rnl_bench_target *target;
    size_t batch_size;
    double seconds;
    rnl_trial *trial;
} run;

static double figure_of(const rnl_progress *progress, const char *name)
{
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, name) == 0)
            return progress->figures[i].value;
    return NAN;
}

static int take_epoch(const rnl_progress *progress, void *user)
{
    run *r = user;
    const double rate = figure_of(progress, "samples_per_second");
    r->trial->last = figure_of(progress, r->target->figure);
    r->seconds += (double)progress->rows / rate;
    rnl_samples_add(&r->trial->step_seconds, (double)r->batch_size / rate);
    const bool reached =
        r->target->monitor &&
        !rnl_monitor_improved(r->target->monitor, r->target->value, r->trial->last);
    if (reached && isinf(r->trial->epochs)) {
        r->trial->epochs = (double)progress->epoch;
        r->trial->seconds = r->seconds;
    }
    return 0;
}

static rnl_status suggest(double *rate, const rnl_model *model, const rnl_data *data,
                          size_t threads)
{
    const rnl_options options = {.threads = threads};
    rnl_rate_search *search = NULL;
    RNL_TRY(rnl_find_learning_rate(model, data, NULL, &options, &search));
    *rate = isfinite(search->learning_rate) ? search->learning_rate : 0;
    rnl_rate_search_free(search);
    return RNL_OK;
}

static const char *optimizer_name(const rnl_config *config)
{
    return config->training.optimizer.kind->name;
}

/* A configuration and a model of it, at a seed and, unless it is 0, a rate. */
static rnl_status create(rnl_config **config, rnl_model **model, const char *json,
                         const rnl_data *data, size_t seed, double rate, const char *optimizer)
{
    char seeded[64], rated[96];
    snprintf(seeded, sizeof seeded, "training.seed=%zu", seed);
    snprintf(rated, sizeof rated, "training.optimizer.%s.learning_rate=%.9g", optimizer, rate);
    const char *const overrides[] = {seeded, rated};
    RNL_TRY(rnl_config_parse(config, "matrix", json, overrides, rate > 0 ? 2 : 1));
    return rnl_model_create(model, *config, data);
}

/* Trades a model of the configuration's rate for one of the suggested rate. */
static rnl_status tune_rate(rnl_config **config, rnl_model **model, const char *json,
                            const rnl_data *data, size_t seed, size_t threads, double *rate)
{
    RNL_TRY(suggest(rate, *model, data, threads));
    if (*rate == 0)
        return RNL_OK;
    rnl_config *before = *config;
    rnl_model_free(*model);
    *model = NULL;
    *config = NULL;
    const rnl_status status =
        create(config, model, json, data, seed, *rate, optimizer_name(before));
    rnl_config_free(before);
    return status;
}

rnl_status rnl_trial_run(rnl_trial *trial, const char *json, const rnl_data *data,
                         const rnl_bench_target *target, size_t seed, size_t threads, int tune,
                         double *rate)
{
    rnl_config *config = NULL;
    rnl_model *model = NULL;
    *trial = (rnl_trial){.epochs = INFINITY, .seconds = INFINITY, .last = NAN};
    *rate = 0;
    rnl_status status = create(&config, &model, json, data, seed, 0, "");
    if (status == RNL_OK && tune)
        status = tune_rate(&config, &model, json, data, seed, threads, rate);
    if (status == RNL_OK) {
        run r = {target, (size_t)config->training.batch_size, 0, trial};
        const rnl_options options = {.threads = threads, .on_epoch = take_epoch, .user = &r};
        status = rnl_train(model, data, &options);
    }
    /* A training that diverges has not reached the target. */
    if (status == RNL_NOT_FINITE)
        status = RNL_OK;
    rnl_model_free(model);
    rnl_config_free(config);
    return status;
}

void rnl_trial_release(rnl_trial *trial)
{
    rnl_samples_release(&trial->step_seconds);
}
