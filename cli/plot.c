#include "cli/plot.h"
#include "cli/gnuplot.h"
#include "cli/messages.h"
#include "cli/output_file.h"
#include "cli/plot_range.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- in characters --------------------------------------------------------------------------- */

#define HEIGHT          16
#define MARGIN          11 /* columns left of the drawing: a number and the axis */
#define NARROWEST       20
#define DEFAULT_COLUMNS 80
#define LABELLED_ROWS   5 /* from one number beside the axis to the next */

static const char markers[] = "*o+x#@%&=~";

typedef struct canvas {
    size_t width;
    char *cells; /* (HEIGHT, width), the topmost row first */
    rnl_plot_range range;
} canvas;

/* A level curve stands in the middle. */
static void widen_if_flat(rnl_plot_range *range)
{
    const double margin = range->top == 0 ? 1 : fabs(range->top) / 2;
    if (range->top == range->bottom) {
        range->top += margin;
        range->bottom -= margin;
    }
}

/* The cell of a value, from 0 to cells - 1. */
static double cell_of(double value, double from, double to, size_t cells)
{
    return to > from ? (value - from) / (to - from) * (double)(cells - 1) : 0;
}

static void draw_line(canvas *c, char marker, double x0, double y0, double x1, double y1)
{
    const double longest = fmax(fabs(x1 - x0), fabs(y1 - y0));
    const size_t pieces = (size_t)ceil(longest) + 1;
    for (size_t i = 0; i <= pieces; ++i) {
        const double share = (double)i / (double)pieces;
        const size_t x = (size_t)lround(x0 + (x1 - x0) * share);
        const size_t y = (size_t)lround(y0 + (y1 - y0) * share);
        c->cells[(HEIGHT - 1 - y) * c->width + x] = marker;
    }
}

/* Where the line from (x0, y0) to (x1, y1), which crosses this height, does. */
static double crossing(double x0, double y0, double x1, double y1, double height)
{
    return x0 + (x1 - x0) * ((height - y0) / (y1 - y0));
}

/* Shortens the line to what lies between bottom and top; false if nothing does. */
static bool clip_line(double line[4])
{
    const double ends[2] = {0, HEIGHT - 1};
    for (int e = 0; e < 2; ++e) {
        const double sign = e == 0 ? 1 : -1, end = ends[e];
        const bool first = sign * (line[1] - end) < 0, second = sign * (line[3] - end) < 0;
        if (first && second)
            return false;
        if (first || second) {
            const double x = crossing(line[0], line[1], line[2], line[3], end);
            line[first ? 0 : 2] = x;
            line[first ? 1 : 3] = end;
        }
    }
    return true;
}

static void draw_curve(canvas *c, const rnl_plot *plot, size_t number)
{
    const rnl_curve *curve = &plot->curves[number];
    const rnl_plot_range *r = &c->range;
    double last_x = NAN, last_y = NAN;
    for (size_t i = 0; i < curve->count; ++i) {
        if (!rnl_plot_has_place(plot, curve, i))
            continue;
        const double x = cell_of(rnl_plot_x(plot, curve->x[i]), r->left, r->right, c->width);
        const double y = cell_of(rnl_plot_y(plot, curve->y[i]), r->bottom, r->top, HEIGHT);
        double line[4] = {isnan(last_x) ? x : last_x, isnan(last_y) ? y : last_y, x, y};
        if (clip_line(line))
            draw_line(c, markers[number % (sizeof markers - 1)], line[0], line[1], line[2],
                      line[3]);
        last_x = x;
        last_y = y;
    }
}

static double shown(bool logarithmic, double value)
{
    return logarithmic ? pow(10, value) : value;
}

static void print_rows(const canvas *c, const rnl_plot *plot, FILE *out)
{
    const double height = c->range.top - c->range.bottom;
    for (size_t row = 0; row < HEIGHT; ++row) {
        const double share = (double)(HEIGHT - 1 - row) / (HEIGHT - 1);
        if (row % LABELLED_ROWS == 0)
            fprintf(out, "%9.4g", shown(plot->logarithmic_y, c->range.bottom + height * share));
        else
            fprintf(out, "%9s", "");
        size_t end = c->width;
        while (end > 0 && c->cells[row * c->width + end - 1] == ' ')
            --end;
        fprintf(out, " |%.*s\n", (int)end, &c->cells[row * c->width]);
    }
}

static void print_x_axis(const canvas *c, const rnl_plot *plot, FILE *out)
{
    fprintf(out, "%*s+", MARGIN - 1, "");
    for (size_t i = 0; i < c->width; ++i)
        fputc('-', out);
    char left[32], right[32];
    snprintf(left, sizeof left, "%.4g", shown(plot->logarithmic, c->range.left));
    snprintf(right, sizeof right, "%.4g", shown(plot->logarithmic, c->range.right));
    const size_t ends = strlen(left) + strlen(right), label = strlen(plot->x_label);
    const size_t room = c->width > ends ? c->width - ends : 0;
    const size_t before = room > label ? (room - label) / 2 : 0;
    fprintf(out, "\n%*s%s%*s%s%*s%s\n", MARGIN, "", left, (int)before, "",
            room > label ? plot->x_label : "", (int)(room > label ? room - label - before : room),
            "", right);
}

size_t rnl_plot_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col - 1u;
    return DEFAULT_COLUMNS;
}

bool rnl_plot_print(const rnl_plot *plot, FILE *out, size_t columns)
{
    canvas c = {.width = columns > MARGIN + NARROWEST ? columns - MARGIN : NARROWEST};
    c.cells = malloc(HEIGHT * c.width);
    if (!c.cells)
        return false;
    memset(c.cells, ' ', HEIGHT * c.width);
    c.range = rnl_plot_measure(plot);
    fprintf(out, "%s\n", plot->y_label);
    if (isfinite(c.range.left)) {
        widen_if_flat(&c.range);
        for (size_t k = 0; k < plot->count; ++k)
            draw_curve(&c, plot, k);
        print_rows(&c, plot, out);
        print_x_axis(&c, plot, out);
    }
    for (size_t k = 0; k < plot->count; ++k)
        fprintf(out, "%*s%c %s\n", MARGIN, "", markers[k % (sizeof markers - 1)],
                plot->curves[k].name);
    free(c.cells);
    return true;
}

/* ---- by gnuplot ------------------------------------------------------------------------------ */

/* White paper, so that black text can be read where a page is dark. */
#define SVG "svg font 'sans-serif,13' background '#ffffff'"

/* Sizes in pixels. */
#define PLOT_WIDTH      900
#define LEGEND_WIDTH    770
#define LETTER_WIDTH    12  /* roughly what gnuplot reckons with */
#define LEGEND_ROW      22  /* height */
#define ONE_PLOT_HEIGHT 440 /* without its legend */
#define PLOT_HEIGHT     300 /* likewise, of each of several */

/* Size of a plot within a page, which scales it. */
#define SMALL_WIDTH        480
#define SMALL_LEGEND_WIDTH 400
#define SMALL_HEIGHT       300

#define SAMPLE_LETTERS     4   /* room for a piece of the line beside its name, in letters */
#define MOST_POINTS        100 /* of a curve whose points are marked */

static bool ends_in(const char *path, const char *ending)
{
    const size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

static void write_points(FILE *script, const rnl_plot *plot)
{
    for (size_t k = 0; k < plot->count; ++k) {
        const rnl_curve *curve = &plot->curves[k];
        fprintf(script, "$curve%zu << EOD\n", k);
        for (size_t i = 0; i < curve->count; ++i)
            if (rnl_plot_has_place(plot, curve, i))
                fprintf(script, "%.9g %.9g\n", curve->x[i], curve->y[i]);
        fputs("EOD\n", script);
    }
}

static bool has_points(const rnl_plot *plot, const rnl_curve *curve)
{
    for (size_t i = 0; i < curve->count; ++i)
        if (rnl_plot_has_place(plot, curve, i))
            return true;
    return false;
}

/* Widens a range without extent, about which gnuplot would complain. */
static void write_range(FILE *script, char axis, double from, double to)
{
    const double margin = from == 0 ? 1 : fabs(from) / 2;
    if (from == to)
        fprintf(script, "set %crange [%.9g:%.9g]\n", axis, from - margin, to + margin);
    else
        fprintf(script, "set %crange [*:*]\nset autoscale %c\n", axis, axis);
}

/* gnuplot chooses the end that is not cut. */
static void write_y_range(FILE *script, const rnl_plot *plot, const rnl_plot_range *range)
{
    const bool log = plot->logarithmic_y;
    if (range->cut_above)
        fprintf(script, "set yrange [*:%.9g]\n", shown(log, range->top));
    else if (range->cut_below)
        fprintf(script, "set yrange [%.9g:*]\n", shown(log, range->bottom));
    else
        write_range(script, 'y', log ? NAN : range->bottom, range->top);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Values that part the points into equal shares, so that lines are spread over the drawing. */
static void write_levels(FILE *script, const rnl_contours *c)
{
    enum { LEVELS = 14 };
    double *sorted = malloc(c->side * c->side * sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; sorted && i < c->side * c->side; ++i)
        if (isfinite(c->values[i]))
            sorted[count++] = c->values[i];
    if (count > 0) {
        qsort(sorted, count, sizeof *sorted, by_value);
        fputs("set cntrparam levels discrete ", script);
        for (size_t k = 1; k <= LEVELS; ++k)
            fprintf(script, "%s%.9g", k == 1 ? "" : ", ",
                    sorted[(count - 1) * k * k / LEVELS / LEVELS]);
        fputc('\n', script);
    }
    free(sorted);
}

/* Makes the lines of equal value, as a table of points. */
static void write_contours(FILE *script, const rnl_contours *c)
{
    fputs("$grid << EOD\n", script);
    for (size_t j = 0; j < c->side; ++j, fputc('\n', script))
        for (size_t i = 0; i < c->side; ++i) {
            const double at[2] = {(double)i / (double)(c->side - 1),
                                  (double)j / (double)(c->side - 1)};
            fprintf(script, "%.9g %.9g %.9g\n", c->from[0] + at[0] * (c->to[0] - c->from[0]),
                    c->from[1] + at[1] * (c->to[1] - c->from[1]), c->values[j * c->side + i]);
        }
    fputs("EOD\nset contour base\nunset surface\n", script);
    write_levels(script, c);
    fputs("set table $contours\nsplot $grid using 1:2:3 with lines\nunset table\n"
          "unset contour\nset surface\n",
          script);
}

static void write_plot(FILE *script, const rnl_plot *plot)
{
    const rnl_plot_range range = rnl_plot_measure(plot);
    if (plot->contours)
        write_contours(script, plot->contours);
    write_points(script, plot);
    fprintf(script, "%s\n%s\n", plot->logarithmic ? "set logscale x" : "unset logscale x",
            plot->logarithmic_y ? "set logscale y" : "unset logscale y");
    write_y_range(script, plot, &range);
    write_range(script, 'x', plot->logarithmic ? NAN : range.left, range.right);
    if (plot->contours)
        fprintf(script, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", plot->contours->from[0],
                plot->contours->to[0], plot->contours->from[1], plot->contours->to[1]);
    fputs("set xlabel ", script);
    rnl_gnuplot_quote(script, plot->x_label);
    fputs(" offset 0, 0.5\nset ylabel ", script);
    rnl_gnuplot_quote(script, plot->y_label);
    fputc('\n', script);
    const char *separator = "plot ";
    if (plot->contours) {
        fputs("plot $contours using 1:2 with lines linecolor rgb '#bbbbbb' notitle", script);
        separator = ", ";
    }
    for (size_t k = 0; k < plot->count; ++k) {
        if (!has_points(plot, &plot->curves[k]))
            continue;
        fprintf(script, "%s$curve%zu with %s title ", separator, k,
                plot->curves[k].count > MOST_POINTS
                    ? "lines linewidth 1.5"
                    : "linespoints linewidth 2 pointtype 7 pointsize 0.5");
        rnl_gnuplot_quote(script, plot->curves[k].name);
        separator = ", ";
    }
    fputc('\n', script);
}

/* Counts the rows that gnuplot breaks the legend into: all names get the width of the longest. */
static size_t legend_rows(const rnl_plot *plot, size_t width)
{
    size_t longest = 1;
    for (size_t k = 0; k < plot->count; ++k) {
        const size_t length = strlen(plot->curves[k].name);
        longest = length > longest ? length : longest;
    }
    const size_t side_by_side = width / ((longest + SAMPLE_LETTERS) * LETTER_WIDTH);
    return side_by_side < 2 ? plot->count : (plot->count + side_by_side - 1) / side_by_side;
}

/* Plots are equally high, so each has room for the largest legend. */
static size_t height_of(const rnl_plot *plots, size_t count)
{
    size_t rows = 0;
    for (size_t i = 0; i < count; ++i) {
        const size_t needed = legend_rows(&plots[i], LEGEND_WIDTH);
        rows = needed > rows ? needed : rows;
    }
    return count * ((count < 2 ? ONE_PLOT_HEIGHT : PLOT_HEIGHT) + rows * LEGEND_ROW);
}

static void write_script(FILE *script, const rnl_plot *plots, size_t count, const char *terminal,
                         size_t width, size_t height)
{
    fprintf(script,
            "set terminal %s size %zu, %zu noenhanced\n"
            "set encoding utf8\n"
            "set border 3\n"
            "set tics nomirror\n"
            "set grid linetype 1 linecolor rgb '#dddddd' linewidth 1\n"
            "set key below samplen 2 spacing 1.2\n"
            "set format x '%%g'\n"
            "set multiplot layout %zu, 1\n",
            terminal, width, height, count);
    rnl_gnuplot_colours(script);
    for (size_t i = 0; i < count; ++i)
        write_plot(script, &plots[i]);
    fputs("unset multiplot\n", script);
}

static bool draw_into(const rnl_plot *plots, size_t count, const char *terminal, FILE *output)
{
    FILE *script = rnl_gnuplot_script();
    if (!script)
        return false;
    write_script(script, plots, count, terminal, PLOT_WIDTH, height_of(plots, count));
    return rnl_gnuplot_run(script, output);
}

bool rnl_plot_draw(const rnl_plot *plot, FILE *output)
{
    FILE *script = rnl_gnuplot_script();
    if (!script)
        return false;
    const size_t height = SMALL_HEIGHT + legend_rows(plot, SMALL_LEGEND_WIDTH) * LEGEND_ROW;
    write_script(script, plot, 1, RNL_GNUPLOT_SCALABLE, SMALL_WIDTH, height);
    return rnl_gnuplot_run(script, output);
}

bool rnl_plot_names_file(const char *path)
{
    const bool right = ends_in(path, ".svg") || ends_in(path, ".png");
    if (!right)
        rnl_complain("%s: expected a name that ends in .png or .svg", path);
    return right;
}

bool rnl_plot_write(const rnl_plot *plots, size_t count, const char *path)
{
    rnl_output_file output;
    if (!rnl_plot_names_file(path) || !rnl_output_open(&output, path))
        return false;
    const char *terminal = ends_in(path, ".svg") ? SVG : "pngcairo";
    return rnl_output_close(&output, draw_into(plots, count, terminal, output.file));
}
