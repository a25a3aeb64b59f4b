/*
 * A digest of a few blocks of a file, which tells it from others without reading all of it.
 */
#ifndef RNL_ENGINE_STORAGE_FILE_SAMPLE_H
#define RNL_ENGINE_STORAGE_FILE_SAMPLE_H

#include "engine/storage/digest.h"

/* The digest of the size and of 64 blocks of 4096 bytes, evenly spread from the first to the last;
 * a file of at most as much counts whole. */
rnl_status rnl_sample_file(char digits[RNL_DIGEST_DIGITS + 1], const char *path);

#endif
