#include "cli/trial_files.h"
#include "cli/comparison_names.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/text_file.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SLUG 64

/* The name that the user gave the value, or itself. */
static const char *name_of(const rnl_comparison *comparison, const rnl_combination *c, size_t v)
{
    const char *name = rnl_comparison_given_name(comparison, c, v);
    return *name ? name : c->values[v];
}

/* "00-optimizer_adam-batch_size_64" */
static void name_combination(char slug[MAX_SLUG], const rnl_comparison *comparison, size_t number)
{
    const rnl_combination *c = &comparison->combinations[number];
    size_t length = (size_t)snprintf(slug, MAX_SLUG, "%02zu", number);
    for (size_t v = 0; v < comparison->varied; ++v) {
        const char *key = comparison->variations[v].key, *dot = strrchr(key, '.');
        if (length < MAX_SLUG)
            length += (size_t)snprintf(slug + length, MAX_SLUG - length, "-%s_%s",
                                       dot ? dot + 1 : key, name_of(comparison, c, v));
    }
    if (rnl_comparison_setting_size(comparison) > 1 && length < MAX_SLUG)
        snprintf(slug + length, MAX_SLUG - length, "-rate_%.3g", c->learning_rate);
    char *end = slug;
    for (const char *s = slug; *s; ++s) {
        const bool plain = isalnum((unsigned char)*s) || *s == '.' || *s == '-';
        if (plain || end[-1] != '_')
            *end++ = plain ? *s : '_';
    }
    *end = '\0';
}

bool rnl_trial_files_name(const rnl_comparison *comparison, size_t combination, rnl_trial *trial)
{
    char slug[MAX_SLUG], fold[32] = "", seed[32] = "run";
    name_combination(slug, comparison, combination);
    if (comparison->repeats)
        snprintf(seed, sizeof seed, "seed%" PRIu64, trial->seed);
    if (trial->fold > 0)
        snprintf(fold, sizeof fold, "-fold%zu", trial->fold);
    char *path = NULL;
    if (asprintf(&path, "%s/%s/%s%s", comparison->path, slug, seed, fold) < 0) {
        rnl_complain_memory();
        return false;
    }
    const bool named = rnl_run_directory_name(&trial->directory, path, "") &&
                       (trial->config = rnl_path_of(path, "config.yaml")) &&
                       (trial->log = rnl_path_of(path, "log"));
    free(path);
    return named;
}

bool rnl_trial_files_are_input(const rnl_comparison *comparison, const rnl_trial *trial,
                               const char *config_path, const rnl_config *config)
{
    return rnl_comparison_is_input(comparison, config_path, config) ||
           rnl_run_directory_is_input(&trial->directory, config_path, config) ||
           rnl_output_is_input(trial->config, config_path) ||
           rnl_output_is_data(trial->config, config);
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

bool rnl_trial_files_hold_model(const rnl_trial *trial)
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

/* The checkpoint of a trial that is done knows the rows; where it is gone, nothing does. */
static int check_rows(const rnl_trial *trial, const rnl_config *config)
{
    rnl_model *model = NULL;
    rnl_data *data = NULL;
    if (rnl_model_load(&model, trial->directory.checkpoint, NULL, 0) != RNL_OK)
        return RNL_EXIT_OK;
    int code = rnl_complain_status(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION));
    if (code == RNL_EXIT_OK && rnl_model_compare_rows(model, data) != RNL_OK)
        code = rnl_complain_usage("compare",
                                  "%s was trained with other rows: %s, or --output DIR keeps it",
                                  trial->directory.path, rnl_message());
    rnl_data_free(data);
    rnl_model_free(model);
    return code;
}

int rnl_trial_files_look(rnl_trial *trial, const rnl_config *config)
{
    char *earlier = read_text(trial->config);
    const bool same = earlier && strcmp(earlier, trial->text) == 0;
    const bool other = earlier && !same;
    free(earlier);
    if (other)
        return rnl_complain_usage("compare",
                                  "%s is there from another comparison: --force replaces it, "
                                  "--output DIR keeps it",
                                  trial->config);
    trial->done = same && rnl_trial_files_hold_model(trial);
    return trial->done ? check_rows(trial, config) : RNL_EXIT_OK;
}

static bool write_text(const char *path, const char *text)
{
    rnl_output_file output;
    if (!rnl_output_open(&output, path))
        return false;
    fputs(text, output.file);
    return rnl_output_close(&output, true);
}

/* Removes what is replaced before the new configuration is there: it is never taken for a result of
 * that one. */
bool rnl_trial_files_prepare(rnl_trial *trial, bool force)
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
