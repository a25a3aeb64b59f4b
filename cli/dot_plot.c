#include "cli/dot_plot.h"
#include "cli/gnuplot.h"

#include <math.h>
#include <string.h>

/* Pixels; names longer than so many characters make it wider, that the dots keep their room. */
enum { WIDTH = 480, DOT_HEIGHT = 20, MARGIN_HEIGHT = 100, USUAL_NAME = 30, CHARACTER = 7 };

static size_t width_of(const rnl_dot_plot *plot)
{
    size_t longest = USUAL_NAME;
    for (size_t i = 0; i < plot->count; ++i)
        if (strlen(plot->dots[i].name) > longest)
            longest = strlen(plot->dots[i].name);
    return WIDTH + CHARACTER * (longest - USUAL_NAME);
}

/* 1, 2 or 5 times a power of ten, so that some four of it make the width. */
static double step_of(double width)
{
    const double power = pow(10, floor(log10(width / 4))), share = width / 4 / power;
    return power * (share < 2 ? 2 : share < 5 ? 5 : 10);
}

/* Around what there is. */
static void write_range(FILE *script, const rnl_dot_plot *plot)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < plot->count; ++i) {
        least = fmin(least, plot->dots[i].low);
        most = fmax(most, plot->dots[i].high);
    }
    const double width = most - least > 0 ? most - least : fabs(most) > 0 ? fabs(most) : 1;
    if (plot->logarithmic && most > 5 * least)
        fprintf(script, "set logscale x\nset xrange [%.9g:%.9g]\n", least / 1.3, most * 1.3);
    else
        fprintf(script, "set xrange [%.9g:%.9g]\nset xtics %.9g\n", least - 0.05 * width,
                most + 0.05 * width, step_of(width));
}

static void write_names(FILE *script, const rnl_dot_plot *plot)
{
    fputs("set ytics (", script);
    for (size_t i = 0; i < plot->count; ++i) {
        fputs(i > 0 ? ", " : "", script);
        rnl_gnuplot_quote(script, plot->dots[i].name);
        fprintf(script, " %zu", i);
    }
    fputs(")\n", script);
}

bool rnl_dot_plot_draw(const rnl_dot_plot *plot, FILE *output)
{
    FILE *script = rnl_gnuplot_script();
    if (!script)
        return false;
    fprintf(script,
            "set terminal " RNL_GNUPLOT_SCALABLE " size %zu, %zu noenhanced\n"
            "set encoding utf8\nset border 1\nset tmargin 2\nset tics nomirror\nunset key\n"
            "set grid x linetype 1 linecolor rgb '#dddddd' linewidth 1\nset format x '%%g'\n"
            "set yrange [%g:-0.7]\n",
            width_of(plot), MARGIN_HEIGHT + plot->count * DOT_HEIGHT, (double)plot->count - 0.3);
    rnl_gnuplot_colours(script);
    write_range(script, plot);
    write_names(script, plot);
    fputs("set xlabel ", script);
    rnl_gnuplot_quote(script, plot->label);
    if (plot->title) {
        fputs("\nset label 1 ", script);
        rnl_gnuplot_quote(script, plot->title);
        fputs(" at screen 0.5, screen 0.97 center", script);
    }
    fputs("\n$dots << EOD\n", script);
    for (size_t i = 0; i < plot->count; ++i)
        fprintf(script, "%.9g %zu %.9g %.9g\n", plot->dots[i].value, i, plot->dots[i].low,
                plot->dots[i].high);
    fputs("EOD\nplot $dots using 1:2:3:4 with xerrorbars linewidth 2 pointtype 7 pointsize 0.6\n",
          script);
    return rnl_gnuplot_run(script, output);
}
