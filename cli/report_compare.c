#include "cli/messages.h"
#include "cli/page.h"
#include "cli/report.h"
#include "cli/text_file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "training.optimizer=adam, model.1.dense.units=10", by the names that values were given */
static char *name_of(const json_t *combination)
{
    char *name = NULL;
    size_t size;
    FILE *out = open_memstream(&name, &size);
    const char *key, *separator = "";
    json_t *value;
    if (!out)
        return NULL;
    json_object_foreach(json_object_get(combination, "values"), key, value)
    {
        const json_t *named = json_object_get(json_object_get(combination, "names"), key);
        fprintf(out, "%s%s=%s", separator, key, json_string_value(named ? named : value));
        separator = ", ";
    }
    if (json_is_number(json_object_get(combination, "suggested_rate")))
        fprintf(out, "%slearning_rate=%.3g", separator,
                json_number_value(json_object_get(combination, "learning_rate")));
    fclose(out);
    return name;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void write_number(FILE *page, const json_t *object, const char *key)
{
    const double number = number_of(object, key);
    if (isfinite(number))
        rnl_page_cell(page, "%.4g", number);
    else
        rnl_page_cell(page, "%s", "");
}

static void write_table(FILE *page, const json_t *combinations, char *const *names)
{
    static const char *const keys[] = {"rank",
                                       "mean",
                                       "standard_deviation",
                                       "done",
                                       "reached",
                                       "epochs_to_target",
                                       "seconds_to_target",
                                       "to_first",
                                       "to_first_low",
                                       "to_first_high",
                                       "epochs",
                                       "seconds_per_epoch",
                                       "learning_rate"};
    enum { KEYS = sizeof keys / sizeof *keys };
    rnl_page_table_begin(page);
    rnl_page_row(page);
    rnl_page_cell(page, "combination");
    for (size_t k = 0; k < KEYS; ++k)
        rnl_page_cell(page, "%s", keys[k]);
    for (size_t i = 0; i < json_array_size(combinations); ++i) {
        rnl_page_row(page);
        rnl_page_cell(page, "%s", names[i]);
        for (size_t k = 0; k < KEYS; ++k)
            write_number(page, json_array_get(combinations, i), keys[k]);
    }
    rnl_page_table_end(page);
}

enum {
    SHORT_NAME = 40
}; /* bytes, the end included: the names leave half of a plot to its points */

/* "adam, 0.01": values without their keys, where the file has them. */
static void shorten(char text[SHORT_NAME], const json_t *combination, const char *name)
{
    const char *setting = json_string_value(json_object_get(combination, "setting"));
    const double rate = number_of(combination, "learning_rate");
    char rated[24] = "";
    if (!setting || (strcmp(setting, "all") == 0 && !isfinite(rate)))
        setting = name;
    if (isfinite(rate))
        snprintf(rated, sizeof rated, "%.4g", rate);
    const bool alone = isfinite(rate) && (strcmp(setting, "all") == 0 || !*setting);
    const int most = SHORT_NAME - 8 - (int)strlen(rated);
    snprintf(text, SHORT_NAME, "%.*s%s%s%s", most, alone ? "" : setting,
             !alone && (int)strlen(setting) > most ? "..." : "", *rated && !alone ? ", " : "",
             rated);
}

/* Rates that were not chosen stand in the plot over rates. */
static bool is_chosen(const json_t *combination)
{
    return !json_is_false(json_object_get(combination, "chosen"));
}

/* The mean of each combination, with its standard deviation. */
static bool draw_means(FILE *page, const char *metric, const json_t *combinations,
                       char *const *names)
{
    const size_t count = json_array_size(combinations);
    rnl_dot *dots = calloc(count + 1, sizeof *dots);
    char(*shorter)[SHORT_NAME] = calloc(count + 1, sizeof *shorter);
    rnl_dot_plot plot = {.label = metric, .dots = dots};
    for (size_t i = 0; dots && shorter && i < count; ++i) {
        const json_t *combination = json_array_get(combinations, i);
        const double mean = number_of(combination, "mean");
        const double spread = number_of(combination, "standard_deviation");
        const double reach = isfinite(spread) ? spread : 0;
        shorten(shorter[i], combination, names[i]);
        if (isfinite(mean) && is_chosen(combination))
            dots[plot.count++] = (rnl_dot){shorter[i], mean, mean - reach, mean + reach};
    }
    rnl_page_drawings_begin(page);
    const bool drawn = dots && shorter && (plot.count == 0 || rnl_page_dots(page, &plot));
    rnl_page_drawings_end(page);
    free(dots);
    free(shorter);
    return drawn;
}

/* ---- sensitivity to the rate ----------------------------------------------------------------- */

typedef struct rate_point {
    double rate, mean;
} rate_point;

static int by_rate(const void *a, const void *b)
{
    const double x = ((const rate_point *)a)->rate, y = ((const rate_point *)b)->rate;
    return (x > y) - (x < y);
}

static const char *setting_of(const json_t *combinations, size_t number)
{
    const char *setting =
        json_string_value(json_object_get(json_array_get(combinations, number), "setting"));
    return setting ? setting : "";
}

/* The rates of a setting, sorted, with the means: their number.  0 where the setting stands in an
 * earlier combination, too. */
static size_t gather_rates(const json_t *combinations, size_t first, rate_point *points)
{
    size_t count = 0;
    const char *setting = setting_of(combinations, first);
    for (size_t i = 0; i < json_array_size(combinations); ++i) {
        if (strcmp(setting_of(combinations, i), setting) != 0)
            continue;
        if (i < first)
            return 0;
        const json_t *c = json_array_get(combinations, i);
        const rate_point point = {number_of(c, "learning_rate"), number_of(c, "mean")};
        if (point.rate > 0 && isfinite(point.mean))
            points[count++] = point;
    }
    qsort(points, count, sizeof *points, by_rate);
    return count;
}

/* A curve for each setting with two rates or more, its points in `xs`, which has room for all. */
static void make_rate_curves(const json_t *combinations, rate_point *points, double *xs,
                             rnl_curve *curves, rnl_plot *plot)
{
    for (size_t first = 0; first < json_array_size(combinations); ++first) {
        const size_t count = gather_rates(combinations, first, points);
        if (count < 2)
            continue;
        double *ys = xs + count;
        for (size_t i = 0; i < count; ++i) {
            xs[i] = points[i].rate;
            ys[i] = points[i].mean;
        }
        curves[plot->count++] = (rnl_curve){setting_of(combinations, first), count, xs, ys};
        xs = ys + count;
    }
}

static bool draw_rates(FILE *page, const char *metric, const json_t *combinations)
{
    const size_t room = json_array_size(combinations) + 1;
    rate_point *points = calloc(room, sizeof *points);
    double *xs = calloc(2 * room, sizeof *xs);
    rnl_curve *curves = calloc(room, sizeof *curves);
    rnl_plot plot = {
        .x_label = "learning rate", .y_label = metric, .logarithmic = true, .curves = curves};
    bool drawn = points && xs && curves;
    if (!drawn)
        rnl_complain_memory();
    if (drawn)
        make_rate_curves(combinations, points, xs, curves, &plot);
    if (drawn && plot.count > 0) {
        rnl_page_drawings_begin(page);
        drawn = rnl_page_plot(page, &plot);
        rnl_page_drawings_end(page);
    }
    free(points);
    free(xs);
    free(curves);
    return drawn;
}

/* ---- all together ---------------------------------------------------------------------------- */

static bool write_combinations(FILE *page, const json_t *root)
{
    const json_t *combinations = json_object_get(root, "combinations");
    const char *metric = json_string_value(json_object_get(root, "metric"));
    const size_t count = json_array_size(combinations);
    char **names = calloc(count + 1, sizeof *names);
    bool right = names != NULL;
    for (size_t i = 0; right && i < count; ++i)
        right = (names[i] = name_of(json_array_get(combinations, i))) != NULL;
    if (!right)
        rnl_complain_memory();
    if (right) {
        rnl_page_text(page,
                      "Compared by %s; target %.4g, %s. Epochs and seconds to it are medians, a "
                      "miss counting as infinite; to_first is the mean difference to the first "
                      "over the same seeds and folds, with Student's interval of 95 %%.",
                      metric ? metric : "", number_of(root, "target"),
                      json_is_true(json_object_get(root, "target_given")) ? "set beforehand"
                                                                          : "chosen afterwards");
        right = draw_means(page, metric ? metric : "", combinations, names) &&
                draw_rates(page, metric ? metric : "", combinations);
        write_table(page, combinations, names);
    }
    for (size_t i = 0; names && i < count; ++i)
        free(names[i]);
    free(names);
    return right;
}

static bool write_trials(FILE *page, const char *directory)
{
    char *path = rnl_path_of(directory, "compare.csv");
    char *text = path ? rnl_text_read(path) : NULL;
    if (text)
        rnl_page_fold(page, "Trials", text);
    const bool right = text != NULL;
    free(text);
    free(path);
    return right;
}

bool rnl_report_comparison(FILE *page, const char *directory)
{
    json_error_t error;
    char *path = rnl_path_of(directory, "compare.json");
    json_t *root = path ? json_load_file(path, 0, &error) : NULL;
    if (path && !root)
        rnl_complain("%s:%d:%d: expected JSON: %s", path, error.line, error.column, error.text);
    rnl_page_heading(page, 2, directory);
    const bool right = root && write_combinations(page, root) && write_trials(page, directory);
    json_decref(root);
    free(path);
    return right;
}
