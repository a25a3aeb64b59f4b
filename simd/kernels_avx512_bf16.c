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

/* Two rows, rounded, and their pairs. */
typedef struct v_rounded_rows {
    __m256i even, odd;
    v_float pairs;
} v_rounded_rows;

static inline v_rounded_rows v_rounded_two(v_float even, v_float odd)
{
    const __m512i numbers = (__m512i)_mm512_cvtne2ps_pbh(odd, even), lanes = v_lane_numbers(),
                  places = _mm512_or_si512(
                      lanes, _mm512_slli_epi32(_mm512_or_si512(lanes, _mm512_set1_epi32(16)), 16));
    return (v_rounded_rows){_mm512_castsi512_si256(numbers), _mm512_extracti64x4_epi64(numbers, 1),
                            v_from_bits(_mm512_permutexvar_epi16(places, numbers))};
}

/* Stores n numbers of a row. */
static inline void v_store_rounded(void *p, size_t n, __m256i row)
{
    if (n == LANES)
        _mm256_storeu_si256(p, row);
    else
        _mm256_mask_storeu_epi16(p, v_first(n), row);
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
