/*
 * Files that are read: opened and measured, with messages that say what is wrong with a path.
 */
#ifndef RNL_ENGINE_STORAGE_INPUT_FILE_H
#define RNL_ENGINE_STORAGE_INPUT_FILE_H

#include "runnel/runnel.h"

/* Opens a regular file for reading.  A path that names no regular file is RNL_BAD_DATA, one that
 * may not be read is RNL_IO. */
rnl_status rnl_input_open(int *descriptor, uint64_t *size, const char *path);

/* Reads exactly `count` bytes at `position`.  A file that ends before them is RNL_BAD_DATA. */
rnl_status rnl_input_read(int descriptor, const char *path, void *bytes, size_t count,
                          uint64_t position);

#endif
