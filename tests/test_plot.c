/*
 * Curves drawn in characters, of numbers that have no place in a drawing.
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
    const rnl_plot plot = {"epoch", "loss", logarithmic, 1, &curve};
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
