#include "engine/base/functions.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A number as the unevaluated sum of two; high is the sum, rounded. */
typedef struct pair {
    double high, low;
} pair;

/* The exact sum (Knuth). */
static pair sum_of(double a, double b)
{
    const double sum = a + b, added = sum - a;
    return (pair){sum, (a - (sum - added)) + (b - added)};
}

/* The upper 26 bits, and the rest (Veltkamp). */
static pair split(double a)
{
    const double scaled = 0x8000001p0 * a, high = scaled - (scaled - a);
    return (pair){high, a - high};
}

/* The exact product (Dekker). */
static pair product_of(double a, double b)
{
    const double product = a * b;
    const pair x = split(a), y = split(b);
    return (pair){product,
                  ((x.high * y.high - product) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

static pair product_of_pairs(pair a, pair b)
{
    const pair high = product_of(a.high, b.high);
    return sum_of(high.high, high.low + (a.high * b.low + a.low * b.high));
}

/* Horner's scheme, coefficients from the highest power down. */
static double polynomial(const double *coefficients, int count, double x)
{
    double value = coefficients[0];
    for (int i = 1; i < count; ++i)
        value = value * x + coefficients[i];
    return value;
}

#define POLYNOMIAL(coefficients, x)                                                                \
    polynomial(coefficients, (int)(sizeof(coefficients) / sizeof *(coefficients)), x)

/* ---- logarithm ------------------------------------------------------------------------------- */

/* n LN_2_HIGH is exact for |n| below 2^12. */
#define LN_2_HIGH 0x1.62e42fefa3p-1
#define LN_2_LOW  0x1.3de6af278ece6p-42

/* x = 2^exponent mantissa, with a mantissa between the roots of 1/2 and 2. */
static double mantissa_of(double x, double *exponent)
{
    const bool small = x < 0x1p-1022;
    int64_t bits;
    x *= small ? 0x1p54 : 1;
    memcpy(&bits, &x, sizeof bits);
    const int64_t root = 0x3fe6a09e667f3bcd; /* sqrt(1/2) */
    const int64_t power = (bits - root) >> 52;
    bits -= power * (1LL << 52);
    memcpy(&x, &bits, sizeof x);
    *exponent = (double)(small ? power - 54 : power);
    return x;
}

/* f / (2 + f) */
static pair ratio_of(double f)
{
    const pair below = sum_of(2, f);
    const double quotient = f / below.high;
    const pair back = product_of(quotient, below.high);
    return sum_of(quotient, (((f - back.high) - back.low) - quotient * below.low) / below.high);
}

/* log(1 + f) = 2 s + 2/3 s^3 + 2/5 s^5 + ..., s = f / (2 + f), |s| below 0.172.  The first two
 * terms are pairs; the others are at most 2^-12 of the sum. */
static pair log_of(double x)
{
    static const double terms[] = {2.0 / 27, 2.0 / 25, 2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17,
                                   2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5};
    static const pair two_thirds = {0x1.5555555555555p-1, 0x1.5555555555555p-55};
    double exponent;
    const pair s = ratio_of(mantissa_of(x, &exponent) - 1);
    const pair square = product_of_pairs(s, s);
    const pair cubic = product_of_pairs(product_of_pairs(square, s), two_thirds);
    const double rest = s.high * square.high * square.high * POLYNOMIAL(terms, square.high);
    const pair tail = sum_of(cubic.high, rest + cubic.low);
    const pair whole = sum_of(exponent * LN_2_HIGH, 2 * s.high);
    const pair both = sum_of(whole.high, tail.high);
    const double low = exponent * LN_2_LOW + 2 * s.low + tail.low;
    return sum_of(both.high, both.low + whole.low + low);
}

double rnl_logarithm(double x)
{
    return log_of(x).high;
}

/* ---- power ----------------------------------------------------------------------------------- */

/* 2^n for n from -1022 to 1023. */
static double power_of_2(int64_t n)
{
    const int64_t bits = (n + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^(x.high + x.low), for |x| below 800: 2^n e^r with |r| at most ln(2) / 2, by Taylor's series. */
static double exp_of(pair x)
{
    static const double terms[] = {1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0,
                                   1 / 362880.0,     1 / 40320.0,     1 / 5040.0,     1 / 720.0,
                                   1 / 120.0,        1 / 24.0,        1 / 6.0,        1 / 2.0};
    const double n = floor(x.high * 0x1.71547652b82fep+0 + 0.5);
    const pair r = sum_of(x.high - n * LN_2_HIGH, x.low - n * LN_2_LOW);
    const double rest = r.high * r.high * POLYNOMIAL(terms, r.high) + r.low + r.low * r.high;
    const pair begin = sum_of(1, r.high);
    const int64_t whole = (int64_t)n, half = whole >> 1;
    return (begin.high + (begin.low + rest)) * power_of_2(half) * power_of_2(whole - half);
}

double rnl_exponential(double x)
{
    if (isnan(x))
        return x;
    if (!(fabs(x) < 800))
        return x > 0 ? INFINITY : 0;
    return exp_of((pair){x, 0});
}

/* x^y where one of them is 0, infinite or no number, or x is 1. */
static double limit_of(double x, double y)
{
    if (x == 1 || y == 0)
        return 1;
    if (isnan(x) || isnan(y))
        return NAN;
    return (x > 1) == (y > 0) ? INFINITY : 0;
}

double rnl_power(double x, double y)
{
    const bool ordinary = x > 0 && x <= 0x1.fffffffffffffp+1023 && x != 1 && y != 0;
    if (!ordinary || !isfinite(y))
        return limit_of(x, y);
    const pair logarithm = log_of(x);
    const double rough = y * logarithm.high;
    if (!(fabs(rough) < 800))
        return rough > 0 ? INFINITY : 0;
    const pair exponent = product_of(y, logarithm.high);
    return exp_of(sum_of(exponent.high, exponent.low + y * logarithm.low));
}

/* ---- circle ---------------------------------------------------------------------------------- */

/* sin and cos of x.high + x.low, at most an eighth of a turn, by Taylor's series. */
static double sine_of(pair x)
{
    static const double terms[] = {
        1 / 355687428096000.0, -1 / 1307674368000.0, 1 / 6227020800.0, -1 / 39916800.0,
        1 / 362880.0,          -1 / 5040.0,          1 / 120.0,        -1 / 6.0};
    const double square = x.high * x.high;
    return x.high + (x.high * square * POLYNOMIAL(terms, square) + x.low * (1 - square / 2));
}

static double cosine_of(pair x)
{
    static const double terms[] = {
        1 / 20922789888000.0, -1 / 87178291200.0, 1 / 479001600.0, -1 / 3628800.0,
        1 / 40320.0,          -1 / 720.0,         1 / 24.0};
    const pair square = product_of(x.high, x.high);
    const pair begin = sum_of(1, -square.high / 2);
    const double rest = square.high * square.high * POLYNOMIAL(terms, square.high);
    return begin.high + (begin.low + (rest - square.low / 2 - x.high * x.low));
}

/* The point at an angle of at most an eighth of a turn, so many quarters further on. */
static rnl_circle_point point_at(pair angle, double quarters)
{
    const double sine = sine_of(angle), cosine = cosine_of(angle);
    switch ((int64_t)quarters & 3) {
    case 0:
        return (rnl_circle_point){cosine, sine};
    case 1:
        return (rnl_circle_point){-sine, cosine};
    case 2:
        return (rnl_circle_point){-cosine, -sine};
    default:
        return (rnl_circle_point){sine, -cosine};
    }
}

rnl_circle_point rnl_circle(double turns)
{
    static const pair two_pi = {0x1.921fb54442d18p+2, 0x1.1a62633145c07p-52};
    const double quarters = floor(4 * turns + 0.5), rest = turns - quarters / 4;
    return point_at(product_of_pairs((pair){rest, 0}, two_pi), quarters);
}

/* radians - quarters pi / 2, with pi / 2 as three numbers. */
rnl_circle_point rnl_angle(double radians)
{
    static const double half_pi[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54,
                                     -0x1.f1976b7ed8fbcp-110};
    if (!(fabs(radians) <= 0x1p30))
        return (rnl_circle_point){NAN, NAN};
    const double quarters = floor(radians * 0x1.45f306dc9c883p-1 + 0.5);
    const pair first = product_of(-quarters, half_pi[0]),
               second = product_of(-quarters, half_pi[1]);
    const pair rough = sum_of(radians, first.high), finer = sum_of(first.low, second.high);
    const pair high = sum_of(rough.high, finer.high);
    const double low = ((high.low + rough.low) + finer.low) + (second.low - quarters * half_pi[2]);
    return point_at(sum_of(high.high, low), quarters);
}
