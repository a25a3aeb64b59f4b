#include "cli/plot_range.h"
#include "cli/messages.h"

#include <math.h>
#include <stdlib.h>

/* Beyond it, differences of two numbers overflow. */
#define LARGEST 1e300

/* A curve that reaches so many times as far as the one in the middle leaves the others behind. */
#define FAR 10.0
/* Room above the others, in which such a curve is seen to leave. */
#define ROOM 1.1

double rnl_plot_x(const rnl_plot *plot, double x)
{
    return plot->logarithmic ? log10(x) : x;
}

double rnl_plot_y(const rnl_plot *plot, double y)
{
    return plot->logarithmic_y ? log10(y) : y;
}

static bool fits(double number)
{
    return fabs(number) <= LARGEST;
}

bool rnl_plot_has_place(const rnl_plot *plot, const rnl_curve *curve, size_t i)
{
    return fits(rnl_plot_x(plot, curve->x[i])) && fits(rnl_plot_y(plot, curve->y[i]));
}

static void report_left_out(const rnl_plot *plot)
{
    size_t points = 0, left_out = 0;
    for (size_t k = 0; k < plot->count; ++k) {
        points += plot->curves[k].count;
        for (size_t i = 0; i < plot->curves[k].count; ++i)
            left_out += !rnl_plot_has_place(plot, &plot->curves[k], i);
    }
    if (left_out > 0)
        rnl_complain("%s: %zu of %zu points not drawn: NaN, infinite%s or beyond %g", plot->y_label,
                     left_out, points, plot->logarithmic_y ? ", not above 0" : "", LARGEST);
}

/* Widens a range by a curve. */
static void add_curve(rnl_plot_range *range, const rnl_plot *plot, const rnl_curve *curve)
{
    for (size_t i = 0; i < curve->count; ++i) {
        if (!rnl_plot_has_place(plot, curve, i))
            continue;
        const double x = rnl_plot_x(plot, curve->x[i]), y = rnl_plot_y(plot, curve->y[i]);
        range->left = fmin(range->left, x);
        range->right = fmax(range->right, x);
        range->bottom = fmin(range->bottom, y);
        range->top = fmax(range->top, y);
    }
}

static rnl_plot_range nothing(void)
{
    return (rnl_plot_range){INFINITY, -INFINITY, INFINITY, -INFINITY, false, false};
}

/* How far a curve reaches from the lowest point of all, or from the highest down. */
static double reach_of(const rnl_plot *plot, size_t curve, const rnl_plot_range *all, bool up)
{
    rnl_plot_range own = nothing();
    add_curve(&own, plot, &plot->curves[curve]);
    return up ? own.top - all->bottom : all->top - own.bottom;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Finds how far the curves reach that none of the others dwarfs; infinity if none stands out.  The
 * middle is the lower one of two, so that of two curves one may stand out. */
static double common_reach(const rnl_plot *plot, const rnl_plot_range *all, bool up)
{
    double *reaches = calloc(plot->count, sizeof *reaches);
    size_t count = 0;
    if (!reaches)
        return INFINITY;
    for (size_t k = 0; k < plot->count; ++k) {
        reaches[count] = reach_of(plot, k, all, up);
        count += isfinite(reaches[count]) && reaches[count] > 0;
    }
    qsort(reaches, count, sizeof *reaches, by_size);
    size_t last = count;
    while (last > 0 && reaches[last - 1] > FAR * reaches[(count - 1) / 2])
        --last;
    const double reach = last == count ? INFINITY : ROOM * reaches[last - 1];
    free(reaches);
    return reach;
}

static void cut_above(rnl_plot_range *range, double most)
{
    range->cut_above = most < range->top;
    range->top = fmin(range->top, most);
}

static void cut_what_stands_out(rnl_plot_range *range, const rnl_plot *plot)
{
    const double up = common_reach(plot, range, true), down = common_reach(plot, range, false);
    const rnl_plot_range all = *range;
    cut_above(range, all.bottom + up);
    if (!range->cut_above) {
        range->bottom = fmax(all.bottom, all.top - down);
        range->cut_below = range->bottom > all.bottom;
    }
}

static void cut_at_most(rnl_plot_range *range, const rnl_plot *plot)
{
    const double most = rnl_plot_y(plot, plot->most);
    if (most > range->bottom)
        cut_above(range, most);
    else
        rnl_complain("%s: all points lie above %g: it is drawn as far as they go", plot->y_label,
                     plot->most);
}

static void report_cut(const rnl_plot *plot, const rnl_plot_range *range, const rnl_plot_range *all)
{
    const double end = range->cut_above ? range->top : range->bottom,
                 furthest = range->cut_above ? all->top : all->bottom;
    size_t beyond = 0;
    for (size_t k = 0; k < plot->count; ++k)
        for (size_t i = 0; i < plot->curves[k].count; ++i) {
            const double y = rnl_plot_y(plot, plot->curves[k].y[i]);
            beyond += fits(y) && (range->cut_above ? y > end : y < end);
        }
    rnl_complain("%s: drawn %s to %.3g; %zu points lie beyond, as far as %.3g", plot->y_label,
                 range->cut_above ? "up" : "down", plot->logarithmic_y ? pow(10, end) : end, beyond,
                 plot->logarithmic_y ? pow(10, furthest) : furthest);
}

rnl_plot_range rnl_plot_measure(const rnl_plot *plot)
{
    rnl_plot_range all = nothing();
    for (size_t k = 0; k < plot->count; ++k)
        add_curve(&all, plot, &plot->curves[k]);
    report_left_out(plot);
    rnl_plot_range range = all;
    if (!isfinite(all.left))
        return range;
    if (plot->most != 0)
        cut_at_most(&range, plot);
    else if (plot->cuts)
        cut_what_stands_out(&range, plot);
    if (range.cut_above || range.cut_below)
        report_cut(plot, &range, &all);
    return range;
}
