/*
 * Four vectors abreast, over the vector vocabulary, which is included before: an operation takes
 * its step on all four before the next one begins, so that a core has work while the chain of one
 * of them waits.  What is included behind this file means them by the vocabulary's names.
 */
#ifndef RNL_SIMD_ABREAST_H
#define RNL_SIMD_ABREAST_H

enum { FOUR_VECTORS = 4 * LANES };

typedef struct w_float {
    v_float a, b, c, d;
} w_float;

typedef struct w_int {
    v_int a, b, c, d;
} w_int;

typedef struct w_mask {
    v_mask a, b, c, d;
} w_mask;

ALWAYS_INLINE w_float w_set(float x)
{
    const v_float all = v_set(x);
    return (w_float){all, all, all, all};
}

ALWAYS_INLINE w_int w_int_set(int32_t x)
{
    const v_int all = v_int_set(x);
    return (w_int){all, all, all, all};
}

ALWAYS_INLINE w_float w_load(const float *p)
{
    return (w_float){v_load(p, LANES), v_load(p + LANES, LANES), v_load(p + 2 * LANES, LANES),
                     v_load(p + 3 * LANES, LANES)};
}

ALWAYS_INLINE void w_store(float *p, w_float x)
{
    v_store(p, LANES, x.a);
    v_store(p + LANES, LANES, x.b);
    v_store(p + 2 * LANES, LANES, x.c);
    v_store(p + 3 * LANES, LANES, x.d);
}

ALWAYS_INLINE w_float w_lookup_16(const float *table, w_int i)
{
    return (w_float){v_lookup_16(table, i.a), v_lookup_16(table, i.b), v_lookup_16(table, i.c),
                     v_lookup_16(table, i.d)};
}

ALWAYS_INLINE w_int w_lookup_8(const uint32_t *table, w_int i)
{
    return (w_int){v_lookup_8(table, i.a), v_lookup_8(table, i.b), v_lookup_8(table, i.c),
                   v_lookup_8(table, i.d)};
}

ALWAYS_INLINE w_float w_fma(w_float x, w_float y, w_float z)
{
    return (w_float){v_fma(x.a, y.a, z.a), v_fma(x.b, y.b, z.b), v_fma(x.c, y.c, z.c),
                     v_fma(x.d, y.d, z.d)};
}

ALWAYS_INLINE w_float w_select(w_mask m, w_float yes, w_float no)
{
    return (w_float){v_select(m.a, yes.a, no.a), v_select(m.b, yes.b, no.b),
                     v_select(m.c, yes.c, no.c), v_select(m.d, yes.d, no.d)};
}

#define STEP_1(result, name, type)                                                                 \
    ALWAYS_INLINE w_##result w_##name(w_##type x)                                                  \
    {                                                                                              \
        return (w_##result){v_##name(x.a), v_##name(x.b), v_##name(x.c), v_##name(x.d)};           \
    }
#define STEP_2(result, name, type)                                                                 \
    ALWAYS_INLINE w_##result w_##name(w_##type x, w_##type y)                                      \
    {                                                                                              \
        return (w_##result){v_##name(x.a, y.a), v_##name(x.b, y.b), v_##name(x.c, y.c),            \
                            v_##name(x.d, y.d)};                                                   \
    }

STEP_1(float, round, float)
STEP_1(int, bits, float)
STEP_1(float, from_bits, int)
STEP_1(float, to_float, int)
STEP_1(int, shift_left_20, int)
STEP_1(int, shift_left_23, int)
STEP_1(int, shift_right_21, int)
STEP_1(int, shift_right_23, int)
STEP_1(int, index_16, int)
STEP_2(float, add, float)
STEP_2(float, sub, float)
STEP_2(float, mul, float)
STEP_2(float, divide, float)
STEP_2(float, max, float)
STEP_2(float, min, float)
STEP_2(float, copysign, float)
STEP_2(float, scale, float)
STEP_2(mask, greater, float)
STEP_2(mask, at_least, float)
STEP_2(mask, equal, float)
STEP_2(int, int_add, int)
STEP_2(int, int_sub, int)

/* A function of elementary.inc: four vectors in a call would travel through memory. */
#undef ELEMENTARY
#define ELEMENTARY        ALWAYS_INLINE

#define v_float           w_float
#define v_int             w_int
#define v_mask            w_mask
#define v_set             w_set
#define v_int_set         w_int_set
#define v_lookup_8        w_lookup_8
#define v_lookup_16       w_lookup_16
#define v_fma             w_fma
#define v_select          w_select
#define v_round           w_round
#define v_bits            w_bits
#define v_from_bits       w_from_bits
#define v_to_float        w_to_float
#define v_shift_left_20   w_shift_left_20
#define v_shift_left_23   w_shift_left_23
#define v_shift_right_21  w_shift_right_21
#define v_shift_right_23  w_shift_right_23
#define v_index_16        w_index_16
#define v_add             w_add
#define v_sub             w_sub
#define v_mul             w_mul
#define v_divide          w_divide
#define v_max             w_max
#define v_min             w_min
#define v_copysign        w_copysign
#define v_scale           w_scale
#define v_greater         w_greater
#define v_at_least        w_at_least
#define v_equal           w_equal
#define v_int_add         w_int_add
#define v_int_sub         w_int_sub
#define v_parts           w_parts
#define v_reduced         w_reduced
#define v_reduce          w_reduce
#define v_minus_exp_minus w_minus_exp_minus
#define v_exp             w_exp
#define v_expm1_reduced   w_expm1_reduced
#define v_expm1_negative  w_expm1_negative
#define v_elu             w_elu
#define v_scaled_elu      w_scaled_elu
#define v_selu            w_selu
#define v_sigmoid         w_sigmoid
#define v_swish_slope     w_swish_slope
#define v_swish           w_swish
#define v_mish            w_mish
#define v_tanh            w_tanh
#define v_log             w_log
#define v_softplus        w_softplus
#define v_softsign        w_softsign
#define v_gelu            w_gelu

#endif
