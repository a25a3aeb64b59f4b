/*
 * The vector vocabulary with eight lanes: AVX2 and FMA.
 */
#ifndef RNL_SIMD_VECTOR_AVX2_H
#define RNL_SIMD_VECTOR_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 8

typedef __m256 v_float;
typedef __m256i v_int;
typedef __m256 v_mask;

/* Mask of the first n lanes. */
static inline __m256i v_first(size_t n)
{
    static const int32_t lanes[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(lanes + LANES - n));
}

/* n elements, followed by zeros. */
static inline v_float v_load(const float *p, size_t n)
{
    return n == LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, v_first(n));
}

static inline v_float v_select(v_mask m, v_float yes, v_float no)
{
    return _mm256_blendv_ps(no, yes, m);
}

static inline v_float v_load_or(const float *p, size_t n, float other)
{
    if (n == LANES)
        return _mm256_loadu_ps(p);
    const __m256i first = v_first(n);
    return v_select(_mm256_castsi256_ps(first), _mm256_maskload_ps(p, first),
                    _mm256_set1_ps(other));
}

/* Half a vector goes without a mask, whose store is microcode on AMD. */
static inline void v_store(float *p, size_t n, v_float a)
{
    if (n == LANES)
        _mm256_storeu_ps(p, a);
    else if (n == LANES / 2)
        _mm_storeu_ps(p, _mm256_castps256_ps128(a));
    else
        _mm256_maskstore_ps(p, v_first(n), a);
}

/* Half a vector, in both halves. */
static inline v_float v_load_twice(const float *p)
{
    return _mm256_broadcast_ps((const __m128 *)p);
}

/* The first half of one vector, then the second of another. */
static inline v_float v_halves(v_float a, v_float b)
{
    return _mm256_blend_ps(a, b, 0xf0);
}

/* One half of a vector, with zeros behind. */
static inline v_float v_half(v_float a, int second)
{
    return _mm256_zextps128_ps256(second ? _mm256_extractf128_ps(a, 1) : _mm256_castps256_ps128(a));
}

/* Stores the lanes of four vectors as eight rows of four, with four zeros behind each. */
static inline void v_store_lanes(float *p, size_t stride, v_float a, v_float b, v_float c,
                                 v_float d)
{
    const v_float ab[2] = {_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)},
                  cd[2] = {_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d)},
                  rows[4] = {
                      _mm256_shuffle_ps(ab[0], cd[0], 0x44), _mm256_shuffle_ps(ab[0], cd[0], 0xee),
                      _mm256_shuffle_ps(ab[1], cd[1], 0x44), _mm256_shuffle_ps(ab[1], cd[1], 0xee)};
    for (size_t i = 0; i < 4; ++i) {
        v_store(p + i * stride, LANES, _mm256_zextps128_ps256(_mm256_castps256_ps128(rows[i])));
        v_store(p + (4 + i) * stride, LANES,
                _mm256_zextps128_ps256(_mm256_extractf128_ps(rows[i], 1)));
    }
}

static inline v_float v_load_uint8(const uint8_t *p, size_t n)
{
    uint64_t bytes = 0;
    if (n == LANES)
        memcpy(&bytes, p, LANES);
    else
        memcpy(&bytes, p, n);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes)));
}

/* n doubles, at most four, followed by zeros. */
static inline __m256d v_load_half(const double *p, size_t n)
{
    static const int64_t lanes[LANES] = {-1, -1, -1, -1};
    return n >= LANES / 2 ? _mm256_loadu_pd(p)
                          : _mm256_maskload_pd(
                                p, _mm256_loadu_si256((const __m256i *)(lanes + LANES / 2 - n)));
}

static inline __m128 v_scaled_half(__m256d x, const double *centre, const double *scale,
                                   const double *offset, size_t n)
{
    const __m256d distance = _mm256_sub_pd(x, v_load_half(centre, n));
    return _mm256_cvtpd_ps(
        _mm256_add_pd(_mm256_mul_pd(distance, v_load_half(scale, n)), v_load_half(offset, n)));
}

/* Number of elements in the second half. */
static inline size_t v_rest(size_t n)
{
    return n > LANES / 2 ? n - LANES / 2 : 0;
}

/* (x - centre) scale + offset in double, rounded once. */
static inline v_float v_scaled(v_float x, const double *centre, const double *scale,
                               const double *offset, size_t n)
{
    enum { HALF = LANES / 2 };
    const __m128 low =
        v_scaled_half(_mm256_cvtps_pd(_mm256_castps256_ps128(x)), centre, scale, offset, n);
    const __m128 high = v_scaled_half(_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)), centre + HALF,
                                      scale + HALF, offset + HALF, v_rest(n));
    return _mm256_set_m128(high, low);
}

static inline v_float v_scaled_double(const double *x, const double *centre, const double *scale,
                                      const double *offset, size_t n)
{
    enum { HALF = LANES / 2 };
    const __m128 low = v_scaled_half(v_load_half(x, n), centre, scale, offset, n);
    const __m128 high = v_scaled_half(v_load_half(x + HALF, v_rest(n)), centre + HALF, scale + HALF,
                                      offset + HALF, v_rest(n));
    return _mm256_set_m128(high, low);
}

static inline v_float v_set(float a)
{
    return _mm256_set1_ps(a);
}

static inline v_float v_add(v_float a, v_float b)
{
    return _mm256_add_ps(a, b);
}

static inline v_float v_sub(v_float a, v_float b)
{
    return _mm256_sub_ps(a, b);
}

static inline v_float v_mul(v_float a, v_float b)
{
    return _mm256_mul_ps(a, b);
}

static inline v_float v_divide(v_float a, v_float b)
{
    return _mm256_div_ps(a, b);
}

static inline v_float v_sqrt(v_float a)
{
    return _mm256_sqrt_ps(a);
}

/* a b + c */
static inline v_float v_fma(v_float a, v_float b, v_float c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* Returns b if either is NaN. */
static inline v_float v_max(v_float a, v_float b)
{
    return _mm256_max_ps(a, b);
}

static inline v_float v_min(v_float a, v_float b)
{
    return _mm256_min_ps(a, b);
}

static inline v_mask v_greater(v_float a, v_float b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}

static inline v_mask v_at_least(v_float a, v_float b)
{
    return _mm256_cmp_ps(a, b, _CMP_GE_OQ);
}

static inline v_mask v_equal(v_float a, v_float b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

/* The magnitude of the first, the sign of the second. */
static inline v_float v_copysign(v_float magnitude, v_float sign)
{
    const __m256 mask = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(mask, magnitude), _mm256_and_ps(mask, sign));
}

/* To the nearest integer, halves to even. */
static inline v_float v_round(v_float a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline v_int v_bits(v_float a)
{
    return _mm256_castps_si256(a);
}

static inline v_float v_from_bits(v_int i)
{
    return _mm256_castsi256_ps(i);
}

static inline v_int v_int_set(int32_t i)
{
    return _mm256_set1_epi32(i);
}

static inline v_int v_int_add(v_int a, v_int b)
{
    return _mm256_add_epi32(a, b);
}

static inline v_int v_int_sub(v_int a, v_int b)
{
    return _mm256_sub_epi32(a, b);
}

static inline v_int v_xor(v_int a, v_int b)
{
    return _mm256_xor_si256(a, b);
}

static inline v_int v_and(v_int a, v_int b)
{
    return _mm256_and_si256(a, b);
}

/* Stores the upper halves of n lanes, 16 bits each, one after another. */
static inline void v_store_upper(void *p, size_t n, v_int a)
{
    const __m256i shifted = _mm256_srli_epi32(a, 16);
    const __m128i halves = _mm256_castsi256_si128(
        _mm256_permute4x64_epi64(_mm256_packus_epi32(shifted, shifted), 0x08));
    if (n == LANES)
        _mm_storeu_si128(p, halves);
    else
        memcpy(p, &halves, n * sizeof(uint16_t));
}

/* 0, 1, 2, ... */
static inline v_int v_lane_numbers(void)
{
    return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}

/* The two halves of a product of unsigned numbers. */
typedef struct v_wide {
    v_int low, high;
} v_wide;

static inline v_wide v_mul_wide(v_int a, v_int b)
{
    const __m256i even = _mm256_mul_epu32(a, b);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
    return (v_wide){_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa),
                    _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa)};
}

/* Shifts unsigned numbers. */
static inline v_int v_shift_right_8(v_int a)
{
    return _mm256_srli_epi32(a, 8);
}

static inline v_int v_shift_right_16(v_int a)
{
    return _mm256_srli_epi32(a, 16);
}

static inline v_int v_shift_left_16(v_int a)
{
    return _mm256_slli_epi32(a, 16);
}

static inline v_int v_shift_left_20(v_int a)
{
    return _mm256_slli_epi32(a, 20);
}

static inline v_int v_shift_left_23(v_int a)
{
    return _mm256_slli_epi32(a, 23);
}

static inline v_int v_shift_right_21(v_int a)
{
    return _mm256_srai_epi32(a, 21);
}

static inline v_int v_shift_right_23(v_int a)
{
    return _mm256_srai_epi32(a, 23);
}

/* An index as v_lookup_16 takes it, of which the four lowest bits count, not negative: the highest
 * of the four is put in the place of the sign, too. */
static inline v_int v_index_16(v_int i)
{
    return _mm256_or_si256(i, _mm256_slli_epi32(i, 28));
}

/* The element of a table of sixteen that each lane of an index names.  The halves are blended by
 * the index itself: of the intrinsic, GCC 12 makes a comparison, whose mask takes one more
 * register. */
static inline v_float v_lookup_16(const float *table, v_int index)
{
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), index);
    __m256 element;
    __asm__("vblendvps %3, %2, %1, %0" : "=x"(element) : "x"(low), "x"(high), "x"(index));
    return element;
}

/* The element of a table of eight that the three lowest bits of each lane name. */
static inline v_int v_lookup_8(const uint32_t *table, v_int index)
{
    return _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)table), index);
}

static inline v_float v_to_float(v_int a)
{
    return _mm256_cvtepi32_ps(a);
}

/* a 2^n for whole n in [-252, 254]. */
static inline v_float v_scale(v_float a, v_float n)
{
    const v_int whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    const v_int bias = v_int_set(127);
    const v_float first = v_from_bits(v_shift_left_23(v_int_add(half, bias)));
    const v_float second = v_from_bits(v_shift_left_23(v_int_add(v_int_sub(whole, half), bias)));
    return v_mul(v_mul(a, first), second);
}

static inline float v_sum(v_float a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float v_largest(v_float a)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/* Transposes a square of LANES vectors: pairs, then quarters within the halves, then the halves. */
static inline void v_transpose(v_float lines[LANES])
{
    __m256 pairs[LANES], quarters[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(lines[i], lines[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(lines[i], lines[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4)
        for (int j = 0; j < 2; ++j) {
            quarters[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
            quarters[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
        }
    for (int i = 0; i < 4; ++i) {
        lines[i] = _mm256_permute2f128_ps(quarters[i], quarters[i + 4], 0x20);
        lines[i + 4] = _mm256_permute2f128_ps(quarters[i], quarters[i + 4], 0x31);
    }
}

#endif
