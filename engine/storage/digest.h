/*
 * The digest of stored bytes: XXH3-128, which finds damage but is no proof against forgery.
 */
#ifndef RNL_ENGINE_STORAGE_DIGEST_H
#define RNL_ENGINE_STORAGE_DIGEST_H

#include "runnel/runnel.h"

#define RNL_DIGEST_DIGITS 32

typedef struct rnl_bytes {
    const void *start;
    size_t count;
} rnl_bytes;

/* The digest of the parts one after another, as hexadecimal digits in lower case and a final 0. */
rnl_status rnl_digest(char digits[RNL_DIGEST_DIGITS + 1], const rnl_bytes *parts, size_t count);

/* The same of `head`, and behind it all that an open file has from `position` to `size`, which is
 * read piece by piece. */
rnl_status rnl_digest_file(char digits[RNL_DIGEST_DIGITS + 1], rnl_bytes head, int descriptor,
                           uint64_t position, uint64_t size, const char *path);

#endif
