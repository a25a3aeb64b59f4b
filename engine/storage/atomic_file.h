/*
 * A file that appears whole or not at all: it is written under a temporary name in the same
 * directory, synced, and renamed over the old one, which stays until then.
 */
#ifndef RNL_ENGINE_STORAGE_ATOMIC_FILE_H
#define RNL_ENGINE_STORAGE_ATOMIC_FILE_H

#include "runnel/runnel.h"

typedef struct rnl_atomic_file {
    const char *path; /* the final name, the caller's */
    char *temporary;  /* "PATH.PID.N.tmp" */
    int descriptor;
    uint64_t size, written;
} rnl_atomic_file;

/* Makes the temporary file and reserves `size` bytes, so that a full disk is found before any work.
 * The path must live as long as the file. */
rnl_status rnl_atomic_file_open(rnl_atomic_file *file, const char *path, uint64_t size);

rnl_status rnl_atomic_file_write(rnl_atomic_file *file, const void *bytes, size_t count);

/* Gives the file its name, once exactly `size` bytes have been written.  A failure before the
 * rename leaves the old file in place. */
rnl_status rnl_atomic_file_commit(rnl_atomic_file *file);

/* Removes what was not committed and releases the handle; needed after every successful open. */
void rnl_atomic_file_release(rnl_atomic_file *file);

#define RNL_PREVIOUS ".previous"

/* Gives the file `fresh` the name `path`, and the file that had it the name "PATH.previous".  At
 * any moment a crash leaves one of the two names with a whole file. */
rnl_status rnl_file_rotate(const char *fresh, const char *path);

#endif
