#include "simd/philox.h"

rnl_philox_block rnl_philox(uint64_t key, rnl_philox_block counter)
{
    uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
    uint32_t c0 = counter.word[0], c1 = counter.word[1];
    uint32_t c2 = counter.word[2], c3 = counter.word[3];
    for (int round = 0; round < 10; ++round) {
        const uint64_t first = (uint64_t)0xD2511F53u * c0;
        const uint64_t second = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(second >> 32) ^ c1 ^ low;
        c1 = (uint32_t)second;
        c2 = (uint32_t)(first >> 32) ^ c3 ^ high;
        c3 = (uint32_t)first;
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
    return (rnl_philox_block){{c0, c1, c2, c3}};
}

rnl_philox_block rnl_random(uint64_t seed, rnl_random_place place)
{
    const uint32_t stream = rnl_random_stream(place.purpose, place.layer);
    return rnl_philox(seed, (rnl_philox_block){{place.column, place.row, place.step, stream}});
}

double rnl_random_uniform(uint32_t word)
{
    return ((double)word + 0.5) / 4294967296.0;
}
