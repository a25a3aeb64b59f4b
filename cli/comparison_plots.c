#include "cli/comparison_plots.h"
#include "cli/comparison_names.h"
#include "cli/gnuplot.h"
#include "cli/messages.h"
#include "cli/plot.h"
#include "cli/text_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static bool make_curve(rnl_curve *curve, const rnl_comparison *comparison, const rnl_combination *c)
{
    const size_t rows = longest(c);
    double *points = malloc((2 * rows + 1) * sizeof *points);
    char *name = rnl_comparison_label(comparison, c, comparison->varied);
    curve->x = points;
    curve->name = name;
    if (!points || !name)
        return false;
    mean_curve(comparison, c, curve, points, points + rows);
    return true;
}

static void release_curves(rnl_curve *curves, size_t count)
{
    for (size_t i = 0; curves && i < count; ++i) {
        free((void *)(uintptr_t)curves[i].x);
        free((void *)(uintptr_t)curves[i].name);
    }
    free(curves);
}

static bool write_plot(const rnl_comparison *comparison, const rnl_plot *plot, const char *name)
{
    char *path = rnl_path_of(comparison->path, name);
    const bool written = path && rnl_plot_write(plot, 1, path);
    if (written)
        printf("plot: %s\n", path);
    free(path);
    return written;
}

static bool draw_epochs(const rnl_comparison *comparison, rnl_curve *curves)
{
    rnl_plot plot = {.x_label = "epoch", .y_label = comparison->metric, .curves = curves};
    bool right = true;
    for (size_t i = 0; i < comparison->count && right; ++i)
        if (comparison->combinations[i].chosen)
            right = make_curve(&curves[plot.count++], comparison, &comparison->combinations[i]);
    if (!right)
        rnl_complain_memory();
    return right && write_plot(comparison, &plot, RNL_COMPARISON_PNG) &&
           write_plot(comparison, &plot, RNL_COMPARISON_SVG);
}

/* ---- the rates ------------------------------------------------------------------------------- */

/* The variation that is one of learning rates; the number of variations if none. */
static size_t rate_variation(const rnl_comparison *comparison)
{
    static const char key[] = "learning_rate";
    for (size_t v = 0; v < comparison->varied; ++v) {
        const char *dot = strrchr(comparison->variations[v].key, '.');
        if (dot && strcmp(dot + 1, key) == 0)
            return v;
    }
    return comparison->varied;
}

double rnl_comparison_rate(const rnl_comparison *comparison, const rnl_combination *c)
{
    const size_t v = rate_variation(comparison);
    char *end;
    if (comparison->rates > 0)
        return c->learning_rate;
    if (v == comparison->varied)
        return NAN;
    const double rate = strtod(c->values[v], &end);
    return *end == '\0' && rate > 0 ? rate : NAN;
}

char *rnl_comparison_setting(const rnl_comparison *comparison, const rnl_combination *c)
{
    const size_t rates = comparison->rates > 0 ? comparison->varied : rate_variation(comparison);
    char *label = rnl_comparison_label(comparison, c, rates);
    if (!label || *label)
        return label;
    free(label);
    return strdup("all");
}

static int by_rate(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Points (rate, mean) of the combinations of a setting, as pairs that are then taken apart. */
static bool gather_rates(const rnl_comparison *comparison, const char *setting, rnl_curve *curve)
{
    double *pairs = calloc(4 * comparison->count + 1, sizeof *pairs);
    double *x = pairs ? pairs + 2 * comparison->count : NULL, *y = x ? x + comparison->count : NULL;
    if (!pairs)
        return false;
    curve->count = 0;
    for (size_t i = 0; i < comparison->count; ++i) {
        const rnl_combination *c = &comparison->combinations[i];
        const double rate = rnl_comparison_rate(comparison, c);
        char *own = rnl_comparison_setting(comparison, c);
        if (own && strcmp(own, setting) == 0 && rate > 0 && isfinite(c->mean)) {
            pairs[2 * curve->count] = rate;
            pairs[2 * curve->count++ + 1] = c->mean;
        }
        free(own);
    }
    qsort(pairs, curve->count, 2 * sizeof *pairs, by_rate);
    for (size_t i = 0; i < curve->count; ++i) {
        x[i] = pairs[2 * i];
        y[i] = pairs[2 * i + 1];
    }
    memmove(pairs, x, 2 * comparison->count * sizeof *pairs);
    curve->x = pairs;
    curve->y = pairs + comparison->count;
    return true;
}

static bool is_drawn(const rnl_plot *plot, const char *setting)
{
    for (size_t i = 0; i < plot->count; ++i)
        if (strcmp(plot->curves[i].name, setting) == 0)
            return true;
    return false;
}

/* A curve for each setting that has come to a figure at two rates or more. */
static bool make_rate_curves(const rnl_comparison *comparison, rnl_plot *plot, rnl_curve *curves)
{
    for (size_t i = 0; i < comparison->count; ++i) {
        char *setting = rnl_comparison_setting(comparison, &comparison->combinations[i]);
        rnl_curve curve = {.name = setting};
        if (!setting || (!is_drawn(plot, setting) && !gather_rates(comparison, setting, &curve))) {
            free(setting);
            return false;
        }
        if (curve.count > 1) {
            curves[plot->count++] = curve;
        } else {
            free((void *)(uintptr_t)curve.x);
            free(setting);
        }
    }
    return true;
}

static bool draw_rates(const rnl_comparison *comparison, rnl_curve *curves)
{
    rnl_plot plot = {.x_label = "learning rate",
                     .y_label = comparison->metric,
                     .logarithmic = true,
                     .curves = curves};
    if (!make_rate_curves(comparison, &plot, curves)) {
        rnl_complain_memory();
        return false;
    }
    return plot.count == 0 || (write_plot(comparison, &plot, RNL_COMPARISON_RATES_PNG) &&
                               write_plot(comparison, &plot, RNL_COMPARISON_RATES_SVG));
}

/* ---- all together ---------------------------------------------------------------------------- */

static bool draw(const rnl_comparison *comparison,
                 bool (*draw_curves)(const rnl_comparison *comparison, rnl_curve *curves))
{
    rnl_curve *curves = calloc(comparison->count + 1, sizeof *curves);
    if (!curves)
        rnl_complain_memory();
    const bool drawn = curves && draw_curves(comparison, curves);
    release_curves(curves, comparison->count);
    return drawn;
}

bool rnl_comparison_write_plots(const rnl_comparison *comparison)
{
    if (!rnl_gnuplot_is_there()) {
        fprintf(stderr, "gnuplot is not installed: no compare.png, no compare.svg\n");
        return true;
    }
    return draw(comparison, draw_epochs) && draw(comparison, draw_rates);
}
