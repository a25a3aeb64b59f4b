/*
 * What of a plot has a place in its drawing, and the range that the drawing covers.
 */
#ifndef RNL_CLI_PLOT_RANGE_H
#define RNL_CLI_PLOT_RANGE_H

#include "cli/plot.h"

/* On the scales of the axes: logarithms where they are logarithmic.  Without points, left is
 * infinite. */
typedef struct rnl_plot_range {
    double left, right, bottom, top;
    bool cut_below, cut_above; /* points lie beyond */
} rnl_plot_range;

double rnl_plot_x(const rnl_plot *plot, double x);
double rnl_plot_y(const rnl_plot *plot, double y);

/* Neither of its numbers is NaN or infinite, or too large to be drawn to scale. */
bool rnl_plot_has_place(const rnl_plot *plot, const rnl_curve *curve, size_t point);

/* Tells on standard error what of the plot is not drawn. */
rnl_plot_range rnl_plot_measure(const rnl_plot *plot);

#endif
