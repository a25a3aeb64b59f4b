/*
 * A file that grows while a run goes on: history.csv, inspect.csv, event files.  What cannot be
 * written, as on a full disk, is kept in memory and written when there is room again.
 */
#ifndef RNL_CLI_GROWING_FILE_H
#define RNL_CLI_GROWING_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_growing_file {
    const char *path; /* the caller's */
    int descriptor;
    char *kept; /* (kept_count) bytes that are not yet written */
    size_t kept_count;
    int error; /* errno of the last attempt; 0: all is written */
    bool lost; /* something could not even be kept */
} rnl_growing_file;

/* flags: of open, beside O_WRONLY.  Returns false, with errno, if that fails. */
bool rnl_growing_file_open(rnl_growing_file *file, const char *path, int flags);

/* Adds to its end.  Complains about the first failure. */
void rnl_growing_file_add(rnl_growing_file *file, const void *bytes, size_t count);

/* Complains and returns false if not everything is in the file. */
bool rnl_growing_file_close(rnl_growing_file *file);

#endif
