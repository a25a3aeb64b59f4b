#include "benchmarks/fma_peak.h"

#include <immintrin.h>

float rnl_fma_loop_avx512(size_t rounds)
{
    const __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
    __m512 chains[RNL_FMA_CHAINS];
    for (size_t i = 0; i < RNL_FMA_CHAINS; ++i)
        chains[i] = _mm512_set1_ps((float)i);
    for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (size_t i = 0; i < RNL_FMA_CHAINS; ++i)
            chains[i] = _mm512_fmadd_ps(chains[i], factor, term);
    }
    for (size_t i = 1; i < RNL_FMA_CHAINS; ++i)
        chains[0] = _mm512_add_ps(chains[0], chains[i]);
    return _mm512_cvtss_f32(chains[0]);
}
