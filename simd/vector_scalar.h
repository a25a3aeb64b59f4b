/*
 * The vector vocabulary with one lane, for any x86-64; with -mfma, for those that have FMA.
 */
#ifndef RNL_SIMD_VECTOR_SCALAR_H
#define RNL_SIMD_VECTOR_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xmmintrin.h>

#define LANES 1

typedef float v_float;
typedef int32_t v_int;
typedef bool v_mask;

static inline v_float v_load(const float *p, size_t n)
{
    (void)n;
    return *p;
}

static inline v_float v_load_or(const float *p, size_t n, float other)
{
    (void)n;
    (void)other;
    return *p;
}

static inline void v_store(float *p, size_t n, v_float a)
{
    (void)n;
    *p = a;
}

static inline v_float v_load_uint8(const uint8_t *p, size_t n)
{
    (void)n;
    return (float)*p;
}

/* (x - centre) scale + offset in double, rounded once. */
static inline float v_scaled_element(double x, const double *centre, const double *scale,
                                     const double *offset)
{
    return (float)((x - *centre) * *scale + *offset);
}

static inline v_float v_scaled(v_float x, const double *centre, const double *scale,
                               const double *offset, size_t n)
{
    (void)n;
    return v_scaled_element((double)x, centre, scale, offset);
}

static inline v_float v_scaled_double(const double *x, const double *centre, const double *scale,
                                      const double *offset, size_t n)
{
    (void)n;
    return v_scaled_element(*x, centre, scale, offset);
}

static inline v_float v_set(float a)
{
    return a;
}

static inline v_float v_add(v_float a, v_float b)
{
    return a + b;
}

static inline v_float v_sub(v_float a, v_float b)
{
    return a - b;
}

static inline v_float v_mul(v_float a, v_float b)
{
    return a * b;
}

static inline v_float v_divide(v_float a, v_float b)
{
    return a / b;
}

static inline v_float v_sqrt(v_float a)
{
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a)));
}

/* a b + c, rounded once. */
#ifdef __FMA__
static inline v_float v_fma(v_float a, v_float b, v_float c)
{
    return __builtin_fmaf(a, b, c);
}
#else
/* The product is exact in double.  Where the sum's last bits are not all 0, it is no midpoint of
 * floats, and rounded to float it is what the exact sum would be.  Else it is rounded to odd: where
 * it is not exact and its last bit is 0, the neighbour on the side of the error is taken, so that
 * the second rounding, to float, sees which side it is on (Boldo and Melquiond 2008). */
static inline v_float v_fma(v_float a, v_float b, v_float c)
{
    const double product = (double)a * (double)b, addend = (double)c;
    double sum = product + addend;
    int64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if ((bits & 0xfffffff) != 0)
        return (float)sum;
    const double added = sum - product;
    const double error = (product - (sum - added)) + (addend - added);
    if ((error < 0 || error > 0) && bits % 2 == 0)
        bits += (error > 0) == (sum > 0) ? 1 : -1;
    memcpy(&sum, &bits, sizeof sum);
    return (float)sum;
}
#endif

/* Returns b if either is NaN.  Written as an instruction: a compiler that may choose between maxss
 * and a comparison treats denormals inconsistently. */
static inline v_float v_max(v_float a, v_float b)
{
    return _mm_cvtss_f32(_mm_max_ss(_mm_set_ss(a), _mm_set_ss(b)));
}

static inline v_float v_min(v_float a, v_float b)
{
    return _mm_cvtss_f32(_mm_min_ss(_mm_set_ss(a), _mm_set_ss(b)));
}

static inline v_mask v_greater(v_float a, v_float b)
{
    return a > b;
}

static inline v_mask v_at_least(v_float a, v_float b)
{
    return a >= b;
}

static inline v_mask v_equal(v_float a, v_float b)
{
    return a == b;
}

static inline v_float v_select(v_mask m, v_float yes, v_float no)
{
    return m ? yes : no;
}

/* The magnitude of the first, the sign of the second. */
static inline v_float v_copysign(v_float magnitude, v_float sign)
{
    return __builtin_copysignf(magnitude, sign);
}

/* To the nearest integer, halves to even; |a| below 2^22.  Zero keeps the sign, as in the wider
 * vectors. */
static inline v_float v_round(v_float a)
{
    const volatile float magic = 0x1.8p23f;
    return __builtin_copysignf((a + magic) - magic, a);
}

static inline v_int v_bits(v_float a)
{
    v_int i;
    memcpy(&i, &a, sizeof i);
    return i;
}

static inline v_float v_from_bits(v_int i)
{
    v_float a;
    memcpy(&a, &i, sizeof a);
    return a;
}

static inline v_int v_int_set(int32_t i)
{
    return i;
}

static inline v_int v_int_add(v_int a, v_int b)
{
    return (v_int)((uint32_t)a + (uint32_t)b);
}

static inline v_int v_int_sub(v_int a, v_int b)
{
    return (v_int)((uint32_t)a - (uint32_t)b);
}

static inline v_int v_xor(v_int a, v_int b)
{
    return a ^ b;
}

static inline v_int v_and(v_int a, v_int b)
{
    return a & b;
}

/* Stores the upper half of the lane, 16 bits. */
static inline void v_store_upper(void *p, size_t n, v_int a)
{
    const uint16_t half = (uint16_t)((uint32_t)a >> 16);
    (void)n;
    memcpy(p, &half, sizeof half);
}

/* 0, 1, 2, ... */
static inline v_int v_lane_numbers(void)
{
    return 0;
}

/* The two halves of a product of unsigned numbers. */
typedef struct v_wide {
    v_int low, high;
} v_wide;

static inline v_wide v_mul_wide(v_int a, v_int b)
{
    const uint64_t product = (uint64_t)(uint32_t)a * (uint32_t)b;
    return (v_wide){(v_int)(uint32_t)product, (v_int)(product >> 32)};
}

/* Shifts unsigned numbers. */
static inline v_int v_shift_right_8(v_int a)
{
    return (v_int)((uint32_t)a >> 8);
}

static inline v_int v_shift_right_16(v_int a)
{
    return (v_int)((uint32_t)a >> 16);
}

static inline v_int v_shift_left_16(v_int a)
{
    return (v_int)((uint32_t)a << 16);
}

static inline v_int v_shift_left_20(v_int a)
{
    return (v_int)((uint32_t)a << 20);
}

static inline v_int v_shift_left_23(v_int a)
{
    return (v_int)((uint32_t)a << 23);
}

static inline v_int v_shift_right_21(v_int a)
{
    return a >> 21;
}

static inline v_int v_shift_right_23(v_int a)
{
    return a >> 23;
}

/* 0 for NaN. */
static inline v_int v_to_int(v_float whole)
{
    return whole >= -1024 && whole <= 1024 ? (v_int)whole : 0;
}

/* An index as v_lookup_16 takes it, of which the four lowest bits count, not negative. */
static inline v_int v_index_16(v_int i)
{
    return i;
}

/* The element of a table of sixteen that each lane of an index names. */
static inline v_float v_lookup_16(const float *table, v_int index)
{
    return table[index & 15];
}

/* The element of a table of eight that the three lowest bits name. */
static inline v_int v_lookup_8(const uint32_t *table, v_int index)
{
    return (v_int)table[index & 7];
}

static inline v_float v_to_float(v_int a)
{
    return (float)a;
}

/* a 2^n for whole n in [-252, 254]. */
static inline v_float v_scale(v_float a, v_float n)
{
    const v_int whole = v_to_int(n), half = whole >> 1;
    return a * v_from_bits(v_shift_left_23(half + 127)) *
           v_from_bits(v_shift_left_23(whole - half + 127));
}

static inline float v_sum(v_float a)
{
    return a;
}

static inline float v_largest(v_float a)
{
    return a;
}

/* Transposes a square of LANES vectors. */
static inline void v_transpose(v_float lines[LANES])
{
    (void)lines;
}

#endif
