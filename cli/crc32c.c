#include "cli/crc32c.h"

/* x^32 + x^28 + x^27 + x^26 + x^25 + x^23 + ... + 1, the lowest bit first. */
#define POLYNOMIAL 0x82F63B78u

uint32_t rnl_crc32c(const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < count; ++i) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    }
    return ~crc;
}
