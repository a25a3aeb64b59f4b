/*
 * The vector vocabulary with sixteen lanes: AVX-512 F, BW, DQ and VL.
 */
#ifndef RNL_SIMD_VECTOR_AVX512_H
#define RNL_SIMD_VECTOR_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16

typedef __m512 v_float;
typedef __m512i v_int;
typedef __mmask16 v_mask;

/* Mask of the first n lanes. */
static inline __mmask16 v_first(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

/* n elements, followed by zeros. */
static inline v_float v_load(const float *p, size_t n)
{
    return n == LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(v_first(n), p);
}

static inline v_float v_load_or(const float *p, size_t n, float other)
{
    return n == LANES ? _mm512_loadu_ps(p)
                      : _mm512_mask_loadu_ps(_mm512_set1_ps(other), v_first(n), p);
}

static inline void v_store(float *p, size_t n, v_float a)
{
    if (n == LANES)
        _mm512_storeu_ps(p, a);
    else
        _mm512_mask_storeu_ps(p, v_first(n), a);
}

static inline v_float v_load_uint8(const uint8_t *p, size_t n)
{
    const __m128i bytes =
        n == LANES ? _mm_loadu_si128((const __m128i *)p) : _mm_maskz_loadu_epi8(v_first(n), p);
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

/* n doubles, at most eight, followed by zeros. */
static inline __m512d v_load_half(const double *p, size_t n)
{
    return n >= LANES / 2 ? _mm512_loadu_pd(p)
                          : _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}

static inline __m256 v_scaled_half(__m512d x, const double *centre, const double *scale,
                                   const double *offset, size_t n)
{
    const __m512d distance = _mm512_sub_pd(x, v_load_half(centre, n));
    return _mm512_cvtpd_ps(
        _mm512_add_pd(_mm512_mul_pd(distance, v_load_half(scale, n)), v_load_half(offset, n)));
}

/* Number of elements in the second half. */
static inline size_t v_rest(size_t n)
{
    return n > LANES / 2 ? n - LANES / 2 : 0;
}

static inline v_float v_join(__m256 low, __m256 high)
{
    return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_castps_pd(low)),
                                               _mm256_castps_pd(high), 1));
}

/* (x - centre) scale + offset in double, rounded once. */
static inline v_float v_scaled(v_float x, const double *centre, const double *scale,
                               const double *offset, size_t n)
{
    enum { HALF = LANES / 2 };
    const __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
    const __m256 low =
        v_scaled_half(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), centre, scale, offset, n);
    const __m256 high = v_scaled_half(_mm512_cvtps_pd(upper), centre + HALF, scale + HALF,
                                      offset + HALF, v_rest(n));
    return v_join(low, high);
}

static inline v_float v_scaled_double(const double *x, const double *centre, const double *scale,
                                      const double *offset, size_t n)
{
    enum { HALF = LANES / 2 };
    const __m256 low = v_scaled_half(v_load_half(x, n), centre, scale, offset, n);
    const __m256 high = v_scaled_half(v_load_half(x + HALF, v_rest(n)), centre + HALF, scale + HALF,
                                      offset + HALF, v_rest(n));
    return v_join(low, high);
}

static inline v_float v_set(float a)
{
    return _mm512_set1_ps(a);
}

static inline v_float v_add(v_float a, v_float b)
{
    return _mm512_add_ps(a, b);
}

static inline v_float v_sub(v_float a, v_float b)
{
    return _mm512_sub_ps(a, b);
}

static inline v_float v_mul(v_float a, v_float b)
{
    return _mm512_mul_ps(a, b);
}

static inline v_float v_divide(v_float a, v_float b)
{
    return _mm512_div_ps(a, b);
}

static inline v_float v_sqrt(v_float a)
{
    return _mm512_sqrt_ps(a);
}

/* a b + c */
static inline v_float v_fma(v_float a, v_float b, v_float c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* The first half of a vector alone; the other half of a result is undefined.  A processor that
 * passes a vector in two halves takes half the time for it. */
static inline v_float v_low_load(const float *p)
{
    return _mm512_castps256_ps512(_mm256_loadu_ps(p));
}

static inline void v_low_store(float *p, v_float a)
{
    _mm256_storeu_ps(p, _mm512_castps512_ps256(a));
}

static inline v_float v_low_add(v_float a, v_float b)
{
    return _mm512_castps256_ps512(
        _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_castps512_ps256(b)));
}

static inline v_float v_low_fma(v_float a, v_float b, v_float c)
{
    return _mm512_castps256_ps512(_mm256_fmadd_ps(
        _mm512_castps512_ps256(a), _mm512_castps512_ps256(b), _mm512_castps512_ps256(c)));
}

/* Returns b if either is NaN. */
static inline v_float v_max(v_float a, v_float b)
{
    return _mm512_max_ps(a, b);
}

static inline v_float v_min(v_float a, v_float b)
{
    return _mm512_min_ps(a, b);
}

static inline v_mask v_greater(v_float a, v_float b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

static inline v_mask v_at_least(v_float a, v_float b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}

static inline v_mask v_equal(v_float a, v_float b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

static inline v_float v_select(v_mask m, v_float yes, v_float no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}

/* The magnitude of the first, the sign of the second. */
static inline v_float v_copysign(v_float magnitude, v_float sign)
{
    const __m512 mask = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(mask, magnitude), _mm512_and_ps(mask, sign));
}

/* To the nearest integer, halves to even. */
static inline v_float v_round(v_float a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline v_int v_bits(v_float a)
{
    return _mm512_castps_si512(a);
}

static inline v_float v_from_bits(v_int i)
{
    return _mm512_castsi512_ps(i);
}

static inline v_int v_int_set(int32_t i)
{
    return _mm512_set1_epi32(i);
}

static inline v_int v_int_add(v_int a, v_int b)
{
    return _mm512_add_epi32(a, b);
}

static inline v_int v_int_sub(v_int a, v_int b)
{
    return _mm512_sub_epi32(a, b);
}

static inline v_int v_xor(v_int a, v_int b)
{
    return _mm512_xor_si512(a, b);
}

static inline v_int v_and(v_int a, v_int b)
{
    return _mm512_and_si512(a, b);
}

/* Stores the upper halves of n lanes, 16 bits each, one after another. */
static inline void v_store_upper(void *p, size_t n, v_int a)
{
    _mm512_mask_cvtepi32_storeu_epi16(p, v_first(n), _mm512_srli_epi32(a, 16));
}

/* 0, 1, 2, ... */
static inline v_int v_lane_numbers(void)
{
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/* The two halves of a product of unsigned numbers. */
typedef struct v_wide {
    v_int low, high;
} v_wide;

static inline v_wide v_mul_wide(v_int a, v_int b)
{
    const __m512i even = _mm512_mul_epu32(a, b);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
    return (v_wide){_mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32)),
                    _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd)};
}

/* Shifts unsigned numbers. */
static inline v_int v_shift_right_8(v_int a)
{
    return _mm512_srli_epi32(a, 8);
}

static inline v_int v_shift_right_16(v_int a)
{
    return _mm512_srli_epi32(a, 16);
}

static inline v_int v_shift_left_16(v_int a)
{
    return _mm512_slli_epi32(a, 16);
}

static inline v_int v_shift_left_20(v_int a)
{
    return _mm512_slli_epi32(a, 20);
}

static inline v_int v_shift_left_23(v_int a)
{
    return _mm512_slli_epi32(a, 23);
}

static inline v_int v_shift_right_21(v_int a)
{
    return _mm512_srai_epi32(a, 21);
}

static inline v_int v_shift_right_23(v_int a)
{
    return _mm512_srai_epi32(a, 23);
}

/* An index as v_lookup_16 takes it, of which the four lowest bits count, not negative. */
static inline v_int v_index_16(v_int i)
{
    return i;
}

/* The element of a table of sixteen that each lane of an index names. */
static inline v_float v_lookup_16(const float *table, v_int index)
{
    return _mm512_permutexvar_ps(index, _mm512_loadu_ps(table));
}

/* The element of a table of eight that the three lowest bits of each lane name. */
static inline v_int v_lookup_8(const uint32_t *table, v_int index)
{
    const __m256i eight = _mm256_loadu_si256((const __m256i *)table);
    return _mm512_permutexvar_epi32(index, _mm512_broadcast_i32x8(eight));
}

static inline v_float v_to_float(v_int a)
{
    return _mm512_cvtepi32_ps(a);
}

/* a 2^n */
static inline v_float v_scale(v_float a, v_float n)
{
    return _mm512_scalef_ps(a, n);
}

/* Adds the two halves, then continues as the narrower vectors do. */
static inline float v_sum(v_float a)
{
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* In the order of v_sum, which decides between zeros of either sign. */
static inline float v_largest(v_float a)
{
    const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/* Transposes a square of LANES vectors: pairs, then fours within the quarters of a vector, then the
 * quarters in two steps. */
static inline void v_transpose(v_float lines[LANES])
{
    __m512 pairs[LANES], fours[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(lines[i], lines[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(lines[i], lines[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4)
        for (int j = 0; j < 2; ++j) {
            fours[i + 2 * j] = _mm512_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
            fours[i + 2 * j + 1] = _mm512_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
        }
    for (int i = 0; i < 4; ++i) {
        const __m512 even_low = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0x88),
                     odd_low = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0xdd),
                     even_high = _mm512_shuffle_f32x4(fours[i + 8], fours[i + 12], 0x88),
                     odd_high = _mm512_shuffle_f32x4(fours[i + 8], fours[i + 12], 0xdd);
        lines[i] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
        lines[i + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
        lines[i + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
        lines[i + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
    }
}

#endif
