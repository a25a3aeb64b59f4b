/*
 * A file that appears whole or not at all: it is written under a temporary name in the same
 * directory, synced, and renamed over the old one, which stays until then.  Links are followed, and
 * the old file's permissions kept.  A pipe, a device and what a standard stream goes to are written
 * to as they are.
 */
#ifndef RNL_ENGINE_STORAGE_ATOMIC_FILE_H
#define RNL_ENGINE_STORAGE_ATOMIC_FILE_H

#include "engine/storage/output_target.h"

typedef struct rnl_atomic_file {
    const char *path; /* the caller's */
    rnl_output_target target;
    char *temporary; /* "TARGET.PID.N.tmp"; NULL: the target is written to as it is */
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

/* Gives the whole file `fresh` the name `path`.  The file that had it is named "PATH.previous" if
 * it is to be kept, which asks for a whole one.  At any moment one of the two names is that of a
 * whole file, if one of them was.  After a failure `fresh` is gone. */
rnl_status rnl_file_rotate(const char *fresh, const char *path, bool keep);

#endif
