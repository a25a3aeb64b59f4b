/*
 * Curves drawn: in characters for a terminal, as PNG or SVG by gnuplot.
 */
#ifndef RNL_CLI_PLOT_H
#define RNL_CLI_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Points joined by lines; one with a number that is NaN, infinite or beyond 1e300 is left out, and
 * their number is reported on standard error. */
typedef struct rnl_curve {
    const char *name; /* for the legend */
    size_t count;
    const double *x, *y; /* (count) each */
} rnl_curve;

/* A function of x and y, drawn as lines of equal value behind the curves; in characters it is left
 * out. */
typedef struct rnl_contours {
    size_t side; /* points in each direction */
    double from[2], to[2];
    const double *values; /* (side, side) in y, in x; NaN: none */
} rnl_contours;

typedef struct rnl_plot {
    const char *x_label, *y_label;
    bool logarithmic; /* in x; all x are above 0 */
    size_t count;
    const rnl_curve *curves; /* (count) */
    bool logarithmic_y;      /* points that are not above 0 are left out */
    bool cuts;               /* a curve that goes ten times as far as the others, as of a run that
                                diverges, is cut off; standard error tells */
    const rnl_contours *contours; /* NULL: none */
    double most; /* y is drawn no higher, whatever `cuts` says; 0: as high as it goes */
} rnl_plot;

/* Draws the plot in that many columns, with its legend below; false if memory ran out. */
bool rnl_plot_print(const rnl_plot *plot, FILE *out, size_t columns);

/* Writes `count` plots, one below the other, to a file that ends in .png or .svg: it appears whole
 * or not at all.  Complains and returns false if that fails, as where gnuplot is not installed. */
bool rnl_plot_write(const rnl_plot *plots, size_t count, const char *path);

/* Writes a plot as SVG that takes the width that it is given.  Complains and returns false on
 * failure. */
bool rnl_plot_draw(const rnl_plot *plot, FILE *output);

/* The name ends as rnl_plot_write asks; complains if not. */
bool rnl_plot_names_file(const char *path);

/* The columns of the terminal that standard output is, or 80. */
size_t rnl_plot_columns(void);

#endif
