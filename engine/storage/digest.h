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

/* A digest that is begun in one process and goes on in another, of the same version of xxHash. */
typedef struct rnl_digest_state rnl_digest_state;

rnl_status rnl_digest_begin(rnl_digest_state **state);
void rnl_digest_add(rnl_digest_state *state, rnl_bytes bytes);
/* Ends it, and frees the state. */
void rnl_digest_end(char digits[RNL_DIGEST_DIGITS + 1], rnl_digest_state *state);

/* Bytes of a state that is packed. */
#define RNL_DIGEST_PACKED 1024

void rnl_digest_pack(char packed[RNL_DIGEST_PACKED], const rnl_digest_state *state);
/* RNL_JOB if another version has packed it. */
rnl_status rnl_digest_unpack(rnl_digest_state *state, const char packed[RNL_DIGEST_PACKED]);

#endif
