/*
 * Formulas: values against the C library, slopes against finite differences, and the messages that
 * refuse others.
 */
#include "engine/schema/formula.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const names[] = {"z", "rate", NULL};

static rnl_formula *parsed(const char *text)
{
    rnl_formula *formula = NULL;
    const rnl_place place = {.source = "test.yaml", .line = 3, .column = 5};
    cr_assert_eq(rnl_formula_parse(&formula, text, place, "formula", names), RNL_OK, "%s: %s", text,
                 rnl_message());
    return formula;
}

static double value_of(const char *text, double z)
{
    rnl_formula *formula = parsed(text);
    const double variables[] = {z, 0.25},
                 value = rnl_formula_compute(formula, formula->value, variables);
    rnl_formula_free(formula);
    return value;
}

static void expect_value(const char *text, double z, double expected)
{
    const double value = value_of(text, z);
    cr_expect(isnan(expected)
                  ? isnan(value)
                  : value == expected || fabs(value - expected) <= 4e-16 * fabs(expected),
              "%s at %g: %.17g, not %.17g", text, z, value, expected);
}

Test(formula, grammar)
{
    expect_value("1 + 2 * 3", 0, 7);
    expect_value("(1 + 2) * 3", 0, 9);
    expect_value("7 - 2 - 1", 0, 4);
    expect_value("8 / 4 / 2", 0, 1);
    expect_value("2^3^2", 0, 512);
    expect_value("-2^2", 0, -4);
    expect_value("2^-1", 0, 0.5);
    expect_value("--3 + +4", 0, 7);
    expect_value(" .5e1 *1E-1\n", 0, 0.5);
    expect_value("rate * z", 8, 2);
    expect_value("(z > 1) + 2 * (z >= 1) + 4 * (z < 1) + 8 * (z <= 1)", 1, 10);
    expect_value("(z == 1) + 2 * (z != 1)", 1, 1);
    expect_value("if(z > 2 * rate, 5, 6)", 0.5, 6);
    expect_value("if(z > 0, 1/z, 7)", 0, 7);
    expect_value("min(z, 3) + max(z, 3)", 10, 13);
}

Test(formula, functions)
{
    static const double at[] = {-1e30, -800, -30.5, -1, -0.5, -1e-3, -1e-9, 0,
                                1e-9,  1e-3, 0.7,   1,  2.5,  30.5,  800,   1e30};
    for (size_t i = 0; i < COUNT(at); ++i) {
        const double z = at[i];
        expect_value("exp(z)", z, exp(z));
        expect_value("log(z)", z, log(z));
        expect_value("sqrt(z)", z, sqrt(z));
        expect_value("floor(z)", z, floor(z));
        expect_value("abs(z)", z, fabs(z));
        expect_value("z^3", z, pow(z, 3));
        expect_value("z^-2", z, pow(z, -2));
        expect_value("z^0.5", z, pow(z, 0.5));
        expect_value("0.1^z", z, pow(0.1, z));
        cr_expect_float_eq(value_of("tanh(z)", z), tanh(z), 4e-16);
        cr_expect_float_eq(value_of("sigmoid(z)", z), 1 / (1 + exp(-z)), 4e-16);
        if (fabs(z) < 1e6) {
            cr_expect_float_eq(value_of("cos(z)", z), cos(z), 2e-16);
            cr_expect_float_eq(value_of("sin(2 * pi * z)", z), sin(2 * M_PI * z), 2e-16);
        }
    }
    expect_value("max(z, 1)", NAN, NAN);
    expect_value("min(1, z)", NAN, NAN);
    expect_value("(0 - 1)^z", INFINITY, 1);
    expect_value("cos(z)", 1e30, NAN);
}

/* Every function, and how slopes combine. */
static const char *const sloped[] = {
    "z",
    "3",
    "-z + 2*z - z/4",
    "z*z*z",
    "1/(1 + z*z)",
    "(2 + sin(z))^3",
    "(2 + z*z)^-0.5",
    "2^z",
    "(3 + z)^z",
    "if(z >= 0, z, exp(z) - 1)",
    "max(0.1*z, z)",
    "min(z, z*z)",
    "exp(-z*z)",
    "log(1 + exp(z))",
    "sqrt(1 + z*z)",
    "cos(3*z)",
    "z + floor(z)",
    "abs(z) * z",
    "z * tanh(log(1 + exp(z)))",
    "z * sigmoid(1.702*z)",
    "(z > 0.5) * z",
};

Test(formula, slopes)
{
    static const double at[] = {-2.3, -1.1, -0.4, 0.3, 0.8, 1.7, 2.9};
    for (size_t i = 0; i < COUNT(sloped); ++i) {
        rnl_formula *f = parsed(sloped[i]);
        const size_t slope = rnl_formula_slope(f, 0);
        cr_expect_not(f->full);
        for (size_t k = 0; k < COUNT(at); ++k) {
            const double h = 1e-6, z[] = {at[k], 0}, above[] = {at[k] + h, 0},
                         below[] = {at[k] - h, 0};
            const double found = rnl_formula_compute(f, slope, z);
            const double expected = (rnl_formula_compute(f, f->value, above) -
                                     rnl_formula_compute(f, f->value, below)) /
                                    (2 * h);
            cr_expect_float_eq(found, expected, 1e-8 * (1 + fabs(expected)), "%s at %g: %g, not %g",
                               sloped[i], at[k], found, expected);
        }
        rnl_formula_free(f);
    }
}

/* Equal operations are one, and what is 0 or 1 is left out. */
Test(formula, slopes_are_short)
{
    rnl_formula *f = parsed("if(z >= 0, z, exp(z) - 1)");
    rnl_formula_slope(f, 0);
    cr_expect_eq(f->count, 8, "%zu", f->count);
    rnl_formula_free(f);
}

static void expect_explained(const char *text, double z, bool slope, const char *expected)
{
    char found[700];
    rnl_formula *f = parsed(text);
    const double variables[] = {z, 0.25};
    const size_t operation = slope ? rnl_formula_slope(f, 0) : f->value;
    rnl_formula_explain(found, sizeof found, f, operation, variables, 1e300);
    cr_expect_str_eq(found, expected, "%s at %g: '%s'", text, z, found);
    rnl_formula_free(f);
}

/* The first to go wrong of what the value is made of, and nothing of an operand that is not used.
 */
Test(formula, what_went_wrong)
{
    expect_explained("1 + log(z)", 1, false, "");
    expect_explained("1 + rate * log( z - 1 ) ", 1, false,
                     ": log( z - 1 ) is -inf, at character 12 of \"1 + rate * log( z - 1 ) \"");
    expect_explained("2 * sqrt(-z)", 1, false,
                     ": sqrt(-z) is nan, at character 5 of \"2 * sqrt(-z)\"");
    expect_explained("if(z > 0, log(z), 1/z)", 0, false,
                     ": 1/z is inf, at character 19 of \"if(z > 0, log(z), 1/z)\"");
    expect_explained("if(z > 0, 3 - (1 / z - 2)^0.5, log(z))", 1, false,
                     ": (1 / z - 2)^0.5 is nan, at character 15 of \"if(z > 0, 3 - (1 / z - "
                     "2)^0.5, log(z))\"");
    expect_explained("max(exp(1e9), log(-z))", 1, false,
                     ": log(-z) is nan, at character 15 of \"max(exp(1e9), log(-z))\"");
    expect_explained("exp(9e9*z) - exp(9e9)", 1, false,
                     ": exp(9e9*z) is inf, at character 1 of \"exp(9e9*z) - exp(9e9)\"");
    expect_explained("1e200*z*-1e150", 1, false,
                     ": 1e200*z*-1e150 is -inf, at character 1 of \"1e200*z*-1e150\"");
    expect_explained("z + 1 + sqrt(z)", 0, true,
                     ": the slope of sqrt(z) is inf, at character 9 of \"z + 1 + sqrt(z)\"");
}

static void expect_refused(const char *text, const char *message)
{
    rnl_formula *formula = NULL;
    const rnl_place place = {.source = "test.yaml", .line = 3, .column = 5};
    cr_expect_eq(rnl_formula_parse(&formula, text, place, "formula", names), RNL_BAD_CONFIG,
                 "%.99s", text);
    cr_expect(strstr(rnl_message(), message), "%.99s: %s", text, rnl_message());
}

Test(formula, mistakes)
{
    expect_refused("2 * Z + 1",
                   "test.yaml:3:5: formula: unknown name 'Z', at character 5 of \"2 * Z "
                   "+ 1\"; did you mean z?");
    expect_refused("expp(z)",
                   "unknown name 'expp', at character 1 of \"expp(z)\"; did you mean exp?");
    expect_refused("epoch_number",
                   "unknown name 'epoch_number': expected z, rate, or pi, min, max, ");
    expect_refused("exp z", "expected '(' behind a function, got 'z', at character 5");
    expect_refused("exp(z",
                   "expected ')' behind the operand of exp, got the end, at character 6 of "
                   "\"exp(z\"; within braces of YAML, a formula with commas stands in quotes");
    expect_refused("min(z)", "expected ',' and 2 operands of min in all, got ')', at character 6");
    expect_refused("min(z, 1, 2)", "expected ')' behind the operands of min, got ','");
    expect_refused("(z", "expected ')', got the end, at character 3");
    expect_refused("z)", "expected an operator or the end, got ')', at character 2");
    expect_refused("", "expected a number, a name or '(', got the end, at character 1");
    expect_refused("z + ", "expected a number, a name or '(', got the end");
    expect_refused("z ** 2", "expected a^b for a power, got **, at character 3");
    expect_refused("1e999", "expected a number, at character 1");
    expect_refused(".", "expected a number, at character 1");
    expect_refused("z < 1 < 2", "expected an operator or the end, got '<', at character 7");
    expect_refused("z = 1", "expected an operator or the end, got '=', at character 3");
    expect_refused("z \xff 1", "expected an operator or the end");
}

/* Texts that no person writes: deep, long, and of too many operations. */
Test(formula, hostile)
{
    static char deep[RNL_FORMULA_TEXT + 100];
    memset(deep, '(', 900);
    expect_refused(deep, "expected no more than 64 levels within each other, at character 65");
    memset(deep, '-', 900);
    expect_refused(deep, "expected no more than 64 levels within each other");
    for (size_t i = 0; i + 1 < 900; i += 2)
        memcpy(deep + i, "2^", 2);
    expect_refused(deep, "expected no more than 64 levels within each other");
    memset(deep, ' ', sizeof deep - 1);
    expect_refused(deep, "formula: expected a formula of at most 1000 bytes, got 1099");
    memset(deep, '1', 200);
    deep[200] = '\0';
    expect_refused(deep, "expected a number of at most 63 characters, at character 1");
    size_t length = 0;
    for (int i = 0; i < 260; ++i)
        length += (size_t)snprintf(deep + length, 4, "%c%c%c", "+-*/"[i % 4], '1' + i % 9, 'z');
    (void)length;
    deep[0] = ' ';
    expect_refused(deep, "expected an operator or the end");
}

/* More operations than there is room for are counted, not written. */
Test(formula, of_many_operations)
{
    rnl_formula *f = parsed("z");
    for (size_t i = 0; i < RNL_FORMULA_OPERATIONS; ++i)
        rnl_formula_add(f, (rnl_operation){.number = (double)i + 0.5});
    cr_expect(f->full);
    cr_expect_eq(f->count, RNL_FORMULA_OPERATIONS);
    rnl_formula_slope(f, 0);
    rnl_formula_free(f);
}
