#include "cli/comparison_plan.h"
#include "cli/comparison_metric.h"
#include "cli/messages.h"
#include "cli/trial_config.h"
#include "cli/trial_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_COMBINATIONS 1000
#define DEFAULT_SEED     1

static int parse_variation(rnl_comparison *comparison, const rnl_compare_arguments *arguments,
                           size_t number)
{
    rnl_variation *variation = &comparison->variations[number];
    const uint64_t seed = arguments->seed.given ? arguments->seed.value : DEFAULT_SEED;
    if (!rnl_variation_parse(variation, arguments->varied[number]))
        return rnl_complain_usage("compare",
                                  "--vary expects KEY=VALUE,VALUE..., or KEY=log:LOW:HIGH with LOW "
                                  "below HIGH (or uniform:, int:), got '%s'",
                                  arguments->varied[number]);
    comparison->varied = number + 1;
    if (variation->range == RNL_RANGE_NONE)
        return RNL_EXIT_OK;
    comparison->trials = arguments->trials;
    if (arguments->trials == 0)
        return rnl_complain_usage("compare",
                                  "--trials is missing: how often is to be drawn from %s?",
                                  arguments->varied[number]);
    return rnl_variation_draw(variation, arguments->trials, seed, number) ? RNL_EXIT_OK
                                                                          : rnl_complain_memory();
}

static int parse_variations(rnl_comparison *comparison, const rnl_compare_arguments *arguments)
{
    if (arguments->varied_count == 0)
        return rnl_complain_usage("compare", "--vary is missing: what is to be compared?");
    for (size_t i = 0; i < arguments->varied_count; ++i)
        RNL_TRY_EXIT(parse_variation(comparison, arguments, i));
    if (arguments->trials > 0 && comparison->trials == 0)
        return rnl_complain_usage("compare", "--trials draws from ranges, and there is none: "
                                             "--vary KEY=log:LOW:HIGH");
    return RNL_EXIT_OK;
}

static size_t count_draws(const rnl_comparison *comparison)
{
    return comparison->trials > 0 ? comparison->trials : 1;
}

static size_t count_combinations(const rnl_comparison *comparison)
{
    size_t count = rnl_comparison_setting_size(comparison) * count_draws(comparison);
    for (size_t v = 0; v < comparison->varied && count <= MAX_COMBINATIONS; ++v)
        if (comparison->variations[v].range == RNL_RANGE_NONE)
            count *= comparison->variations[v].count;
    return count;
}

/* The values of a combination: its rate changes fastest, then the draw, which all ranges share,
 * then the values of the last list. */
static void choose_values(rnl_combination *c, const rnl_comparison *comparison, size_t number)
{
    size_t rest = number / rnl_comparison_setting_size(comparison);
    const size_t draw = rest % count_draws(comparison);
    rest /= count_draws(comparison);
    for (size_t v = comparison->varied; v-- > 0;) {
        const rnl_variation *variation = &comparison->variations[v];
        const bool drawn = variation->range != RNL_RANGE_NONE;
        c->values[v] = variation->values[drawn ? draw : rest % variation->count];
        rest = drawn ? rest : rest / variation->count;
    }
}

/* A trial for each seed and fold. */
static bool make_trials(rnl_combination *c, const rnl_compare_arguments *arguments)
{
    const size_t seeds = arguments->repeats > 0 ? arguments->repeats : 1;
    const size_t folds = arguments->folds > 0 ? arguments->folds : 1;
    const uint64_t first = arguments->seed.given ? arguments->seed.value : DEFAULT_SEED;
    c->trials = calloc(seeds * folds, sizeof *c->trials);
    if (!c->trials)
        return false;
    c->count = seeds * folds;
    for (size_t k = 0; k < c->count; ++k) {
        c->trials[k].directory.lock = -1;
        c->trials[k].seed = first + k / folds;
        c->trials[k].fold = arguments->folds > 0 ? k % folds + 1 : 0;
    }
    return true;
}

static int make_combinations(rnl_comparison *comparison, const rnl_compare_arguments *arguments)
{
    const size_t count = count_combinations(comparison);
    if (count > MAX_COMBINATIONS)
        return rnl_complain_usage("compare", "more than %d combinations", MAX_COMBINATIONS);
    comparison->combinations = calloc(count, sizeof *comparison->combinations);
    if (!comparison->combinations)
        return rnl_complain_memory();
    for (; comparison->count < count; ++comparison->count) {
        rnl_combination *c = &comparison->combinations[comparison->count];
        c->learning_rate = c->suggested = NAN;
        choose_values(c, comparison, comparison->count);
        if (!make_trials(c, arguments))
            return rnl_complain_memory();
    }
    return RNL_EXIT_OK;
}

/* Rounds to the three digits that are shown: trials train with the rate that is shown. */
static double rounded(double rate)
{
    char text[32];
    snprintf(text, sizeof text, "%.3g", rate);
    return strtod(text, NULL);
}

/* Rates are a decade below the suggested one to a decade above it, in equal ratios. */
static double rate_factor(const rnl_comparison *comparison, const rnl_combination *c)
{
    const size_t count = comparison->rates;
    const size_t number = (size_t)(c - comparison->combinations) % count;
    return count < 2 ? 1 : pow(10, 2 * (double)number / (double)(count - 1) - 1);
}

static double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int tune(rnl_comparison *comparison, rnl_combination *c, const rnl_model *model,
                const rnl_data *data, const rnl_compare_arguments *arguments)
{
    const rnl_options options = {.threads = arguments->common.threads,
                                 .pin = arguments->common.pin,
                                 .products = arguments->common.products};
    const double start = clock_seconds();
    rnl_rate_search *found = NULL;
    RNL_TRY_EXIT(rnl_complain_status(rnl_find_learning_rate(model, data, NULL, &options, &found)));
    comparison->search_seconds += clock_seconds() - start;
    ++comparison->searches;
    c->suggested = rounded(found->learning_rate);
    if (found->remark)
        rnl_complain("--tune-rate: %s'%s': in the range test %s",
                     isnan(c->suggested) ? "no rate for the combination " : "warning: ",
                     c->values[0], found->remark);
    rnl_rate_search_free(found);
    return isnan(c->suggested) ? RNL_EXIT_FAILURE : RNL_EXIT_OK;
}

/* Chooses what the comparison's, or the setting's, first trial decides for all. */
static int look_at_model(rnl_comparison *comparison, rnl_combination *c, const rnl_model *model,
                         const rnl_data *data, const rnl_compare_arguments *arguments)
{
    if (c == comparison->combinations)
        RNL_TRY_EXIT(rnl_comparison_choose_metric(comparison, model, data, arguments));
    return comparison->rates > 0 ? tune(comparison, c, model, data, arguments) : RNL_EXIT_OK;
}

static int look_at_data(rnl_comparison *comparison, rnl_combination *c, const rnl_config *config,
                        const rnl_data *data, const rnl_compare_arguments *arguments)
{
    if (rnl_data_rows(data, RNL_VALIDATION) == 0)
        return rnl_complain_usage("compare", "there are no validation rows to compare on: give "
                                             "--folds, or --set data.validation_split=0.1");
    rnl_model *model = NULL;
    c->train_rows = rnl_data_rows(data, RNL_TRAIN);
    RNL_TRY_EXIT(rnl_complain_status(rnl_model_create(&model, config, data)));
    const int code = look_at_model(comparison, c, model, data, arguments);
    rnl_model_free(model);
    return code;
}

static int look_at_setting(rnl_comparison *comparison, rnl_combination *c, const rnl_config *config,
                           const rnl_compare_arguments *arguments)
{
    rnl_data *data = NULL;
    int code = rnl_complain_status(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION));
    if (code == RNL_EXIT_OK)
        code = look_at_data(comparison, c, config, data, arguments);
    rnl_data_free(data);
    return code;
}

/* The others of a setting have its rows and its suggested rate. */
static int look_at_combination(rnl_comparison *comparison, rnl_combination *c,
                               const rnl_config *config, const rnl_compare_arguments *arguments)
{
    const size_t number = (size_t)(c - comparison->combinations);
    const rnl_combination *first = c - number % rnl_comparison_setting_size(comparison);
    if (c == first)
        RNL_TRY_EXIT(look_at_setting(comparison, c, config, arguments));
    c->train_rows = first->train_rows;
    c->suggested = first->suggested;
    if (comparison->rates > 0)
        c->learning_rate = rounded(c->suggested * rate_factor(comparison, c));
    return RNL_EXIT_OK;
}

static int name_comparison(rnl_comparison *comparison, const rnl_config *config, const char *output)
{
    const int length =
        output ? asprintf(&comparison->path, "%s", output)
               : asprintf(&comparison->path, "runs/%s-compare", rnl_config_name(config));
    if (length >= 0)
        return RNL_EXIT_OK;
    comparison->path = NULL;
    return rnl_complain_memory();
}

/* The files of a trial with the configuration that it is trained with. */
static int plan_files(const rnl_comparison *comparison, size_t number, rnl_trial *trial,
                      const rnl_config *config, const rnl_compare_arguments *arguments)
{
    RNL_TRY_EXIT(rnl_complain_status(rnl_config_print(config, &trial->text)));
    if (!rnl_trial_files_name(comparison, number, trial) ||
        rnl_trial_files_are_input(comparison, trial, arguments->common.operands[0], config))
        return RNL_EXIT_FAILURE;
    return arguments->force ? RNL_EXIT_OK : rnl_trial_files_look(trial, config);
}

static bool is_varied(const rnl_comparison *comparison, const char *key)
{
    for (size_t v = 0; v < comparison->varied; ++v)
        if (strcmp(comparison->variations[v].key, key) == 0)
            return true;
    return false;
}

static void tell_of_folds(const rnl_comparison *comparison, const rnl_config *config,
                          const rnl_compare_arguments *arguments)
{
    const size_t folds = rnl_config_folds(config);
    if (folds > 0 && arguments->folds == 0 && !is_varied(comparison, "data.fold") &&
        !is_varied(comparison, "data.folds"))
        rnl_complain("data.folds: one of the %zu, data.fold, is held out in all trials; --folds "
                     "%zu trains with each in turn",
                     folds, folds);
}

/* config: the trial's, without a tuned rate. */
static int plan_configured(rnl_comparison *comparison, size_t number, rnl_trial *trial,
                           const rnl_config *config, const rnl_compare_arguments *arguments)
{
    rnl_combination *c = &comparison->combinations[number];
    if (!comparison->path) {
        tell_of_folds(comparison, config, arguments);
        RNL_TRY_EXIT(name_comparison(comparison, config, arguments->output));
    }
    if (trial == c->trials)
        RNL_TRY_EXIT(look_at_combination(comparison, c, config, arguments));
    rnl_config *tuned = NULL;
    RNL_TRY_EXIT(
        rnl_trial_config_load(&tuned, comparison, c, trial, arguments,
                              comparison->rates > 0 ? rnl_config_optimizer(config) : NULL));
    const int code = plan_files(comparison, number, trial, tuned, arguments);
    rnl_config_free(tuned);
    return code;
}

static int plan_trial(rnl_comparison *comparison, size_t number, rnl_trial *trial,
                      const rnl_compare_arguments *arguments)
{
    rnl_config *config = NULL;
    RNL_TRY_EXIT(rnl_trial_config_load(&config, comparison, &comparison->combinations[number],
                                       trial, arguments, NULL));
    const int code = plan_configured(comparison, number, trial, config, arguments);
    rnl_config_free(config);
    return code;
}

int rnl_comparison_plan(rnl_comparison *comparison, const rnl_compare_arguments *arguments)
{
    RNL_TRY_EXIT(parse_variations(comparison, arguments));
    RNL_TRY_EXIT(make_combinations(comparison, arguments));
    for (size_t i = 0; i < comparison->count; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count; ++k)
            RNL_TRY_EXIT(
                plan_trial(comparison, i, &comparison->combinations[i].trials[k], arguments));
    return RNL_EXIT_OK;
}
