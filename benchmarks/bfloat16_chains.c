/* Compiled with AVX512_BF16: nothing here runs on a processor without it. */
#include "benchmarks/bfloat16_peak.h"

#include <immintrin.h>

float rnl_bfloat16_chains(size_t rounds)
{
    const __m512bh ones = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1), _mm512_set1_ps(1));
    const __m512bh halves = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f));
    __m512 chains[RNL_BFLOAT16_CHAINS];
    for (size_t i = 0; i < RNL_BFLOAT16_CHAINS; ++i)
        chains[i] = _mm512_set1_ps((float)i);
    for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (size_t i = 0; i < RNL_BFLOAT16_CHAINS; ++i)
            chains[i] = _mm512_dpbf16_ps(chains[i], ones, halves);
    }
    for (size_t i = 1; i < RNL_BFLOAT16_CHAINS; ++i)
        chains[0] = _mm512_add_ps(chains[0], chains[i]);
    return _mm512_cvtss_f32(chains[0]);
}
