/*
 * What a run shows on standard error while it lasts: log messages, and a bar that is redrawn on a
 * terminal or a plain line per epoch elsewhere.
 */
#ifndef RNL_CLI_PROGRESS_H
#define RNL_CLI_PROGRESS_H

#include "cli/arguments.h"

typedef struct rnl_display {
    bool quiet, verbose;
    bool bar;      /* to be drawn: a terminal, and not quiet */
    bool bar_open; /* one stands on the cursor's line */
    double drawn;  /* the last one, when, in seconds */
} rnl_display;

void rnl_display_start(rnl_display *display, const rnl_arguments *arguments);

/* Redraws the bar; called after every step if display->bar. */
void rnl_display_step(rnl_display *display, const rnl_progress *progress);
void rnl_display_epoch(rnl_display *display, const rnl_progress *progress);

/* An on_log whose user pointer is the display. */
void rnl_display_log(rnl_log_level level, const char *text, void *display);

/* Leaves the cursor at the start of a line. */
void rnl_display_finish(rnl_display *display);

#endif
