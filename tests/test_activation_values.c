/*
 * Activations by themselves: values and slopes against closed forms in double, and what is no
 * function of one number.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { POINTS = 401 };

static double of_relu(double z)
{
    return fmax(0, z);
}

static double of_elu(double z)
{
    return z >= 0 ? z : 1.5 * expm1(z);
}

static double of_leaky_relu(double z)
{
    return z >= 0 ? z : 0.2 * z;
}

static double of_sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double of_softplus(double z)
{
    return log1p(exp(z));
}

static double of_gelu(double z)
{
    return z * erfc(-z / sqrt(2)) / 2;
}

static double of_mish(double z)
{
    return z * tanh(log1p(exp(z)));
}

static double of_formula(double z)
{
    return z / (1 + z * z);
}

static void expect_near(const char *name, const char *what, double z, float found, double expected)
{
    cr_expect_float_eq((double)found, expected, 4e-6 * fmax(1, fabs(expected)),
                       "%s, %s at %g: %.9g, not %.9g", name, what, z, (double)found, expected);
}

/* The slope is compared away from 0, where some have two. */
static void check(const char *name, double (*f)(double z))
{
    const double h = 1e-5;
    float z[POINTS], y[POINTS], slope[POINTS];
    for (int i = 0; i < POINTS; ++i)
        z[i] = (float)(-5 + 10.0 * i / (POINTS - 1));
    cr_assert_eq(rnl_activation_values(name, z, y, slope, POINTS), RNL_OK, "%s", rnl_message());
    for (int i = 0; i < POINTS; ++i) {
        const double at = (double)z[i];
        expect_near(name, "f", at, y[i], f(at));
        if (fabs(at) > h)
            expect_near(name, "f'", at, slope[i], (f(at + h) - f(at - h)) / (2 * h));
    }
}

Test(activation_values, are_those_of_closed_forms)
{
    check("relu", of_relu);
    check("elu: {alpha: 1.5}", of_elu);
    check("{leaky_relu: 0.2}", of_leaky_relu);
    check("sigmoid", of_sigmoid);
    check("logistic", of_sigmoid);
    check("tanh", tanh);
    check("exponential", exp);
    check("softplus", of_softplus);
    check("gelu", of_gelu);
    check("mish", of_mish);
    check("z / (1 + z^2)", of_formula);
    check("formula: z / (1 + z*z)", of_formula);
}

Test(activation_values, refuse_what_is_none)
{
    static const struct {
        const char *activation, *message;
    } cases[] = {
        {"elux", "activation:1:1: unknown activation 'elux'; did you mean 'elu'?"},
        {"softmax", "softmax is no function of one number"},
        {"prelu", "the slope of prelu is learned or drawn"},
        {"rrelu: {lower: 0.1}", "the slope of rrelu is learned or drawn"},
        {"max(0.1*zz, z)", "unknown name 'zz'"},
        {"1 / z", "at z = 0"},
        {"", "expected one activation"},
        {"[elu]", "expected one activation"},
        {"{", "not valid YAML"},
    };
    float z[1] = {1}, y[1] = {7}, slope[1] = {7};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cr_expect_eq(rnl_activation_values(cases[i].activation, z, y, slope, 1), RNL_BAD_CONFIG);
        cr_expect(strstr(rnl_message(), cases[i].message), "%s: %s", cases[i].activation,
                  rnl_message());
    }
    cr_expect(y[0] == 7 && slope[0] == 7);
}
