/*
 * The exponential family on one vector, written in the vector vocabulary, which is included before.
 * Coefficients are near-minimax fits on the reduced interval.
 */
#ifndef RNL_SIMD_ELEMENTARY_H
#define RNL_SIMD_ELEMENTARY_H

#define LOG2_E    0x1.715476p+0f
#define LN_2_HIGH 0x1.62e4p-1f /* 15 bits: n LN_2_HIGH is exact for |n| below 2^9 */
#define LN_2_LOW  0x1.7f7d1cp-20f

/* x = n ln 2 + r, |r| at most ln(2) / 2. */
typedef struct v_reduced {
    v_float n, r;
} v_reduced;

static inline v_reduced v_reduce(v_float x)
{
    const v_float n = v_round(v_mul(x, v_set(LOG2_E)));
    const v_float high = v_fma(n, v_set(-LN_2_HIGH), x);
    return (v_reduced){n, v_fma(n, v_set(-LN_2_LOW), high)};
}

/* e^r - 1 = r + r^2 q(r) */
static inline v_float v_expm1_reduced(v_float r)
{
    v_float q = v_set(0x1.a1256cp-13f);
    q = v_fma(q, r, v_set(0x1.6d43b0p-10f));
    q = v_fma(q, r, v_set(0x1.1110e0p-7f));
    q = v_fma(q, r, v_set(0x1.5554e8p-5f));
    q = v_fma(q, r, v_set(0x1.555556p-3f));
    q = v_fma(q, r, v_set(0.5f));
    return v_fma(v_mul(r, r), q, r);
}

/* e^x; at most 1 ULP.  Below -103.98 the result is 0 even as a denormal, above 88.73 infinite. */
static inline v_float v_exp(v_float x)
{
    const v_float clamped = v_min(v_set(89), v_max(v_set(-104), x));
    const v_reduced reduced = v_reduce(clamped);
    return v_scale(v_add(v_set(1), v_expm1_reduced(reduced.r)), reduced.n);
}

/* e^x - 1 for x at most 0; at most 1 ULP.  Below -18 the result is -1. */
static inline v_float v_expm1_negative(v_float x)
{
    const v_reduced reduced = v_reduce(v_max(v_set(-18), x));
    const v_float scale = v_power_of_2(reduced.n);
    return v_fma(scale, v_expm1_reduced(reduced.r), v_sub(scale, v_set(1)));
}

/* 1 - e^-r = r - r^2 q(r) for |r| at most ln(2) / 2, within 2^-28 of e^-r. */
static inline v_float v_fall_reduced(v_float r)
{
    const v_float squared = v_mul(r, r);
    const v_float low = v_fma(v_set(0x1.555492p-3f), r, v_set(-0x1.fffffcp-2f));
    const v_float high = v_fma(v_set(0x1.123984p-7f), r, v_set(-0x1.5558aep-5f));
    const v_float q = v_fma(squared, v_fma(squared, v_set(-0x1.6a4f3ep-10f), high), low);
    return v_fma(squared, q, r);
}

/* n and 2^n of a number added to this: n is whole, from -127 to 127. */
#define TO_WHOLE 0x1.8000fep+23f

/* A sum of two floats, and their quotient into -1. */
typedef struct v_inverse {
    v_float high, low, quotient;
} v_inverse;

/* -(1 + e^-x), its rounding errors in the lower part, and the inverse of the upper one.  With e^-x
 * = c (1 - p), c = 2^n, the sum is -1 - c + c p, of which all but the last bits of p are exact.
 * From 18 on the inverse is 1, and below -87.34 flushed to 0.  A NaN stays out of n, so that it is
 * the only one, with its own bits. */
static inline v_inverse v_sigmoid_inverse(v_float x)
{
    const v_float minus_one = v_set(-1);
    const v_float bounded = v_max(v_set(-88.37f), v_min(v_set(18), x));
    const v_float whole = v_fma(v_min(bounded, v_set(18)), v_set(-LOG2_E), v_set(TO_WHOLE));
    const v_float n = v_sub(whole, v_set(TO_WHOLE));
    const v_float c = v_from_bits(v_shift_left_23(v_bits(whole)));
    const v_float r = v_fma(n, v_set(LN_2_LOW), v_fma(n, v_set(LN_2_HIGH), bounded));
    const v_float p = v_fall_reduced(r);
    const v_float first = v_sub(minus_one, c);
    const v_float first_lost = v_sub(minus_one, v_add(first, c));
    const v_float high = v_fma(c, p, first);
    const v_float low = v_add(v_fma(c, p, v_sub(first, high)), first_lost);
    return (v_inverse){high, low, v_divide(minus_one, high)};
}

/* 1 / (1 + e^-x); at most 1 ULP.  The quotient is corrected for what it and the sum were rounded
 * by. */
static inline v_float v_sigmoid(v_float x)
{
    const v_inverse inverse = v_sigmoid_inverse(x);
    const v_float rest = v_fma(inverse.high, inverse.quotient, v_set(1));
    const v_float all = v_fma(inverse.low, inverse.quotient, rest);
    return v_fma(inverse.quotient, all, inverse.quotient);
}

/* tanh x = p0 + u p(u) with u = |x| - c: c, p0 and the coefficients of p for each of sixteen
 * segments of |x|, by the two lowest bits of the exponent and the two highest of the mantissa of
 * |x| + 1/2. Each c is one whose tanh is within 2^-13 ULP of a float, p0.  The fits are least
 * squares over the nodes of Chebyshev, in units of the result's last place, each coefficient
 * rounded before the next is fitted. */
enum { TANH_SEGMENTS = 16, TANH_CENTRE = 0, TANH_FIRST = 1, TANH_LAST = 7 };
static const float tanh_segments[TANH_LAST + 1][TANH_SEGMENTS] = {
    {0x1.bff09ap+0f, 0x1.1ff226p+1f, 0x1.5ff05ep+1f, 0x1.9feb98p+1f, 0x1.000cbep+2f, 0x1.3ffc3cp+2f,
     0x1.800688p+2f, 0x1.fe2804p+2f, 0, 0x1.7ff11ap-3f, 0x1.400624p-2f, 0x1.c0023cp-2f,
     0x1.400dfap-1f, 0x1.c0129cp-1f, 0x1.20155cp+0f, 0x1.5fef1ep+0f},
    {0x1.e1f878p-1f, 0x1.f4bd6ep-1f, 0x1.fbd406p-1f, 0x1.fe75fcp-1f, 0x1.ffa83ap-1f, 0x1.fff418p-1f,
     0x1.fffe64p-1f, 0x1.fffff8p-1f, 0, 0x1.7b8196p-3f, 0x1.35ff1ep-2f, 0x1.a5747ap-2f,
     0x1.1bfe2cp-1f, 0x1.686fb4p-1f, 0x1.9e6b72p-1f, 0x1.c27104p-1f},
    {0x1.d26162p-4f, 0x1.645bfp-5f, 0x1.09e80ep-6f, 0x1.896c6cp-8f, 0x1.5efbd2p-10f,
     0x1.7cfdbcp-13f, 0x1.9c01b2p-16f, 0x1.035bfap-21f, 0x1p+0f, 0x1.ee6b38p-1f, 0x1.d113c4p-1f,
     0x1.a944f6p-1f, 0x1.627a08p-1f, 0x1.0242d2p-1f, 0x1.61204ep-2f, 0x1.cedcf8p-3f},
    {-0x1.b706d4p-4f, -0x1.5c859ep-5f, -0x1.07bd62p-6f, -0x1.883da4p-8f, -0x1.5ebe9cp-10f,
     -0x1.7cf3a4p-13f, -0x1.9bffp-16f, -0x1.039aa6p-21f, -0x1.72bf5p-25f, -0x1.6e7982p-3f,
     -0x1.19962ep-2f, -0x1.5e0ff4p-2f, -0x1.893cdap-2f, -0x1.6b9eaap-2f, -0x1.1dd33ap-2f,
     -0x1.973662p-3f},
    {0x1.01d822p-4f, 0x1.bc25a2p-6f, 0x1.59e5c6p-7f, 0x1.03e7e6p-8f, 0x1.d28d26p-11f,
     0x1.fb4cc6p-14f, 0x1.125caep-16f, 0x1.3afe78p-22f, -0x1.555416p-2f, -0x1.27a5ep-2f,
     -0x1.c197b4p-3f, -0x1.16dc2cp-3f, -0x1.235488p-6f, 0x1.4f3b1ap-4f, 0x1.c6925p-4f,
     0x1.97eed6p-4f},
    {-0x1.817944p-6f, -0x1.941342p-7f, -0x1.4e888cp-8f, -0x1.00c71cp-9f, -0x1.d17632p-12f,
     -0x1.fb505ap-15f, -0x1.127418p-17f, -0x1.32bad8p-23f, -0x1.687832p-13f, 0x1.cf7f02p-4f,
     0x1.43eb9ep-3f, 0x1.5c2a2p-3f, 0x1.1a5c02p-3f, 0x1.f1b7a2p-5f, 0x1.a55db2p-9f,
     -0x1.5d9fa6p-6f},
    {0x1.c82a3ap-9f, 0x1.04c636p-8f, 0x1.f67eap-10f, 0x1.947ff4p-11f, 0x1.81cd5ap-13f,
     0x1.a6f656p-16f, 0x1.ca02dp-19f, 0x1.772f12p-24f, 0x1.16a71ap-3f, 0x1.84b9b8p-4f,
     0x1.660ab6p-5f, -0x1.c8174ep-8f, -0x1.bc609ap-5f, -0x1.e109d6p-5f, -0x1.064ae4p-5f,
     -0x1.37ea0ap-7f},
    {0x1.113de2p-9f, -0x1.789192p-11f, -0x1.1df3dcp-11f, -0x1.fee4fap-13f, -0x1.f965c2p-15f,
     -0x1.177488p-17f, -0x1.2f2b9ap-20f, -0x1.0d286cp-25f, -0x1.4414c6p-6f, -0x1.f65e28p-5f,
     -0x1.4879bp-4f, -0x1.010d54p-4f, -0x1.8c987p-6f, 0x1.a5367ep-7f, 0x1.2f18e8p-6f,
     0x1.66851cp-7f},
};

/* At most 1 ULP; 1 from 9.25 on. */
static inline v_float v_tanh(v_float x)
{
    const v_float magnitude = v_min(v_set(9.25f), v_copysign(x, v_set(1)));
    const v_float place = v_min(v_set(7.75f), v_add(magnitude, v_set(0.5f)));
    const v_int segment = v_shift_right_21(v_bits(place));
    const v_float u = v_sub(magnitude, v_lookup_16(tanh_segments[TANH_CENTRE], segment));
    v_float p = v_lookup_16(tanh_segments[TANH_LAST], segment);
    for (int i = TANH_LAST - 1; i >= TANH_FIRST; --i)
        p = v_fma(p, u, v_lookup_16(tanh_segments[i], segment));
    return v_copysign(p, x);
}

/* log x; at most 2 ULP.  -infinity for 0, NaN for a negative number. */
static inline v_float v_log(v_float x)
{
    const v_int offset = v_int_set(0x3f3504f3); /* sqrt(1/2) */
    const v_int e = v_shift_right_23(v_int_sub(v_bits(x), offset));
    const v_float f = v_sub(v_from_bits(v_int_sub(v_bits(x), v_shift_left_23(e))), v_set(1));
    v_float p = v_set(-0x1.fc06e2p-5f);
    p = v_fma(p, f, v_set(0x1.af581ep-4f));
    p = v_fma(p, f, v_set(-0x1.b4116ap-4f));
    p = v_fma(p, f, v_set(0x1.c41b8cp-4f));
    p = v_fma(p, f, v_set(-0x1.fdfb82p-4f));
    p = v_fma(p, f, v_set(0x1.249688p-3f));
    p = v_fma(p, f, v_set(-0x1.555c54p-3f));
    p = v_fma(p, f, v_set(0x1.9999a8p-3f));
    p = v_fma(p, f, v_set(-0x1.fffff2p-3f));
    p = v_fma(p, f, v_set(0x1.555556p-2f));
    const v_float n = v_to_float(e), squared = v_mul(f, f);
    v_float tail = v_fma(v_mul(squared, f), p, v_mul(n, v_set(LN_2_LOW)));
    tail = v_fma(squared, v_set(-0.5f), tail);
    const v_float regular = v_fma(n, v_set(LN_2_HIGH), v_add(f, tail));

    const v_float infinity = v_set(__builtin_inff());
    const v_float positive = v_select(v_equal(x, infinity), infinity, regular);
    const v_float others =
        v_select(v_equal(x, v_set(0)), v_set(-__builtin_inff()), v_set(__builtin_nanf("")));
    return v_select(v_greater(x, v_set(0)), positive, others);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e) with e = e^-|x|; at most 3 ULP.  The rounding error of 1 +
 * e is known exactly.  NaN is returned with its own bits: in a sum of two NaN, a compiler may
 * choose either.  The slope is sigmoid(x). */
static inline v_float v_softplus(v_float x, v_float *slope)
{
    const v_float one = v_set(1);
    const v_float e = v_exp(v_copysign(x, v_set(-1)));
    const v_float sum = v_add(one, e);
    const v_float lost = v_sub(e, v_sub(sum, one));
    const v_float inverse = v_divide(one, sum);
    const v_float regular = v_add(v_max(v_set(0), x), v_add(v_log(sum), v_mul(lost, inverse)));
    *slope = v_select(v_at_least(x, v_set(0)), inverse, v_mul(e, inverse));
    return v_select(v_equal(x, x), regular, x);
}

/* x / (1 + |x|); at most 2 ULP. */
static inline v_float v_softsign(v_float x)
{
    const v_float magnitude = v_copysign(x, v_set(1));
    const v_float quotient = v_divide(x, v_add(v_set(1), magnitude));
    return v_select(v_equal(magnitude, v_set(__builtin_inff())), v_copysign(v_set(1), x), quotient);
}

/* A number as the unevaluated sum of two; high is the sum, rounded. */
typedef struct v_pair {
    v_float high, low;
} v_pair;

/* w(t) = (1 + t) e^(t^2 / 2) (1 - Phi(t)) for t from 0 to 5, a polynomial in t - 2.5; Phi is the
 * normal distribution.  w stays near 1/2. */
static inline v_pair v_normal_tail(v_float t)
{
    const v_float s = v_sub(t, v_set(2.5f));
    const v_float squared = v_mul(s, s);
    v_float even = v_set(0x1.e7e9aep-33f);
    even = v_fma(even, squared, v_set(0x1.2941dcp-41f));
    even = v_fma(even, squared, v_set(0x1.da4c1ap-25f));
    even = v_fma(even, squared, v_set(0x1.8a4d94p-21f));
    even = v_fma(even, squared, v_set(0x1.86df98p-17f));
    even = v_fma(even, squared, v_set(0x1.e8a816p-14f));
    even = v_fma(even, squared, v_set(0x1.f5e71ep-13f));
    even = v_fma(even, squared, v_set(-0x1.2c1d32p-6f));
    v_float odd = v_set(-0x1.257e1ep-30f);
    odd = v_fma(odd, squared, v_set(-0x1.4d333ep-30f));
    odd = v_fma(odd, squared, v_set(-0x1.f2a48ep-23f));
    odd = v_fma(odd, squared, v_set(-0x1.8e3642p-19f));
    odd = v_fma(odd, squared, v_set(-0x1.4b1b7ep-15f));
    odd = v_fma(odd, squared, v_set(-0x1.1a6c30p-12f));
    odd = v_fma(odd, squared, v_set(0x1.1a6e76p-9f));
    const v_float p = v_fma(odd, s, even);
    const v_float middle = v_set(0x1.fa8810p-2f), rest = v_mul(s, p);
    const v_float high = v_add(middle, rest);
    return (v_pair){high, v_add(v_add(v_sub(middle, high), rest), v_set(0x1.ce2ecap-32f))};
}

/* a / (1 + t) for t at least 0, corrected for the rounding of numerator and denominator. */
static inline v_pair v_ratio(v_pair a, v_float t)
{
    const v_float sum = v_add(v_set(1), t), of_t = v_sub(sum, v_set(1));
    const v_float sum_lost = v_add(v_sub(v_set(1), v_sub(sum, of_t)), v_sub(t, of_t));
    const v_float inverse = v_divide(v_set(1), sum), quotient = v_mul(a.high, inverse);
    const v_float negative = v_sub(v_set(0), quotient);
    const v_float rest = v_add(v_fma(negative, sum, a.high), v_fma(negative, sum_lost, a.low));
    return (v_pair){quotient, v_mul(rest, inverse)};
}

/* z Phi(z); at most 2 ULP from -5 on, below, where |z Phi(z)| is under 1.5e-6, within 5e-9.  With t
 * = |z|, z (1 - Phi(t)) = z r e^(-t^2 / 2), corrected for the rounding of t^2, of z r and of its
 * product with the exponential.  Near 0, where the corrections would be denormal, z / 2.  NaN is
 * returned with its own bits. */
static inline v_float v_gelu(v_float z, v_float *slope)
{
    const v_float magnitude = v_min(v_set(18), v_copysign(z, v_set(1)));
    const v_float near = v_min(v_set(5), magnitude);
    const v_pair ratio = v_ratio(v_normal_tail(near), near);
    const v_float squared = v_mul(magnitude, magnitude);
    const v_float square_lost = v_fma(magnitude, magnitude, v_sub(v_set(0), squared));
    const v_float x = v_mul(v_set(-0.5f), squared), x_lost = v_mul(v_set(-0.5f), square_lost);
    const v_float n = v_round(v_mul(x, v_set(LOG2_E)));
    const v_float high = v_fma(n, v_set(-LN_2_HIGH), x), low = v_fma(n, v_set(-LN_2_LOW), x_lost);
    const v_float r = v_add(high, low), r_lost = v_add(v_sub(high, r), low);
    const v_float q = v_expm1_reduced(r);
    const v_float at = v_copysign(near, z), product = v_mul(at, ratio.high);
    const v_float product_lost =
        v_fma(at, ratio.low, v_fma(at, ratio.high, v_sub(v_set(0), product)));
    const v_float lost = v_fma(product, r_lost, product_lost);
    const v_float more = v_fma(product, q, v_fma(lost, q, lost));
    const v_float tail = v_scale(v_add(product, more), n);
    const v_mask positive = v_at_least(z, v_set(0));
    const v_float regular = v_select(positive, v_sub(z, tail), tail);
    const v_float density = v_scale(v_add(v_set(1), q), n);
    const v_float beyond = v_mul(density, ratio.high);
    const v_float phi = v_select(positive, v_sub(v_set(1), beyond), beyond);
    *slope = v_fma(v_mul(v_copysign(magnitude, z), v_set(0x1.988454p-2f)), density, phi);
    const v_float half = v_mul(v_set(0.5f), z);
    const v_float result = v_select(v_greater(v_set(0x1p-100f), magnitude), half, regular);
    return v_select(v_equal(z, z), result, z);
}

#endif
