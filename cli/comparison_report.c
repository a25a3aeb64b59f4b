#include "cli/comparison.h"
#include "cli/comparison_names.h"
#include "cli/comparison_plots.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/text_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CSV  "compare.csv"
#define JSON "compare.json"

/* ---- files ----------------------------------------------------------------------------------- */

static bool write_file(const rnl_comparison *comparison, const char *name, const char *what,
                       void (*write)(const rnl_comparison *comparison, FILE *file))
{
    rnl_output_file output;
    char *path = rnl_path_of(comparison->path, name);
    bool written = path && rnl_output_open(&output, path);
    if (written) {
        write(comparison, output.file);
        written = rnl_output_close(&output, true);
    }
    if (written)
        printf("%s: %s\n", what, path);
    free(path);
    return written;
}

static void write_cell(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; ++text) {
        if (*text == '"')
            fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

/* An empty cell for what is not there. */
static void write_number(FILE *file, double number)
{
    if (isfinite(number))
        fprintf(file, ",%.9g", number);
    else
        fputc(',', file);
}

static void write_trial_line(FILE *file, const rnl_comparison *comparison, const rnl_combination *c,
                             const rnl_trial *trial)
{
    for (size_t v = 0; v < comparison->varied; ++v) {
        write_cell(file, c->values[v]);
        fputc(',', file);
    }
    write_cell(file, trial->directory.path);
    write_number(file, comparison->repeats ? (double)trial->seed : NAN);
    write_number(file, trial->fold > 0 ? (double)trial->fold : NAN);
    write_number(file, c->learning_rate);
    const double absent = trial->done ? 0 : NAN;
    write_number(file, trial->value + absent);
    write_number(file, rnl_trial_epochs(trial) + absent);
    write_number(file, trial->seconds / rnl_trial_epochs(trial) + absent);
    write_number(file, trial->epochs_to_target + absent);
    write_number(file, trial->seconds_to_target + absent);
    fputc('\n', file);
}

static void write_csv(const rnl_comparison *comparison, FILE *file)
{
    for (size_t v = 0; v < comparison->varied; ++v)
        fprintf(file, "%s,", comparison->variations[v].key);
    fprintf(file,
            "run,seed,fold,learning_rate,%s,epochs,seconds_per_epoch,epochs_to_target,"
            "seconds_to_target\n",
            comparison->metric);
    for (size_t i = 0; i < comparison->count; ++i)
        for (size_t k = 0; k < comparison->combinations[i].count; ++k)
            write_trial_line(file, comparison, &comparison->combinations[i],
                             &comparison->combinations[i].trials[k]);
}

static void write_json_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; ++text)
        if ((unsigned char)*text < 0x20)
            fprintf(file, "\\u%04x", (unsigned char)*text);
        else
            fprintf(file, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    fputc('"', file);
}

static void write_json_number(FILE *file, const char *name, double number)
{
    if (isfinite(number))
        fprintf(file, ", \"%s\": %.9g", name, number);
    else
        fprintf(file, ", \"%s\": null", name);
}

/* What the combination is called, and what each named value is. */
static void write_json_names(FILE *file, const rnl_comparison *comparison, const rnl_combination *c)
{
    char *setting = rnl_comparison_setting(comparison, c);
    const char *separator = "";
    fputs(", \"setting\": ", file);
    write_json_text(file, setting ? setting : "");
    free(setting);
    fputs(", \"names\": {", file);
    for (size_t v = 0; v < comparison->varied; ++v) {
        const char *name = rnl_comparison_given_name(comparison, c, v);
        if (!*name)
            continue;
        fputs(separator, file);
        write_json_text(file, comparison->variations[v].key);
        fputs(": ", file);
        write_json_text(file, name);
        separator = ", ";
    }
    fputc('}', file);
}

static void write_json_combination(FILE *file, const rnl_comparison *comparison,
                                   const rnl_combination *c)
{
    fputs("    {\"values\": {", file);
    for (size_t v = 0; v < comparison->varied; ++v) {
        fputs(v > 0 ? ", " : "", file);
        write_json_text(file, comparison->variations[v].key);
        fputs(": ", file);
        write_json_text(file, c->values[v]);
    }
    fprintf(file, "}, \"trials\": %zu, \"done\": %zu, \"reached\": %zu, \"chosen\": %s", c->count,
            c->done, c->reached, c->chosen ? "true" : "false");
    write_json_names(file, comparison, c);
    write_json_number(file, "learning_rate", rnl_comparison_rate(comparison, c));
    write_json_number(file, "suggested_rate", c->suggested);
    write_json_number(file, "mean", c->mean);
    write_json_number(file, "standard_deviation", c->deviation);
    write_json_number(file, "rank", c->rank > 0 ? (double)c->rank : NAN);
    write_json_number(file, "seconds_per_epoch", c->seconds_per_epoch);
    write_json_number(file, "epochs", c->epochs);
    write_json_number(file, "pairs", (double)c->to_first.pairs);
    write_json_number(file, "to_first", c->to_first.mean);
    write_json_number(file, "to_first_low", c->to_first.low);
    write_json_number(file, "to_first_high", c->to_first.high);
    write_json_number(file, "epochs_to_target", c->epochs_to_target);
    write_json_number(file, "seconds_to_target", c->seconds_to_target);
    fputc('}', file);
}

static void write_json(const rnl_comparison *comparison, FILE *file)
{
    fputs("{\n  \"metric\": ", file);
    write_json_text(file, comparison->metric);
    write_json_number(file, "target", comparison->target);
    fprintf(file, ", \"target_given\": %s, \"range_tests\": %zu",
            comparison->target_given ? "true" : "false", comparison->searches);
    write_json_number(file, "range_test_seconds", comparison->search_seconds);
    fputs(",\n  \"combinations\": [\n", file);
    for (size_t i = 0; i < comparison->count; ++i) {
        write_json_combination(file, comparison, &comparison->combinations[i]);
        fputs(i + 1 < comparison->count ? ",\n" : "\n", file);
    }
    fputs("  ]\n}\n", file);
}

bool rnl_comparison_write(const rnl_comparison *comparison)
{
    const bool csv = write_file(comparison, CSV, "trials", write_csv);
    const bool json = write_file(comparison, JSON, "summary", write_json);
    return rnl_comparison_write_plots(comparison) && csv && json;
}

static const char *const names[] = {CSV,
                                    JSON,
                                    RNL_COMPARISON_PNG,
                                    RNL_COMPARISON_SVG,
                                    RNL_COMPARISON_RATES_PNG,
                                    RNL_COMPARISON_RATES_SVG};

bool rnl_comparison_is_input(const rnl_comparison *comparison, const char *config_path,
                             const rnl_config *config)
{
    bool read = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !read; ++i) {
        char *path = rnl_path_of(comparison->path, names[i]);
        read = !path || rnl_output_is_input(path, config_path) || rnl_output_is_data(path, config);
        free(path);
    }
    return read;
}

bool rnl_comparison_forget(const rnl_comparison *comparison)
{
    bool removed = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && removed; ++i) {
        char *path = rnl_path_of(comparison->path, names[i]);
        removed = path && rnl_output_remove(path);
        free(path);
    }
    return removed;
}
