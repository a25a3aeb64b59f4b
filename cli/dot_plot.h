/*
 * Values with intervals, one below the other.
 */
#ifndef RNL_CLI_DOT_PLOT_H
#define RNL_CLI_DOT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct rnl_dot {
    const char *name;
    double value, low, high; /* all finite */
} rnl_dot;

typedef struct rnl_dot_plot {
    const char *title; /* NULL: none */
    const char *label; /* of the values */
    bool logarithmic;  /* all are above 0 */
    size_t count;
    const rnl_dot *dots; /* (count), the topmost first */
} rnl_dot_plot;

/* Writes it as SVG that takes the width that it is given.  Complains and returns false on
 * failure. */
bool rnl_dot_plot_draw(const rnl_dot_plot *plot, FILE *output);

#endif
