#include "benchmarks/fma_peak.h"

#include <immintrin.h>

float rnl_fma_loop_avx2(size_t rounds)
{
    const __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
    __m256 chains[RNL_FMA_CHAINS];
    for (size_t i = 0; i < RNL_FMA_CHAINS; ++i)
        chains[i] = _mm256_set1_ps((float)i);
    for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (size_t i = 0; i < RNL_FMA_CHAINS; ++i)
            chains[i] = _mm256_fmadd_ps(chains[i], factor, term);
    }
    for (size_t i = 1; i < RNL_FMA_CHAINS; ++i)
        chains[0] = _mm256_add_ps(chains[0], chains[i]);
    return _mm256_cvtss_f32(chains[0]);
}
