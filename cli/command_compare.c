#include "cli/commands.h"
#include "cli/comparison.h"
#include "cli/cores.h"
#include "cli/figure_format.h"
#include "cli/jobs.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/progress.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_COMBINATIONS 1000
#define MAX_SLUG         64
#define DEFAULT_SEED     1

/* ---- the plan: combinations and their trials ------------------------------------------------- */

static int complain_memory(void)
{
    rnl_complain("out of memory");
    return RNL_EXIT_FAILURE;
}

static int parse_variations(rnl_comparison *comparison, const rnl_arguments *arguments)
{
    if (arguments->varied_count == 0)
        return rnl_complain_usage("compare", "--vary is missing: what is to be compared?");
    for (size_t i = 0; i < arguments->varied_count; ++i) {
        if (!rnl_variation_parse(&comparison->variations[i], arguments->varied[i]))
            return rnl_complain_usage("compare", "--vary expects KEY=VALUE,VALUE..., got '%s'",
                                      arguments->varied[i]);
        comparison->varied = i + 1;
    }
    return RNL_EXIT_OK;
}

static int make_combinations(rnl_comparison *comparison, const rnl_arguments *arguments)
{
    size_t count = 1;
    for (size_t v = 0; v < comparison->varied; ++v) {
        count *= comparison->variations[v].count;
        if (count > MAX_COMBINATIONS)
            return rnl_complain_usage("compare", "more than %d combinations", MAX_COMBINATIONS);
    }
    const size_t seeds = arguments->repeats > 0 ? arguments->repeats : 1;
    const size_t folds = arguments->folds > 0 ? arguments->folds : 1;
    comparison->combinations = calloc(count, sizeof *comparison->combinations);
    if (!comparison->combinations)
        return complain_memory();
    for (; comparison->count < count; ++comparison->count) {
        rnl_combination *c = &comparison->combinations[comparison->count];
        c->learning_rate = NAN;
        for (size_t v = comparison->varied, rest = comparison->count; v-- > 0;) {
            const rnl_variation *variation = &comparison->variations[v];
            c->values[v] = variation->values[rest % variation->count];
            rest /= variation->count;
        }
        c->trials = calloc(seeds * folds, sizeof *c->trials);
        if (!c->trials)
            return complain_memory();
        c->count = seeds * folds;
        for (size_t k = 0; k < c->count; ++k) {
            c->trials[k].directory.lock = -1;
            c->trials[k].seed =
                (arguments->seed_given ? arguments->seed : DEFAULT_SEED) + k / folds;
            c->trials[k].fold = arguments->folds > 0 ? k % folds + 1 : 0;
        }
    }
    return RNL_EXIT_OK;
}

/* ---- configurations -------------------------------------------------------------------------- */

/* Overrides in the order of their weight: the user's, the combination's, the trial's. */
typedef struct override_list {
    const char **items;
    size_t count;
    char *texts[RNL_MAX_VARIED + 8];
    size_t text_count;
} override_list;

__attribute__((format(printf, 2, 3))) static bool add_override(override_list *list,
                                                               const char *format, ...)
{
    char *text;
    va_list values;
    va_start(values, format);
    const int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0)
        return false;
    list->items[list->count++] = list->texts[list->text_count++] = text;
    return true;
}

static bool fill_overrides(override_list *list, const rnl_comparison *comparison,
                           const rnl_combination *c, const rnl_trial *trial,
                           const rnl_arguments *arguments, const char *optimizer)
{
    bool added = true;
    for (size_t i = 0; i < arguments->override_count; ++i)
        list->items[list->count++] = arguments->overrides[i];
    for (size_t v = 0; v < comparison->varied; ++v)
        added &= add_override(list, "%s=%s", comparison->variations[v].key, c->values[v]);
    if (optimizer)
        added &= add_override(list, "training.optimizer.%s.learning_rate=%.9g", optimizer,
                              c->learning_rate);
    if (comparison->repeats)
        added &= add_override(list, "training.seed=%" PRIu64, trial->seed);
    if (trial->fold > 0) {
        added &= add_override(list, "data.validation=null");
        added &= add_override(list, "data.validation_split=0");
        added &= add_override(
            list, arguments->stratified ? "data.folds={stratified: %zu}" : "data.folds=%zu",
            arguments->folds);
        added &= add_override(list, "data.fold=%zu", trial->fold);
    }
    return added;
}

/* optimizer: whose tuned rate is put in; NULL: none. */
static int load_config(rnl_config **config, const rnl_comparison *comparison,
                       const rnl_combination *c, const rnl_trial *trial,
                       const rnl_arguments *arguments, const char *optimizer)
{
    override_list *list = calloc(1, sizeof *list);
    if (list)
        list->items = calloc(arguments->override_count + RNL_MAX_VARIED + 8, sizeof *list->items);
    int code = RNL_EXIT_FAILURE;
    if (!list || !list->items || !fill_overrides(list, comparison, c, trial, arguments, optimizer))
        complain_memory();
    else
        code = rnl_complain_status(
            rnl_config_load(config, arguments->operands[0], list->items, list->count));
    for (size_t i = 0; list && i < list->text_count; ++i)
        free(list->texts[i]);
    if (list)
        free(list->items);
    free(list);
    return code;
}

/* ---- what is to be known before training ----------------------------------------------------- */

/* To the three digits that are shown, so that what is shown is what is trained with. */
static double rounded(double rate)
{
    char text[32];
    snprintf(text, sizeof text, "%.3g", rate);
    return strtod(text, NULL);
}

static int tune(rnl_combination *c, const rnl_model *model, const rnl_data *data,
                const rnl_arguments *arguments)
{
    const rnl_options options = {.threads = arguments->threads, .pin = arguments->pin};
    rnl_rate_search *found = NULL;
    const int code =
        rnl_complain_status(rnl_find_learning_rate(model, data, NULL, &options, &found));
    if (code != RNL_EXIT_OK)
        return code;
    c->learning_rate = rounded(found->learning_rate);
    if (found->remark)
        rnl_complain("--tune-rate: %s'%s': in the range test %s",
                     isnan(c->learning_rate) ? "no rate for the combination " : "warning: ",
                     c->values[0], found->remark);
    rnl_rate_search_free(found);
    return isnan(c->learning_rate) ? RNL_EXIT_FAILURE : RNL_EXIT_OK;
}

/* The figure of an evaluation of the validation rows that the metric is. */
static bool has_metric(const rnl_evaluation *evaluation, const char *name, double *value)
{
    for (size_t i = 0; i < evaluation->figure_count; ++i)
        if (strcmp(evaluation->figures[i].name, name) == 0) {
            *value = evaluation->figures[i].value;
            return true;
        }
    return false;
}

static const char *figure_of(const char *metric)
{
    return strncmp(metric, "val_", 4) == 0 ? metric + 4 : metric;
}

static rnl_status evaluate(rnl_evaluation **evaluation, const rnl_model *model,
                           const rnl_data *data, const rnl_arguments *arguments)
{
    const rnl_options options = {.threads = arguments->threads, .pin = arguments->pin};
    return rnl_evaluate(model, data, RNL_VALIDATION, &options, evaluation);
}

/* --metric must be a figure of the validation rows; without it, accuracy if there is one. */
static int choose_metric(rnl_comparison *comparison, const rnl_model *model, const rnl_data *data,
                         const rnl_arguments *arguments)
{
    rnl_evaluation *evaluation = NULL;
    int code = rnl_complain_status(evaluate(&evaluation, model, data, arguments));
    if (code != RNL_EXIT_OK)
        return code;
    double value;
    if (!comparison->metric)
        comparison->metric =
            has_metric(evaluation, "accuracy", &value) ? "val_accuracy" : "val_loss";
    if (strncmp(comparison->metric, "val_", 4) != 0 ||
        !has_metric(evaluation, figure_of(comparison->metric), &value))
        code = rnl_complain_usage("compare",
                                  "'%s' is no figure of the validation rows; they are val_loss and "
                                  "val_ before the names of training.metrics",
                                  comparison->metric);
    rnl_evaluation_free(evaluation);
    return code;
}

static int look_at_data(rnl_comparison *comparison, rnl_combination *c, const rnl_config *config,
                        const rnl_arguments *arguments)
{
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    int code = rnl_complain_status(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION));
    if (code == RNL_EXIT_OK && rnl_data_rows(data, RNL_VALIDATION) == 0)
        code = rnl_complain_usage("compare", "there are no validation rows to compare on: give "
                                             "--folds, or --set data.validation_split=0.1");
    if (code == RNL_EXIT_OK) {
        c->train_rows = rnl_data_rows(data, RNL_TRAIN);
        code = rnl_complain_status(rnl_model_create(&model, config, data));
    }
    if (code == RNL_EXIT_OK && c == comparison->combinations)
        code = choose_metric(comparison, model, data, arguments);
    if (code == RNL_EXIT_OK && comparison->tunes)
        code = tune(c, model, data, arguments);
    rnl_model_free(model);
    rnl_data_free(data);
    return code;
}

/* ---- the trials' directories ----------------------------------------------------------------- */

/* "00-optimizer_adam-batch_size_64" */
static void name_combination(char slug[MAX_SLUG], const rnl_comparison *comparison, size_t number)
{
    const rnl_combination *c = &comparison->combinations[number];
    size_t length = (size_t)snprintf(slug, MAX_SLUG, "%02zu", number);
    for (size_t v = 0; v < comparison->varied; ++v) {
        const char *key = comparison->variations[v].key, *dot = strrchr(key, '.');
        if (length < MAX_SLUG)
            length += (size_t)snprintf(slug + length, MAX_SLUG - length, "-%s_%s",
                                       dot ? dot + 1 : key, c->values[v]);
    }
    char *end = slug;
    for (const char *s = slug; *s; ++s) {
        const bool plain = isalnum((unsigned char)*s) || *s == '.' || *s == '-';
        if (plain || end[-1] != '_')
            *end++ = plain ? *s : '_';
    }
    *end = '\0';
}

static bool name_files(rnl_comparison *comparison, size_t number, rnl_trial *trial)
{
    char slug[MAX_SLUG], fold[32] = "", seed[32] = "run";
    name_combination(slug, comparison, number);
    if (comparison->repeats)
        snprintf(seed, sizeof seed, "seed%" PRIu64, trial->seed);
    if (trial->fold > 0)
        snprintf(fold, sizeof fold, "-fold%zu", trial->fold);
    char *path = NULL;
    if (asprintf(&path, "%s/%s/%s%s", comparison->path, slug, seed, fold) < 0)
        return false;
    const bool named = rnl_run_directory_name(&trial->directory, path, "") &&
                       asprintf(&trial->config, "%s/config.yaml", path) >= 0 &&
                       asprintf(&trial->log, "%s/log", path) >= 0;
    free(path);
    return named;
}

/* The text of a file; NULL if it is not there. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (file && getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

/* What the model says of itself counts: another may have been left there. */
static bool is_trained(const rnl_trial *trial)
{
    rnl_model *model = NULL;
    char *text = NULL;
    const bool same = access(trial->directory.model, F_OK) == 0 &&
                      rnl_model_load(&model, trial->directory.model, NULL, 0) == RNL_OK &&
                      rnl_config_print(rnl_model_config(model), &text) == RNL_OK &&
                      strcmp(text, trial->text) == 0;
    rnl_text_free(text);
    rnl_model_free(model);
    return same;
}

/* What stands there from an earlier call is gone on with, if it is the same. */
static int look_at_earlier(rnl_trial *trial, const rnl_arguments *arguments)
{
    if (arguments->force)
        return RNL_EXIT_OK;
    char *earlier = read_text(trial->config);
    int code = RNL_EXIT_OK;
    if (earlier && strcmp(earlier, trial->text) != 0)
        code = rnl_complain_usage("compare",
                                  "%s is there from another comparison: --force replaces it, "
                                  "--output DIR keeps it",
                                  trial->config);
    trial->done = code == RNL_EXIT_OK && earlier && is_trained(trial);
    free(earlier);
    return code;
}

/* Nothing that is read from is replaced. */
static bool is_input(const rnl_comparison *comparison, const rnl_trial *trial,
                     const rnl_config *config, const rnl_arguments *arguments)
{
    const char *path = arguments->operands[0];
    return rnl_comparison_is_input(comparison, path, config) ||
           rnl_run_directory_is_input(&trial->directory, path, config) ||
           rnl_output_is_input(trial->config, path) || rnl_output_is_data(trial->config, config);
}

static int plan_trial(rnl_comparison *comparison, size_t number, rnl_trial *trial,
                      const rnl_arguments *arguments)
{
    rnl_combination *c = &comparison->combinations[number];
    rnl_config *config = NULL, *tuned = NULL;
    int code = load_config(&config, comparison, c, trial, arguments, NULL);
    if (code == RNL_EXIT_OK && !comparison->path &&
        asprintf(&comparison->path, "%s%s%s", arguments->output ? arguments->output : "runs/",
                 arguments->output ? "" : rnl_config_name(config),
                 arguments->output ? "" : "-compare") < 0)
        code = complain_memory();
    if (code == RNL_EXIT_OK && trial == c->trials)
        code = look_at_data(comparison, c, config, arguments);
    if (code == RNL_EXIT_OK)
        code = load_config(&tuned, comparison, c, trial, arguments,
                           comparison->tunes ? rnl_config_optimizer(config) : NULL);
    if (code == RNL_EXIT_OK)
        code = rnl_complain_status(rnl_config_print(tuned, &trial->text));
    if (code == RNL_EXIT_OK && !name_files(comparison, number, trial))
        code = complain_memory();
    if (code == RNL_EXIT_OK && is_input(comparison, trial, tuned, arguments))
        code = RNL_EXIT_FAILURE;
    if (code == RNL_EXIT_OK)
        code = look_at_earlier(trial, arguments);
    rnl_config_free(config);
    rnl_config_free(tuned);
    return code;
}

/* All that can be refused is refused here, before anything is written. */
static int plan(rnl_comparison *comparison, const rnl_arguments *arguments)
{
    int code = parse_variations(comparison, arguments);
    if (code == RNL_EXIT_OK)
        code = make_combinations(comparison, arguments);
    for (size_t i = 0; i < comparison->count && code == RNL_EXIT_OK; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count && code == RNL_EXIT_OK; ++k)
            code = plan_trial(comparison, i, &comparison->combinations[i].trials[k], arguments);
    return code;
}

/* ---- training -------------------------------------------------------------------------------- */

static bool write_text(const char *path, const char *text)
{
    rnl_output_file output;
    if (!rnl_output_open(&output, path))
        return false;
    fputs(text, output.file);
    return rnl_output_close(&output, true);
}

/* What is replaced goes before the new configuration is there, so that it is never taken for what
 * that one gave. */
static bool prepare_trial(rnl_trial *trial, bool force)
{
    const bool prepared = rnl_run_directory_make(&trial->directory) &&
                          (!force || rnl_run_directory_forget(&trial->directory)) &&
                          write_text(trial->config, trial->text);
    /* The lock is for the process that trains. */
    if (trial->directory.lock >= 0)
        close(trial->directory.lock);
    trial->directory.lock = -1;
    return prepared;
}

/* The trials that are still to be trained, and what is told of them. */
typedef struct work {
    rnl_comparison *comparison;
    const rnl_arguments *arguments;
    size_t count, ended, failed;
    rnl_job *jobs;      /* (count) */
    rnl_trial **trials; /* (count) */
    char threads[24];
} work;

static const char **words_for(const work *w, const rnl_trial *trial)
{
    static const char *const pins[] = {
        [RNL_PIN_AUTO] = "auto", [RNL_PIN_ON] = "on", [RNL_PIN_OFF] = "off"};
    const char *const words[] = {
        "runnel",
        "train",
        trial->config,
        "--output",
        trial->directory.path,
        "--pin",
        pins[w->arguments->pin],
        "--resume",
        w->arguments->threads > 0 ? "--threads" : NULL,
        w->threads,
        NULL,
    };
    const char **copy = malloc(sizeof words);
    if (copy)
        memcpy(copy, words, sizeof words);
    return copy;
}

static int list_work(work *w)
{
    rnl_comparison *comparison = w->comparison;
    size_t all = 0;
    for (size_t i = 0; i < comparison->count; ++i)
        all += comparison->combinations[i].count;
    w->jobs = calloc(all, sizeof *w->jobs);
    w->trials = calloc(all, sizeof *w->trials);
    if (!w->jobs || !w->trials)
        return complain_memory();
    snprintf(w->threads, sizeof w->threads, "%zu", w->arguments->threads);
    for (size_t i = 0; i < comparison->count; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count; ++k) {
            rnl_trial *trial = &comparison->combinations[i].trials[k];
            if (trial->done)
                continue;
            if (!prepare_trial(trial, w->arguments->force))
                return RNL_EXIT_FAILURE;
            w->trials[w->count] = trial;
            w->jobs[w->count] = (rnl_job){words_for(w, trial), trial->log};
            if (!w->jobs[w->count++].words)
                return complain_memory();
        }
    return RNL_EXIT_OK;
}

/* [3/8] runs/a-compare/02-optimizer_adam/run: trained, exit code 0 */
static void trial_ended(size_t job, int exit_code, void *user)
{
    work *w = user;
    rnl_trial *trial = w->trials[job];
    trial->done = exit_code == RNL_EXIT_OK && is_trained(trial);
    w->failed += !trial->done;
    ++w->ended;
    if (trial->done && !w->arguments->quiet)
        fprintf(stderr, "[%zu/%zu] %s: trained\n", w->ended, w->count, trial->directory.path);
    else if (!trial->done)
        fprintf(stderr, "[%zu/%zu] %s: %s; see %s\n", w->ended, w->count, trial->directory.path,
                exit_code >= 128 ? "stopped" : "failed", trial->log);
}

static int train_all(work *w)
{
    int interrupted = 0;
    int code = list_work(w);
    if (code != RNL_EXIT_OK || w->count == 0)
        return code;
    if (!rnl_comparison_forget(w->comparison))
        return RNL_EXIT_FAILURE;
    const size_t at_once = w->arguments->jobs > 0 ? w->arguments->jobs : 1;
    if (!rnl_jobs_run(w->jobs, w->count, at_once, trial_ended, w, &interrupted))
        code = RNL_EXIT_FAILURE;
    if (interrupted) {
        rnl_complain("interrupted; the same command goes on with what is missing");
        code = 128 + interrupted;
    }
    return code;
}

/* ---- results --------------------------------------------------------------------------------- */

/* Of the model that training ended with: of the best weights, where they were restored. */
static rnl_status measure_trial(rnl_trial *trial, const char *metric,
                                const rnl_arguments *arguments)
{
    rnl_model *model = NULL;
    rnl_data *data = NULL;
    rnl_evaluation *evaluation = NULL;
    rnl_status status = rnl_model_load(&model, trial->directory.model, NULL, 0);
    if (status == RNL_OK)
        status = rnl_data_load_for(&data, model, RNL_VALIDATION);
    if (status == RNL_OK)
        status = evaluate(&evaluation, model, data, arguments);
    trial->value = NAN;
    if (status == RNL_OK)
        has_metric(evaluation, figure_of(metric), &trial->value);
    rnl_evaluation_free(evaluation);
    rnl_data_free(data);
    rnl_model_free(model);
    return status;
}

static int measure_all(rnl_comparison *comparison, const rnl_arguments *arguments)
{
    int code = RNL_EXIT_OK;
    for (size_t i = 0; i < comparison->count && code == RNL_EXIT_OK; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count && code == RNL_EXIT_OK; ++k)
            if (comparison->combinations[i].trials[k].done)
                code = rnl_complain_status(measure_trial(&comparison->combinations[i].trials[k],
                                                         comparison->metric, arguments));
    return code;
}

static int report(rnl_comparison *comparison, const rnl_arguments *arguments)
{
    int code = measure_all(comparison, arguments);
    if (code != RNL_EXIT_OK)
        return code;
    if (!rnl_comparison_sum_up(comparison, arguments->target_metric != NULL))
        return RNL_EXIT_FAILURE;
    if (!rnl_comparison_print(comparison))
        return complain_memory();
    return rnl_comparison_write(comparison) ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

static int compare(rnl_comparison *comparison, const rnl_arguments *arguments)
{
    int code = plan(comparison, arguments);
    if (code != RNL_EXIT_OK)
        return code;
    work w = {.comparison = comparison, .arguments = arguments};
    code = train_all(&w);
    if (code == RNL_EXIT_OK)
        code = report(comparison, arguments);
    if (code == RNL_EXIT_OK && w.failed > 0)
        code = RNL_EXIT_FAILURE;
    for (size_t i = 0; i < w.count; ++i)
        free(w.jobs[i].words);
    free(w.jobs);
    free(w.trials);
    return code;
}

static int check_jobs(size_t jobs)
{
    rnl_cores *cores = malloc(sizeof *cores);
    if (!cores || !rnl_cores_read(cores)) {
        free(cores);
        return complain_memory();
    }
    const size_t count = cores->count;
    free(cores);
    if (jobs > count)
        return rnl_complain_usage("compare",
                                  "--jobs %zu: there are %zu cores, and each job gets "
                                  "its own",
                                  jobs, count);
    return RNL_EXIT_OK;
}

int rnl_command_compare(const rnl_arguments *arguments)
{
    rnl_comparison comparison = {
        .metric = arguments->metric ? arguments->metric : arguments->target_metric,
        .target = arguments->target,
        .repeats = arguments->repeats > 0,
        .tunes = arguments->tune_rate,
    };
    int code = check_jobs(arguments->jobs);
    if (code == RNL_EXIT_OK && arguments->metric && arguments->target_metric &&
        strcmp(arguments->metric, arguments->target_metric) != 0)
        code = rnl_complain_usage("compare", "--metric %s and --target %s are of two metrics",
                                  arguments->metric, arguments->target_metric);
    if (code == RNL_EXIT_OK)
        code = compare(&comparison, arguments);
    rnl_comparison_release(&comparison);
    return code;
}
