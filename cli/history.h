/*
 * history.csv: the figures of every epoch, or of every validation.
 */
#ifndef RNL_CLI_HISTORY_H
#define RNL_CLI_HISTORY_H

#include "cli/growing_file.h"

#include <runnel/runnel.h>

#include <stdio.h>

typedef struct rnl_history {
    rnl_growing_file file;
    bool has_header;
    char *header; /* of the lines that were kept; NULL: there were none */
    FILE *lines;  /* in the making */
    char *text;   /* what they make */
    size_t size;
} rnl_history;

/* The lines of an earlier run that a run keeps which goes on. */
typedef struct rnl_history_kept {
    bool any;
    bool some;      /* there were some, and a file without is told */
    size_t epochs;  /* those of the first so many, and of epoch 0 */
    uint64_t steps; /* where there is a column of steps, those of the first so many instead */
} rnl_history_kept;

/* Empties or makes the file, but for the lines that are kept; warns if they end before those
 * of the run.  Complains and returns false if that fails. */
bool rnl_history_open(rnl_history *history, const char *path, rnl_history_kept kept);

/* Tests if lines have the column: the header of an earlier program may lack it. */
bool rnl_history_has_column(const rnl_history *history, const char *name);

/* Adds a line; before the first, the header with the names of its figures. */
void rnl_history_add(rnl_history *history, const rnl_progress *progress);

/* Adds all at once what is printed to history->lines between begin and end.  False if memory runs
 * out; then end is not called. */
bool rnl_history_begin_lines(rnl_history *history);
void rnl_history_end_lines(rnl_history *history);

/* Complains and returns false if anything could not be written. */
bool rnl_history_close(rnl_history *history);

#endif
