/*
 * Event files, which TensorBoard shows: the figures of history.csv as scalars over the steps.  A
 * run that goes on has a file for each part; where a part was killed, its last record may be cut
 * off, which readers leave out.
 */
#ifndef RNL_CLI_EVENT_FILE_H
#define RNL_CLI_EVENT_FILE_H

#include "cli/growing_file.h"

#include <runnel/runnel.h>

#include <stdbool.h>

typedef struct rnl_event_file {
    char *path; /* DIR/events.out.tfevents.NUMBER.runnel */
    rnl_growing_file file;
} rnl_event_file;

/* Makes a new file, which sorts behind those that are there.  Of those, readers forget what comes
 * after `kept_steps`; warns if they end before that.  Complains and returns false if that fails. */
bool rnl_event_file_open(rnl_event_file *file, const char *directory, uint64_t kept_steps);

void rnl_event_file_add(rnl_event_file *file, const rnl_progress *progress);

/* Complains and returns false if anything could not be written. */
bool rnl_event_file_close(rnl_event_file *file);

/* Removes the event files that runs have left in the directory. */
void rnl_event_files_remove(const char *directory);

#endif
