#include "cli/comparison.h"
#include "cli/comparison_names.h"
#include "cli/figure_format.h"
#include "cli/gnuplot.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/plot.h"
#include "cli/text_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CSV  "compare.csv"
#define JSON "compare.json"
#define PNG  "compare.png"
#define SVG  "compare.svg"

/* ---- the table ------------------------------------------------------------------------------- */

/* Geron, "Hands-On Machine Learning" (2022), table 11-2: from * to ***. */
static const struct {
    const char *optimizer, *speed, *quality;
} literature[] = {
    {"sgd", "*", "***"},
    {"momentum", "**", "***"},
    {"nesterov", "**", "***"},
    {"adagrad", "***", "*"},
    {"rmsprop", "***", "** or ***"},
    {"adam", "***", "** or ***"},
    {"adamax", "***", "** or ***"},
    {"nadam", "***", "** or ***"},
    {"adamw", "***", "** or ***"},
};

/* The variation that is one of optimizers by their bare names; the number of variations if none. */
static size_t optimizer_variation(const rnl_comparison *comparison)
{
    size_t i = 0;
    while (i < comparison->varied &&
           strcmp(comparison->variations[i].key, "training.optimizer") != 0)
        ++i;
    return i;
}

static void add_literature(rnl_text_table *table, const char *optimizer)
{
    for (size_t i = 0; i < sizeof literature / sizeof *literature; ++i)
        if (strcmp(literature[i].optimizer, optimizer) == 0) {
            rnl_text_table_add(table, "%s", literature[i].speed);
            rnl_text_table_add(table, "%s", literature[i].quality);
            return;
        }
    rnl_text_table_add(table, "-");
    rnl_text_table_add(table, "-");
}

static void add_header(rnl_text_table *table, const rnl_comparison *comparison)
{
    for (size_t v = 0; v < comparison->varied; ++v)
        rnl_text_table_add(table, "%s", rnl_comparison_key_name(comparison, v));
    if (comparison->tunes)
        rnl_text_table_add(table, "learning rate");
    rnl_text_table_add(table, "%s", comparison->metric);
    rnl_text_table_add(table, "+/-");
    rnl_text_table_add(table, "rank");
    rnl_text_table_add(table, "time/epoch");
    rnl_text_table_add(table, "epochs to %.4g", comparison->target);
    rnl_text_table_add(table, "time");
    if (optimizer_variation(comparison) < comparison->varied) {
        rnl_text_table_add(table, "books: speed");
        rnl_text_table_add(table, "quality");
    }
}

static void add_number(rnl_text_table *table, const char *format, double number)
{
    char text[48];
    snprintf(text, sizeof text, format, number);
    rnl_text_table_add(table, "%s", isfinite(number) ? text : "-");
}

static void add_figure(rnl_text_table *table, double figure)
{
    char text[RNL_FIGURE_LENGTH];
    rnl_figure_format(text, figure);
    rnl_text_table_add(table, "%s", isfinite(figure) ? text : "-");
}

static void add_time(rnl_text_table *table, double seconds)
{
    char text[RNL_FIGURE_LENGTH];
    rnl_time_format(text, seconds);
    rnl_text_table_add(table, "%s", isfinite(seconds) ? text : "-");
}

static void add_combination(rnl_text_table *table, const rnl_comparison *comparison,
                            const rnl_combination *c)
{
    for (size_t v = 0; v < comparison->varied; ++v) {
        char *name = rnl_comparison_value_name(comparison, c, v, false);
        rnl_text_table_add(table, "%s", name ? name : "");
        table->failed |= !name;
        free(name);
    }
    if (comparison->tunes)
        add_number(table, "%.3g", c->learning_rate);
    add_figure(table, c->mean);
    add_figure(table, c->deviation);
    if (c->rank > 0)
        rnl_text_table_add(table, "%zu", c->rank);
    else
        rnl_text_table_add(table, "-");
    add_time(table, c->seconds_per_epoch);
    if (c->reached == 0 || c->reached == c->count)
        add_number(table, "%.1f", c->epochs_to_target);
    else
        rnl_text_table_add(table, "%.1f (%zu of %zu)", c->epochs_to_target, c->reached, c->count);
    add_time(table, c->seconds_to_target);
    const size_t optimizer = optimizer_variation(comparison);
    if (optimizer < comparison->varied)
        add_literature(table, c->values[optimizer]);
}

bool rnl_comparison_print(const rnl_comparison *comparison)
{
    const bool optimizers = optimizer_variation(comparison) < comparison->varied;
    rnl_text_table table = {.columns = comparison->varied + (size_t)comparison->tunes + 6 +
                                       (optimizers ? 2 : 0)};
    add_header(&table, comparison);
    for (size_t i = 0; i < comparison->count; ++i)
        add_combination(&table, comparison, &comparison->combinations[i]);
    const bool printed = rnl_text_table_print(&table);
    rnl_text_table_release(&table);
    if (printed)
        rnl_comparison_print_legend(comparison);
    if (printed && optimizers)
        printf("books: Geron, Hands-On Machine Learning (2022), table 11-2: * bad, ** average, "
               "*** good\n");
    return printed;
}

/* ---- files ----------------------------------------------------------------------------------- */

static char *path_of(const rnl_comparison *comparison, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", comparison->path, name) >= 0)
        return path;
    rnl_complain("out of memory");
    return NULL;
}

static bool write_file(const rnl_comparison *comparison, const char *name, const char *what,
                       void (*write)(const rnl_comparison *comparison, FILE *file))
{
    rnl_output_file output;
    char *path = path_of(comparison, name);
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
    fprintf(file, "}, \"trials\": %zu, \"done\": %zu, \"reached\": %zu", c->count, c->done,
            c->reached);
    write_json_number(file, "learning_rate", c->learning_rate);
    write_json_number(file, "mean", c->mean);
    write_json_number(file, "standard_deviation", c->deviation);
    write_json_number(file, "rank", c->rank > 0 ? (double)c->rank : NAN);
    write_json_number(file, "seconds_per_epoch", c->seconds_per_epoch);
    write_json_number(file, "epochs_to_target", c->epochs_to_target);
    write_json_number(file, "seconds_to_target", c->seconds_to_target);
    fputc('}', file);
}

static void write_json(const rnl_comparison *comparison, FILE *file)
{
    fputs("{\n  \"metric\": ", file);
    write_json_text(file, comparison->metric);
    write_json_number(file, "target", comparison->target);
    fputs(",\n  \"combinations\": [\n", file);
    for (size_t i = 0; i < comparison->count; ++i) {
        write_json_combination(file, comparison, &comparison->combinations[i]);
        fputs(i + 1 < comparison->count ? ",\n" : "\n", file);
    }
    fputs("  ]\n}\n", file);
}

/* ---- the plot -------------------------------------------------------------------------------- */

/* The mean over the trials that came so far. */
static void mean_curve(const rnl_comparison *comparison, const rnl_combination *c, rnl_curve *curve,
                       double *x, double *y)
{
    curve->count = 0;
    for (size_t row = 0;; ++row) {
        double sum = 0;
        size_t there = 0;
        for (size_t k = 0; k < c->count; ++k) {
            const rnl_history_table *history = &c->trials[k].history;
            if (!c->trials[k].done || row >= history->rows)
                continue;
            sum += rnl_history_value(history, row, rnl_history_column(history, comparison->metric));
            x[row] = rnl_history_value(history, row, 0);
            ++there;
        }
        if (there == 0)
            break;
        y[row] = sum / (double)there;
        curve->count = row + 1;
    }
    curve->x = x;
    curve->y = y;
}

static size_t longest(const rnl_combination *c)
{
    size_t rows = 0;
    for (size_t k = 0; k < c->count; ++k)
        if (c->trials[k].done && c->trials[k].history.rows > rows)
            rows = c->trials[k].history.rows;
    return rows;
}

/* "adam, 64" */
static char *label(const rnl_comparison *comparison, const rnl_combination *c)
{
    char *text = NULL;
    for (size_t v = 0; v < comparison->varied; ++v) {
        char *longer = NULL, *name = rnl_comparison_value_name(comparison, c, v, true);
        if (!name || asprintf(&longer, "%s%s%s", text ? text : "", text ? ", " : "", name) < 0)
            longer = NULL;
        free(name);
        free(text);
        text = longer;
        if (!text)
            return NULL;
    }
    return text;
}

static bool make_curve(rnl_curve *curve, const rnl_comparison *comparison, const rnl_combination *c)
{
    const size_t rows = longest(c);
    double *points = malloc((2 * rows + 1) * sizeof *points);
    char *name = label(comparison, c);
    curve->x = points;
    curve->name = name;
    if (!points || !name)
        return false;
    mean_curve(comparison, c, curve, points, points + rows);
    return true;
}

static bool write_plot(const rnl_comparison *comparison, const rnl_plot *plot, const char *name)
{
    char *path = path_of(comparison, name);
    const bool written = path && rnl_plot_write(plot, 1, path);
    if (written)
        printf("plot: %s\n", path);
    free(path);
    return written;
}

static bool write_plots(const rnl_comparison *comparison)
{
    if (!rnl_gnuplot_is_there()) {
        fprintf(stderr, "gnuplot is not installed: no compare.png, no compare.svg\n");
        return true;
    }
    rnl_curve *curves = calloc(comparison->count, sizeof *curves);
    bool right = curves != NULL;
    for (size_t i = 0; i < comparison->count && right; ++i)
        right = make_curve(&curves[i], comparison, &comparison->combinations[i]);
    if (!right)
        rnl_complain("out of memory");
    const rnl_plot plot = {.x_label = "epoch",
                           .y_label = comparison->metric,
                           .count = comparison->count,
                           .curves = curves};
    right = right && write_plot(comparison, &plot, PNG) && write_plot(comparison, &plot, SVG);
    for (size_t i = 0; curves && i < comparison->count; ++i) {
        free((void *)(uintptr_t)curves[i].x);
        free((void *)(uintptr_t)curves[i].name);
    }
    free(curves);
    return right;
}

bool rnl_comparison_write(const rnl_comparison *comparison)
{
    const bool csv = write_file(comparison, CSV, "trials", write_csv);
    const bool json = write_file(comparison, JSON, "summary", write_json);
    return write_plots(comparison) && csv && json;
}

static const char *const names[] = {CSV, JSON, PNG, SVG};

bool rnl_comparison_is_input(const rnl_comparison *comparison, const char *config_path,
                             const rnl_config *config)
{
    bool read = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !read; ++i) {
        char *path = path_of(comparison, names[i]);
        read = !path || rnl_output_is_input(path, config_path) || rnl_output_is_data(path, config);
        free(path);
    }
    return read;
}

bool rnl_comparison_forget(const rnl_comparison *comparison)
{
    bool removed = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && removed; ++i) {
        char *path = path_of(comparison, names[i]);
        removed = path && rnl_output_remove(path);
        free(path);
    }
    return removed;
}
