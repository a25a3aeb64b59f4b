#include "engine/storage/digest.h"

#include "engine/base/error.h"
#include "engine/storage/input_file.h"

#include <stdio.h>
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
    rnl_status status = begin(&state);
    if (status != RNL_OK)
        return status;
    XXH3_128bits_update(state, head.start, head.count);
    for (size_t count; position < size && status == RNL_OK; position += count) {
        count = size - position < sizeof piece ? size - position : sizeof piece;
        status = rnl_input_read(descriptor, path, piece, count, position);
        XXH3_128bits_update(state, piece, count);
    }
    end(digits, state);
    return status;
}
