/*
 * Penalties, clipping and norms.
 */
#include "tests/kernels/kernel_checks.h"

/* g + l1 sign(w) + 2 l2 w with two roundings; each element as it comes out alone. */
void check_penalty_slope(const rnl_kernels *k)
{
    static guarded output;
    static float weights[LONGEST], gradient[LONGEST];
    const float l1 = 0.3f, l2 = 0.7f;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        for (size_t i = 0; i < LONGEST; ++i) {
            weights[i] = i < SPECIALS && count % 2 == 0 ? special[i] : random_float(3);
            gradient[i] = random_float(2);
        }
        float *sum = guarded_start(&output, SPACE);
        memcpy(sum, gradient, count * sizeof *sum);
        k->penalty_slope(&(const rnl_penalty_slope){count, weights, sum, l1, l2});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const double w = without_denormal(weights[i]), g = (double)gradient[i];
            const double sign = isnan(w) ? w : (double)((w > 0) - (w < 0));
            const double expected = g + (double)l1 * sign + 2 * (double)l2 * w;
            if (isfinite(expected) && fabs(expected) < (double)FLT_MAX)
                cr_assert_float_eq((double)sum[i], expected,
                                   1.2e-7 * (fabs(g) + (double)l1 + 2 * (double)l2 * fabs(w)));
            else
                cr_assert(isnan(expected) ? isnan(sum[i]) : isinf(sum[i]));
            float alone = gradient[i];
            k->penalty_slope(&(const rnl_penalty_slope){1, weights + i, &alone, l1, l2});
            cr_assert(isnan(alone) ? isnan(sum[i]) : alone == sum[i]);
        }
    }
}

void check_clamp(const rnl_kernels *k)
{
    static guarded output;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *x = guarded_start(&output, SPACE), before[LONGEST];
        for (size_t i = 0; i < count; ++i)
            x[i] = before[i] = random_float(1);
        k->clamp(&(const rnl_clamp){count, x, 0.25f});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i)
            cr_assert_eq(x[i], fminf(fmaxf(before[i], -0.25f), 0.25f));
    }
    float strange[] = {NAN, INFINITY, -INFINITY};
    k->clamp(&(const rnl_clamp){3, strange, 0.25f});
    cr_assert(isnan(strange[0]) && strange[1] == 0.25f && strange[2] == -0.25f);
}

void check_shrink(const rnl_kernels *k)
{
    static guarded output;
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *w = guarded_start(&output, SPACE), before[LONGEST];
        for (size_t i = 0; i < count; ++i)
            w[i] = before[i] = i % 9 == 0 ? 0.25f : random_float(1);
        k->shrink(&(const rnl_shrink){count, w, 0.25f});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const float rest = fabsf(before[i]) - 0.25f;
            cr_assert_eq(w[i], rest > 0 ? copysignf(rest, before[i]) : 0);
        }
    }
    float strange[] = {NAN, INFINITY, -INFINITY};
    k->shrink(&(const rnl_shrink){3, strange, 0.25f});
    cr_assert(isnan(strange[0]) && strange[1] == INFINITY && strange[2] == -INFINITY);
}

/* Sixteen roundings of a positive sum at most, then double. */
void check_sizes(const rnl_kernels *k)
{
    enum { MANY = 5000 };
    static float x[MANY];
    double absolutes, squares;
    flush_denormals();
    for (size_t i = 0; i < MANY; ++i)
        x[i] = i % 50 == 3 ? 1e-40f : random_float(i % 7 == 0 ? 100 : 1);
    for (size_t count = 0; count <= MANY; count += count < 600 ? 1 : 97) {
        double sum = 0, sum_of_squares = 0;
        for (size_t i = 0; i < count; ++i) {
            const double value = without_denormal(x[i]);
            sum += fabs(value);
            sum_of_squares += value * value;
        }
        k->sizes(&(const rnl_sizes){count, x, &absolutes, &squares});
        cr_assert_float_eq(absolutes, sum, 1e-6 * sum, "%zu: %g, not %g", count, absolutes, sum);
        cr_assert_float_eq(squares, sum_of_squares, 1e-6 * sum_of_squares, "%zu: %g, not %g", count,
                           squares, sum_of_squares);
    }
    /* Chunks are added in double: no float holds 2^25 + 1. */
    memset(x, 0, sizeof x);
    x[0] = 0x1p25f;
    x[MANY - 1] = 1;
    k->sizes(&(const rnl_sizes){MANY, x, &absolutes, &squares});
    cr_assert_eq(absolutes, 0x1p25 + 1);
    cr_assert_eq(squares, 0x1p50 + 1);
    for (size_t at = 0; at < LONGEST; ++at) {
        x[at] = NAN;
        k->sizes(&(const rnl_sizes){LONGEST, x, &absolutes, &squares});
        cr_assert(isnan(absolutes) && isnan(squares));
        x[at] = -INFINITY;
        k->sizes(&(const rnl_sizes){LONGEST, x, &absolutes, &squares});
        cr_assert(isinf(absolutes) && isinf(squares));
        x[at] = 1;
    }
}

void check_add_squares(const rnl_kernels *k)
{
    static guarded output;
    float x[LONGEST], before[LONGEST];
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count) {
        for (size_t i = 0; i < LONGEST; ++i) {
            x[i] = i < SPECIALS && count % 2 == 0 ? special[i] : random_float(3);
            before[i] = 1 + random_float(1);
        }
        float *sums = guarded_start(&output, SPACE);
        memcpy(sums, before, count * sizeof *sums);
        k->add_squares(&(const rnl_add_squares){count, x, sums});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i) {
            const double value = without_denormal(x[i]);
            expect_near(sums[i], (double)before[i] + value * value, 0.5, "sum", value);
        }
    }
}

void check_multiply(const rnl_kernels *k)
{
    static guarded output;
    float before[LONGEST], factors[LONGEST];
    flush_denormals();
    for (size_t count = 0; count <= LONGEST; ++count)
        for (int one = 0; one < 2; ++one) {
            for (size_t i = 0; i < LONGEST; ++i) {
                before[i] = i < SPECIALS && count % 2 == 0 ? special[i] : random_float(3);
                factors[i] = random_float(2);
            }
            float *x = guarded_start(&output, SPACE);
            memcpy(x, before, count * sizeof *x);
            k->multiply(&(const rnl_multiply){count, x, factors, one});
            guarded_check(&output, 1, count, SPACE);
            for (size_t i = 0; i < count; ++i)
                expect_near(x[i], without_denormal(before[i]) * (double)factors[one ? 0 : i], 0.5,
                            "product", (double)before[i]);
        }
}
