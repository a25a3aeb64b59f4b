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

#endif
