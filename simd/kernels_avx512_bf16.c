/* The AVX-512 kernels, with those that AVX512_BF16 has faster. */
#include "simd/vector_avx512.h"

#include "simd/kernels.h"

#include "simd/loops.h"

#include <string.h>
#include <xmmintrin.h>

#define KERNEL(name) rnl_##name##_avx512_bf16
#define PAIRS_ALONE

/* Adds the products of the odd numbers of pairs, then those of the even ones. */
static inline v_float v_pair_fma(v_float a, v_float b, v_float c)
{
    return _mm512_dpbf16_ps(c, (__m512bh)v_bits(a), (__m512bh)v_bits(b));
}

static inline v_float v_rounded(v_float x)
{
    const __m256i halves = (__m256i)_mm512_cvtneps_pbh(x);
    return v_from_bits(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

#define RNL_KERNEL(name, arguments)      void rnl_##name##_avx512(const arguments *a);
#define RNL_PAIR_KERNEL(name, arguments) void KERNEL(name)(const arguments *a);
#include "simd/kernels.inc"
#undef RNL_KERNEL

#include "simd/kernels_bfloat16.inc"
#include "simd/kernels_products.inc"

extern const rnl_kernels rnl_kernels_avx512_bf16;
const rnl_kernels rnl_kernels_avx512_bf16 = {
    .isa = RNL_ISA_AVX512,
#define RNL_KERNEL(name, arguments)      .name = rnl_##name##_avx512,
#define RNL_PAIR_KERNEL(name, arguments) .name = KERNEL(name),
#include "simd/kernels.inc"
#undef RNL_KERNEL
};
