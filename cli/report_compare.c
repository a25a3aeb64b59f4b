#include "cli/messages.h"
#include "cli/page.h"
#include "cli/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "training.optimizer=adam, model.1.dense.units=10" */
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
        fprintf(out, "%s%s=%s", separator, key, json_string_value(value));
        separator = ", ";
    }
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

/* The mean of each combination, with its standard deviation. */
static bool draw_means(FILE *page, const char *metric, const json_t *combinations,
                       char *const *names)
{
    const size_t count = json_array_size(combinations);
    rnl_dot *dots = calloc(count + 1, sizeof *dots);
    rnl_dot_plot plot = {.label = metric, .dots = dots};
    for (size_t i = 0; dots && i < count; ++i) {
        const double mean = number_of(json_array_get(combinations, i), "mean");
        const double spread = number_of(json_array_get(combinations, i), "standard_deviation");
        const double reach = isfinite(spread) ? spread : 0;
        if (isfinite(mean))
            dots[plot.count++] = (rnl_dot){names[i], mean, mean - reach, mean + reach};
    }
    rnl_page_drawings_begin(page);
    const bool drawn = dots && (plot.count == 0 || rnl_page_dots(page, &plot));
    rnl_page_drawings_end(page);
    free(dots);
    return drawn;
}

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
        rnl_page_text(page, "Compared by %s; target %.4g.", metric ? metric : "",
                      number_of(root, "target"));
        right = draw_means(page, metric ? metric : "", combinations, names);
        write_table(page, combinations, names);
    }
    for (size_t i = 0; names && i < count; ++i)
        free(names[i]);
    free(names);
    return right;
}

static bool write_trials(FILE *page, const char *directory)
{
    char *path = rnl_report_path(directory, "compare.csv");
    char *text = path ? rnl_report_read(path) : NULL;
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
    char *path = rnl_report_path(directory, "compare.json");
    json_t *root = path ? json_load_file(path, 0, &error) : NULL;
    if (path && !root)
        rnl_complain("%s:%d:%d: expected JSON: %s", path, error.line, error.column, error.text);
    rnl_page_heading(page, 2, directory);
    const bool right = root && write_combinations(page, root) && write_trials(page, directory);
    json_decref(root);
    free(path);
    return right;
}
