#include "engine/storage/digest.h"

#include "engine/base/error.h"
#include "engine/storage/input_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* the state's members */
#include <xxhash.h>

static rnl_status begin(XXH3_state_t **state)
{
    *state = XXH3_createState();
    if (!*state)
        return rnl_fail(RNL_NO_MEMORY, "out of memory: a digest could not be started");
    XXH3_128bits_reset(*state);
    return RNL_OK;
}

static void end(char digits[RNL_DIGEST_DIGITS + 1], XXH3_state_t *state)
{
    const XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(digits, RNL_DIGEST_DIGITS + 1, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

rnl_status rnl_digest(char digits[RNL_DIGEST_DIGITS + 1], const rnl_bytes *parts, size_t count)
{
    XXH3_state_t *state;
    RNL_TRY(begin(&state));
    for (size_t i = 0; i < count; ++i)
        XXH3_128bits_update(state, parts[i].start, parts[i].count);
    end(digits, state);
    return RNL_OK;
}

rnl_status rnl_digest_file(char digits[RNL_DIGEST_DIGITS + 1], rnl_bytes head, int descriptor,
                           uint64_t position, uint64_t size, const char *path)
{
    char piece[1 << 16];
    XXH3_state_t *state;
    rnl_status status = RNL_OK;
    RNL_TRY(begin(&state));
    XXH3_128bits_update(state, head.start, head.count);
    for (size_t count; position < size && status == RNL_OK; position += count) {
        count = size - position < sizeof piece ? size - position : sizeof piece;
        status = rnl_input_read(descriptor, path, piece, count, position);
        XXH3_128bits_update(state, piece, count);
    }
    end(digits, state);
    return status;
}

/* ---- from process to process ----------------------------------------------------------------- */

struct rnl_digest_state {
    XXH3_state_t *hash;
};

typedef struct packed_state {
    unsigned version;
    XXH3_state_t hash;
} packed_state;

_Static_assert(sizeof(packed_state) <= RNL_DIGEST_PACKED, "a packed state has room");

rnl_status rnl_digest_begin(rnl_digest_state **state)
{
    *state = malloc(sizeof **state);
    if (!*state)
        return rnl_fail_memory(sizeof **state);
    const rnl_status status = begin(&(*state)->hash);
    if (status != RNL_OK)
        free(*state);
    return status;
}

void rnl_digest_add(rnl_digest_state *state, rnl_bytes bytes)
{
    XXH3_128bits_update(state->hash, bytes.start, bytes.count);
}

void rnl_digest_end(char digits[RNL_DIGEST_DIGITS + 1], rnl_digest_state *state)
{
    end(digits, state->hash);
    free(state);
}

void rnl_digest_pack(char packed[RNL_DIGEST_PACKED], const rnl_digest_state *state)
{
    packed_state p = {.version = XXH_versionNumber()};
    memcpy(&p.hash, state->hash, sizeof p.hash);
    p.hash.extSecret = NULL;
    memcpy(packed, &p, sizeof p);
}

/* The secret is the library's own, and stands elsewhere in each process. */
rnl_status rnl_digest_unpack(rnl_digest_state *state, const char packed[RNL_DIGEST_PACKED])
{
    packed_state p;
    const unsigned char *secret = state->hash->extSecret;
    memcpy(&p, packed, sizeof p);
    if (p.version != XXH_versionNumber())
        return rnl_fail(RNL_JOB,
                        "another rank has version %u of xxHash, this one %u: expected the same",
                        p.version, XXH_versionNumber());
    if (p.hash.bufferedSize > sizeof p.hash.buffer ||
        p.hash.secretLimit != state->hash->secretLimit ||
        p.hash.nbStripesPerBlock != state->hash->nbStripesPerBlock ||
        p.hash.nbStripesSoFar > p.hash.nbStripesPerBlock)
        return rnl_fail(RNL_JOB, "another rank sent a digest that is none");
    memcpy(state->hash, &p.hash, sizeof p.hash);
    state->hash->extSecret = secret;
    return RNL_OK;
}
