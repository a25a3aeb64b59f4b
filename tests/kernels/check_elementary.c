/*
 * Elementary functions.
 */
#include "tests/kernels/kernel_checks.h"

static void check_unary(void (*kernel)(const rnl_unary *), double (*oracle)(double),
                        const char *name, double bound)
{
    static guarded output;
    static float x[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        x[i] = i < SPECIALS ? special[i] : random_float(100);
    for (size_t count = 0; count <= LONGEST; ++count) {
        float *y = guarded_start(&output, SPACE);
        kernel(&(const rnl_unary){count, x, y});
        guarded_check(&output, 1, count, SPACE);
        for (size_t i = 0; i < count; ++i)
            expect_near(y[i], oracle(without_denormal(x[i])), bound, name, (double)x[i]);
    }
    /* A hundred values of every exponent and sign, in place. */
    for (uint32_t high = 0; high < 512; ++high) {
        float y[100], before[100];
        for (size_t i = 0; i < 100; ++i)
            before[i] = y[i] = float_of_bits(high << 23 | random_word() >> 9);
        kernel(&(const rnl_unary){100, y, y});
        for (size_t i = 0; i < 100; ++i)
            expect_near(y[i], oracle(without_denormal(before[i])), bound, name, (double)before[i]);
    }
}

void check_exponential(const rnl_kernels *k)
{
    check_unary(k->exponential, exp, "exponential", 1);
}

void check_logarithm(const rnl_kernels *k)
{
    check_unary(k->logarithm, log, "logarithm", 2);
}
