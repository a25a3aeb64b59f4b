/*
 * history.csv: the figures of every epoch.
 */
#ifndef RNL_CLI_HISTORY_H
#define RNL_CLI_HISTORY_H

#include <runnel/runnel.h>

#include <stdbool.h>
#include <stdio.h>

typedef struct rnl_history {
    const char *path;
    FILE *file;
    bool has_header;
    int error; /* errno of the first failure; what follows it is not written */
} rnl_history;

/* Empties or makes the file; a run that goes on after `epochs_kept` whole epochs keeps their lines,
 * and those of epoch 0.  Complains and returns false if that fails. */
bool rnl_history_open(rnl_history *history, const char *path, bool goes_on, size_t epochs_kept);

/* Adds a line; before the first, the header with the names of its figures. */
void rnl_history_add(rnl_history *history, const rnl_progress *progress);

/* Complains and returns false if anything could not be written. */
bool rnl_history_close(rnl_history *history);

#endif
