/*
 * Curves drawn in characters: numbers that have no place in a drawing, and curves that leave the
 * others behind.
 */
#include "cli/plot.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS 4

static char *draw(const double *x, const double *y, bool logarithmic)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const rnl_curve curve = {.name = "loss", .count = POINTS, .x = x, .y = y};
    const rnl_plot plot = {.x_label = "epoch",
                           .y_label = "loss",
                           .logarithmic = logarithmic,
                           .count = 1,
                           .curves = &curve};
    cr_assert(out && rnl_plot_print(&plot, out, 40));
    fclose(out);
    return text;
}

static size_t count_marks(const char *text)
{
    size_t marks = 0;
    for (; *text; ++text)
        marks += *text == '*';
    return marks;
}

/* As if the point were not there: the curve is level, and its legend is the other mark. */
static void expect_left_out(double x, double y)
{
    const double xs[POINTS] = {1, 2, x, 4}, ys[POINTS] = {0.5, 0.5, y, 0.5};
    char *text = draw(xs, ys, false);
    cr_expect_eq(count_marks(text), 29 + 1, "%g, %g:\n%s", x, y, text);
    free(text);
}

Test(plot, leaves_out_what_has_no_place, .init = cr_redirect_stderr)
{
    const double numbers[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 1.7e308, -1.7e308};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
        expect_left_out(numbers[i], 0.5);
        expect_left_out(3, numbers[i]);
    }
}

Test(plot, tells_how_many_points_it_left_out, .init = cr_redirect_stderr)
{
    const double x[POINTS] = {1, (double)NAN, 3, 4}, y[POINTS] = {1.7e308, 1, -1.7e308, 2};
    char *text = draw(x, y, false);
    fflush(stderr);
    cr_expect_eq(count_marks(text), 1 + 1, "%s", text);
    cr_assert_stderr_eq_str(
        "runnel: loss: 3 of 4 points not drawn: NaN, infinite or beyond 1e+300\n");
    free(text);
}

Test(plot, draws_large_and_small_differences)
{
    const double x[POINTS] = {1, 2, 3, 4}, large[POINTS] = {1e300, -1e300, 1e300, 0},
                 small[POINTS] = {0, 5e-324, 0, 0};
    char *texts[] = {draw(x, large, false), draw(x, small, false)};
    for (size_t i = 0; i < 2; ++i) {
        cr_expect_gt(count_marks(texts[i]), 29, "%s", texts[i]);
        free(texts[i]);
    }
}

Test(plot, has_no_logarithm_of_what_is_not_positive, .init = cr_redirect_stderr)
{
    const double x[POINTS] = {0, -1, 10, 100}, y[POINTS] = {1, 2, 3, 3};
    char *text = draw(x, y, true);
    cr_expect_eq(count_marks(text), 29 + 1, "%s", text);
    free(text);
}

/* ---- curves that leave the others behind ----------------------------------------------------- */

/* Draws three curves, of which the last is given. */
static char *draw_three(const double y[POINTS], rnl_plot plot)
{
    static const double x[POINTS] = {1, 2, 3, 4}, low[POINTS] = {2, 1.9, 1.8, 1.7},
                        good[POINTS] = {1, 0.5, 0.3, 0.2};
    const rnl_curve curves[] = {
        {"low", POINTS, x, low}, {"good", POINTS, x, good}, {"high", POINTS, x, y}};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    plot.x_label = "epoch";
    plot.y_label = "loss";
    plot.count = 3;
    plot.curves = curves;
    cr_assert(out && rnl_plot_print(&plot, out, 40));
    fclose(out);
    return text;
}

/* The numbers beside the highest and the lowest row. */
static void expect_range(const char *text, double top, double bottom)
{
    double found[2] = {0, 0};
    const char *last = strstr(text, "+---");
    cr_assert(last && sscanf(strchr(text, '\n'), "%lf", &found[0]) == 1);
    for (int lines = 0; lines < 2; last -= lines < 2)
        lines += last[-1] == '\n';
    cr_assert_eq(sscanf(last, "%lf", &found[1]), 1);
    cr_expect_float_eq(found[0], top, 1e-3 * fabs(top), "%g, not %g:\n%s", found[0], top, text);
    cr_expect_float_eq(found[1], bottom, 1e-3 * fabs(bottom), "%g, not %g:\n%s", found[1], bottom,
                       text);
}

static void expect_range_with(const double y[POINTS], rnl_plot plot, double top, double bottom)
{
    char *text = draw_three(y, plot);
    expect_range(text, top, bottom);
    free(text);
}

/* The two others go from 0.2 to 2, and a tenth more is left for the third to leave. */
Test(plot, cuts_off_what_diverges, .init = cr_redirect_stderr)
{
    const double up[POINTS] = {2.5, 40, 1e9, 1e280}, once[POINTS] = {1e9, (double)NAN, 5, 1},
                 down[POINTS] = {0.1, -5, -1e5, -1e10}, near[POINTS] = {2, 5, 9, 15};
    const rnl_plot cuts = {.cuts = true};
    expect_range_with(up, cuts, 0.2 + 1.1 * 1.8, 0.2);
    expect_range_with(once, cuts, 0.2 + 1.1 * 1.8, 0.2);
    expect_range_with(down, cuts, 2, 2 - 1.1 * 1.8);
    expect_range_with(near, cuts, 15, 0.2);
    expect_range_with(near, (rnl_plot){.cuts = false}, 15, 0.2);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "runnel: loss: drawn up to 2.18; 4 points lie beyond, as far as 1e+280\n"
        "runnel: loss: 1 of 12 points not drawn: NaN, infinite or beyond 1e+300\n"
        "runnel: loss: drawn up to 2.18; 2 points lie beyond, as far as 1e+09\n"
        "runnel: loss: drawn down to 0.02; 3 points lie beyond, as far as "
        "-1e+10\n");
}

/* A line that leaves is drawn up to the edge. */
Test(plot, draws_a_line_that_leaves, .init = cr_redirect_stderr)
{
    const double up[POINTS] = {0.3, 0.3, 1e6, 0.3};
    char *text = draw_three(up, (rnl_plot){.cuts = true});
    cr_expect_not_null(strchr(strchr(text, '\n'), '+'), "%s", text);
    cr_expect_lt(strchr(text, '+'), strchr(text, '*'), "%s", text);
    free(text);
}

Test(plot, ends_where_it_is_told, .init = cr_redirect_stderr)
{
    const double up[POINTS] = {2.5, 40, 1e9, 1e280};
    expect_range_with(up, (rnl_plot){.cuts = true, .most = 50}, 50, 0.2);
    expect_range_with(up, (rnl_plot){.most = 1}, 1, 0.2);
    expect_range_with(up, (rnl_plot){.most = 0.1}, 1e280, 0.2);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "runnel: loss: drawn up to 50; 2 points lie beyond, as far as 1e+280\n"
        "runnel: loss: drawn up to 1; 8 points lie beyond, as far as 1e+280\n"
        "runnel: loss: all points lie above 0.1: it is drawn as far as they go\n");
}

Test(plot, has_a_logarithmic_scale, .init = cr_redirect_stderr)
{
    const double y[POINTS] = {1e-4, 0, -1, 1e2};
    expect_range_with(y, (rnl_plot){.logarithmic_y = true}, 100, 1e-4);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "runnel: loss: 2 of 12 points not drawn: NaN, infinite, not above 0 or beyond 1e+300\n");
}
