/*
 * Named numbers as the program prints them.
 */
#ifndef RNL_CLI_FIGURE_FORMAT_H
#define RNL_CLI_FIGURE_FORMAT_H

#include <runnel/runnel.h>

#define RNL_FIGURE_LENGTH 32

/* 0.8852, or 1.234e-05 where four decimals would hide the number. */
void rnl_figure_format(char text[RNL_FIGURE_LENGTH], double value);

/* 80 µs, 12 ms, 0.8 s, 9.5 s, 1:05, 2:00:00. */
void rnl_time_format(char text[RNL_FIGURE_LENGTH], double seconds);

/* The figure of this name; NULL if there is none. */
const rnl_figure *rnl_figure_find(const rnl_progress *progress, const char *name);

#endif
