/*
 * gnuplot, run as a program.
 */
#ifndef RNL_CLI_GNUPLOT_H
#define RNL_CLI_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

/* A terminal for pages: SVG that takes the width that it is given. */
#define RNL_GNUPLOT_SCALABLE "svg dynamic font 'sans-serif,13'"

/* A script to be written; complains and returns NULL on failure. */
FILE *rnl_gnuplot_script(void);

/* Writes a text in gnuplot's quotes. */
void rnl_gnuplot_quote(FILE *script, const char *text);

/* Sets the colours of lines. */
void rnl_gnuplot_colours(FILE *script);

/* Runs the script, closes it, and writes what is drawn to the output.  Complains and returns false
 * on failure. */
bool rnl_gnuplot_run(FILE *script, FILE *output);

/* gnuplot is on the program's path. */
bool rnl_gnuplot_is_there(void);

#endif
