/*
 * Logarithm, exponential, power, sine and cosine of trained numbers, against MPFR and the C
 * library.
 */
#include "engine/base/functions.h"
#include "simd/philox.h"
#include "tests/ulp.h"

#include <criterion/criterion.h>
#include <mpfr.h>
#include <stdio.h>

enum { SAMPLES = 100000, BITS = 200 };

/* Uniform in (0, 1), with 53 bits. */
static double uniform(uint32_t number, uint32_t which)
{
    const rnl_philox_block block = rnl_philox(5, (rnl_philox_block){{number, which, 0, 0}});
    return ((double)(block.word[0] >> 5) + (double)block.word[1] * 0x1p-32 + 0x1p-60) * 0x1p-27;
}

/* The distance from the exact value in units in the last place of the result. */
static double error_of(double found, mpfr_t exact)
{
    mpfr_t distance;
    mpfr_init2(distance, BITS);
    mpfr_sub_d(distance, exact, found, MPFR_RNDN);
    const double error = fabs(mpfr_get_d(distance, MPFR_RNDN)), size = fabs(found);
    mpfr_clear(distance);
    return error == 0 ? 0 : error / (nextafter(size, INFINITY) - size);
}

typedef struct worst {
    double error, x, y;
} worst;

static void note(worst *w, double found, mpfr_t exact, double x, double y)
{
    const double error = error_of(found, exact);
    if (!(error <= w->error))
        *w = (worst){error, x, y};
}

static void expect_within(const worst *w, double bound, const char *what)
{
    printf("%s: at most %.3f ULP, at %a, %a\n", what, w->error, w->x, w->y);
    cr_expect(w->error <= bound, "%s(%a, %a): %g ULP", what, w->x, w->y, w->error);
}

/* Shares of 1, of which normal numbers are made; numbers of any size; numbers near 1. */
Test(functions, log)
{
    mpfr_t exact;
    worst w = {0};
    mpfr_init2(exact, BITS);
    for (uint32_t i = 0; i < 3 * SAMPLES; ++i) {
        const double u = uniform(i, 0);
        const double x = i % 3 == 0   ? u
                         : i % 3 == 1 ? ldexp(1 + u, (int)(i % 2045) - 1022)
                                      : 0.98 + u / 25;
        const double found = rnl_logarithm(x);
        mpfr_set_d(exact, x, MPFR_RNDN);
        mpfr_log(exact, exact, MPFR_RNDN);
        note(&w, found, exact, x, 0);
        cr_assert_float_eq(found, log(x), 3e-16 * fabs(found));
    }
    cr_expect_eq(rnl_logarithm(1), 0);
    mpfr_clear(exact);
    expect_within(&w, 0.52, "log");
}

static double base(uint32_t i)
{
    const double u = uniform(i, 1);
    switch (i % 4) {
    case 0: /* beta_1, beta_2, rates that fall */
        return 1 - pow(0.1, 1 + 7 * u);
    case 1: /* 1 + t / steps */
        return 1 + pow(10, 12 * u - 6);
    case 2: /* the ends of a range test */
        return pow(10, 40 * u - 20);
    default:
        return ldexp(1 + u, (int)(i % 2000) - 1000);
    }
}

/* Steps, shares, negative ones; results of any size. */
static double exponent(uint32_t i, double x)
{
    const double u = uniform(i, 2);
    switch (i / 4 % 4) {
    case 0:
        return floor(10 / u);
    case 1:
        return u;
    case 2:
        return -3 * u;
    default:
        return 1400 * (u - 0.5) / log(x);
    }
}

Test(functions, power)
{
    mpfr_t exact, other;
    worst w = {0};
    mpfr_init2(exact, BITS);
    mpfr_init2(other, BITS);
    for (uint32_t i = 0; i < 4 * SAMPLES; ++i) {
        const double x = base(i), y = exponent(i, x), found = rnl_power(x, y);
        mpfr_set_d(exact, x, MPFR_RNDN);
        mpfr_set_d(other, y, MPFR_RNDN);
        mpfr_pow(exact, exact, other, MPFR_RNDN);
        if (mpfr_cmp_d(exact, DBL_MIN) < 0)
            cr_assert(found < 2 * DBL_MIN);
        else if (mpfr_cmp_d(exact, DBL_MAX) > 0)
            cr_assert(isinf(found));
        else {
            note(&w, found, exact, x, y);
            cr_assert_float_eq(found, pow(x, y), 5e-16 * found, "%a^%a: %a, %a", x, y, found,
                               pow(x, y));
        }
    }
    mpfr_clear(exact);
    mpfr_clear(other);
    expect_within(&w, 0.8, "power");
}

/* C's limits, with which all are finite or known. */
Test(functions, power_at_the_limits)
{
    static const double bases[] = {0, 0x1p-1074,   1e-310, 0x1p-1022, 0.5,      1 - 0x1p-53,
                                   1, 1 + 0x1p-52, 2,      DBL_MAX,   INFINITY, NAN};
    static const double exponents[] = {0,    -0.0,  1,     -1,     0.5,      2,         -3,
                                       1e15, -1e15, 1e300, -1e300, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; ++i)
        for (size_t k = 0; k < sizeof exponents / sizeof *exponents; ++k) {
            const double x = bases[i], y = exponents[k], found = rnl_power(x, y),
                         expected = pow(x, y);
            cr_expect(isnan(expected)   ? isnan(found)
                      : isinf(expected) ? found == expected
                                        : fabs(found - expected) <= 4e-16 * expected,
                      "%a^%a: %a, not %a", x, y, found, expected);
        }
}

static double turns(uint32_t i)
{
    const double u = uniform(i, 3);
    return i % 4 == 0   ? u
           : i % 4 == 1 ? 1e4 * (u - 0.5)
           : i % 4 == 2 ? u * 1e-6
                        : (double)(i % 8) / 4 + u * 1e-7;
}

Test(functions, circle)
{
    mpfr_t angle, exact;
    worst sine = {0}, cosine = {0};
    mpfr_init2(angle, BITS);
    mpfr_init2(exact, BITS);
    for (uint32_t i = 0; i < 4 * SAMPLES; ++i) {
        const double t = turns(i);
        const rnl_circle_point found = rnl_circle(t);
        mpfr_const_pi(angle, MPFR_RNDN);
        mpfr_mul_2ui(angle, angle, 1, MPFR_RNDN);
        mpfr_mul_d(angle, angle, t, MPFR_RNDN);
        mpfr_sin(exact, angle, MPFR_RNDN);
        note(&sine, found.sine, exact, t, 0);
        mpfr_cos(exact, angle, MPFR_RNDN);
        note(&cosine, found.cosine, exact, t, 0);
        if (fabs(t) < 1) {
            cr_assert_float_eq(found.sine, sin(6.283185307179586477 * t), 2e-15);
            cr_assert_float_eq(found.cosine, cos(6.283185307179586477 * t), 2e-15);
        }
    }
    mpfr_clear(angle);
    mpfr_clear(exact);
    expect_within(&sine, 0.8, "sine");
    expect_within(&cosine, 0.8, "cosine");
}

/* Whole quarters are exact. */
Test(functions, quarters_of_a_circle)
{
    static const double expected[] = {1, 0, -1, 0, 1};
    for (int i = -8; i <= 8; ++i) {
        const rnl_circle_point p = rnl_circle(i / 4.0);
        cr_expect_eq(p.cosine, expected[i & 3], "%d", i);
        cr_expect_eq(p.sine, expected[(i + 3) & 3], "%d", i);
    }
}

/* Workers compute under it, and nothing here comes near denormals. */
Test(functions, flushing_denormals_changes_nothing)
{
    static double before[SAMPLES][4];
    for (int pass = 0; pass < 2; ++pass) {
        for (uint32_t i = 0; i < SAMPLES; ++i) {
            const double x = base(i);
            const rnl_circle_point p = rnl_circle(turns(i));
            const double found[4] = {rnl_logarithm(x), rnl_power(x, fmod(exponent(i, x), 1)),
                                     p.cosine, p.sine};
            if (pass == 0)
                memcpy(before[i], found, sizeof found);
            else
                cr_assert_arr_eq(before[i], found, sizeof found);
        }
        flush_denormals();
    }
}

Test(functions, exponential)
{
    mpfr_t exact;
    worst w = {0};
    mpfr_init2(exact, BITS);
    for (uint32_t i = 0; i < SAMPLES; ++i) {
        const double x = (uniform(i, 5) - 0.5) * (i % 2 == 0 ? 1400 : 4);
        mpfr_set_d(exact, x, MPFR_RNDN);
        mpfr_exp(exact, exact, MPFR_RNDN);
        note(&w, rnl_exponential(x), exact, x, 0);
    }
    mpfr_clear(exact);
    expect_within(&w, 0.8, "exponential");
    cr_expect_eq(rnl_exponential(0), 1);
    cr_expect_eq(rnl_exponential(-INFINITY), 0);
    cr_expect_eq(rnl_exponential(INFINITY), INFINITY);
    cr_expect_eq(rnl_exponential(1e300), INFINITY);
    cr_expect(isnan(rnl_exponential(NAN)));
}

/* Angles of any size, and those next to a multiple of a quarter turn, where a digit lost in the
 * reduction would show. */
Test(functions, angle)
{
    mpfr_t exact;
    worst w = {0};
    mpfr_init2(exact, BITS);
    for (uint32_t i = 0; i < SAMPLES; ++i) {
        const double u = uniform(i, 6) - 0.5;
        const double x = i % 3 == 0   ? 8 * u
                         : i % 3 == 1 ? 0x1p31 * u
                                      : floor(20000 * u) * 1.5707963267948966;
        const rnl_circle_point found = rnl_angle(x);
        mpfr_set_d(exact, x, MPFR_RNDN);
        mpfr_sin(exact, exact, MPFR_RNDN);
        if (fabs(found.sine) > 0x1p-22)
            note(&w, found.sine, exact, x, 0);
        cr_expect(fabs(found.sine - mpfr_get_d(exact, MPFR_RNDN)) < 2e-16);
        mpfr_set_d(exact, x, MPFR_RNDN);
        mpfr_cos(exact, exact, MPFR_RNDN);
        if (fabs(found.cosine) > 0x1p-22)
            note(&w, found.cosine, exact, x, 1);
    }
    mpfr_clear(exact);
    expect_within(&w, 1, "angle");
    cr_expect(isnan(rnl_angle(0x1p31).sine) && isnan(rnl_angle(NAN).cosine));
}
