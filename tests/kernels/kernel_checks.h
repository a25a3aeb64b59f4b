/*
 * What the checks of kernels share: random numbers, memory between guard words, bounds in ULP.  A
 * check runs one kernel of the list on one instruction set: each length up to two unrolled blocks
 * and one, rows with a stride, in place where that is allowed, special values, and a stated bound
 * against formulas in double.  A kernel without a check does not link.
 */
#ifndef RNL_TESTS_KERNELS_KERNEL_CHECKS_H
#define RNL_TESTS_KERNELS_KERNEL_CHECKS_H

#include "simd/kernels.h"
#include "simd/philox.h"
#include "tests/ulp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* Two blocks of four vectors of 16 lanes, and one element. */
enum { LONGEST = 129, ROWS = 3, STRIDE = LONGEST + 5, SPACE = ROWS * STRIDE, GUARD = 64 };

static const float special[] = {0.0f,     -0.0f,     1.0f,     -1.0f,     INFINITY,   -INFINITY,
                                NAN,      0x1p-149f, -1e-40f,  0x1p-126f, -0x1p-126f, FLT_MAX,
                                -FLT_MAX, 1e-8f,     -1e-8f,   88.0f,     -88.0f,     -17.5f,
                                89.5f,    -104.5f,   0.34657f, -0.34657f};
enum { SPECIALS = sizeof special / sizeof *special };

static uint32_t state = 1;

static inline uint32_t random_word(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Between -range and range. */
static inline float random_float(float range)
{
    return range * ((float)(random_word() >> 8) * 0x1p-23f - 1.0f);
}

/* Every exponent and sign comes up. */
static inline float random_bits(void)
{
    return float_of_bits(random_word());
}

/* The float whose upper half these 16 bits are. */
static inline float float_of_upper(uint32_t bits)
{
    return float_of_bits(bits << 16);
}

/* Two numbers of bfloat16, the odd one above the even one. */
static inline uint32_t random_pair(void)
{
    const uint32_t odd = bits_of_float(random_float(2)), even = bits_of_float(random_float(2));
    return (odd & 0xffff0000u) | even >> 16;
}

enum { RANDOM_COLUMNS = 150, RANDOM_STRIDE = 153, RANDOM_SPACE = ROWS * RANDOM_STRIDE };

enum { MOST = RANDOM_SPACE };

/* Memory for outputs, between guard words that only a kernel gone wrong changes. */
typedef struct guarded {
    size_t count;
    uint32_t words[GUARD + MOST + GUARD];
} guarded;

static inline float *guarded_start(guarded *g, size_t count)
{
    g->count = count;
    for (size_t i = 0; i < GUARD + MOST + GUARD; ++i)
        g->words[i] = 0x7fc0beefu; /* a NaN of our own */
    return (float *)(void *)(g->words + GUARD);
}

/* All words but (rows, columns) of the stride are what they were. */
static inline void guarded_check(const guarded *g, size_t rows, size_t columns, size_t stride)
{
    for (size_t i = 0; i < GUARD + MOST + GUARD; ++i) {
        const size_t at = i - GUARD;
        const bool inside = i >= GUARD && at / stride < rows && at % stride < columns;
        if (!inside)
            cr_assert_eq(g->words[i], 0x7fc0beefu, "word %zd was written", (ssize_t)at);
    }
}

static inline void expect_near(float result, double exact, double bound, const char *what,
                               double input)
{
    const double error = ulp_error(result, exact);
    cr_assert(error <= bound, "%s(%a): %a is %g ULP from %a", what, input, (double)result, error,
              exact);
}

typedef void forward_kernel(const rnl_activation_forward *);
typedef void backward_kernel(const rnl_activation_backward *);
typedef double forward_oracle(double z, double alpha);
typedef double slope_oracle(double y, double alpha);

/* 1 / (1 + e^-z). */
double sigmoid_oracle(double z, double alpha);

/* An element's result does not depend on its place or on the length of its row. */
void check_positions(forward_kernel *kernel, const float *z, float alpha);

/* A forward kernel against a formula, to within `bound` ULP. */
void check_forward(forward_kernel *kernel, forward_oracle *oracle, const char *name, float alpha,
                   double bound);
/* The slopes that a forward kernel keeps, against a formula of z. */
void check_kept(forward_kernel *kernel, slope_oracle *slope, const char *name);

/* A formula of all operators (check_formula.c). */
extern const rnl_formula_program every_operator;

#define RNL_KERNEL(name, arguments) void check_##name(const rnl_kernels *k);
#include "simd/kernels.inc"
#undef RNL_KERNEL

#endif
