#include "engine/storage/digest.h"

#include "engine/error.h"

#include <stdio.h>
#include <xxhash.h>

rnl_status rnl_digest(char digits[RNL_DIGEST_DIGITS + 1], const rnl_bytes *parts, size_t count)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return rnl_fail(RNL_NO_MEMORY, "out of memory: a digest could not be started");
    XXH3_128bits_reset(state);
    for (size_t i = 0; i < count; i++)
        XXH3_128bits_update(state, parts[i].start, parts[i].count);
    const XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(digits, RNL_DIGEST_DIGITS + 1, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    return RNL_OK;
}
