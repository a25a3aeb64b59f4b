/*
 * Formulas: each operator against the C library in double, programs of several rows, and rows that
 * are longer than a block.
 */
#include "tests/kernels/kernel_checks.h"

/* Register 0 is z, 1 and 2 are numbers; all results but the last are overwritten: a sum of all
 * operators for the test of equal bits. */
const rnl_formula_program every_operator = {
    .numbers = 2,
    .number = {0.7f, 3},
    .steps = 43,
    .value_steps = 43,
    .step =
        {
            {RNL_OP_ABS, 3, 0, 0, 0},      {RNL_OP_EXP, 4, 0, 0, 0},
            {RNL_OP_LOG, 5, 3, 0, 0},      {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_SQRT, 5, 3, 0, 0},     {RNL_OP_SUBTRACT, 4, 4, 5, 0},
            {RNL_OP_COS, 5, 0, 0, 0},      {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_SIN, 5, 0, 0, 0},      {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_FLOOR, 5, 0, 0, 0},    {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_TANH, 5, 0, 0, 0},     {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_SIGMOID, 5, 0, 0, 0},  {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_NEGATE, 5, 0, 0, 0},   {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_POWER, 5, 3, 1, 0},    {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_POWER, 5, 0, 2, 0},    {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_POWER, 5, 1, 0, 0},    {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_DIVIDE, 5, 1, 0, 0},   {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_MULTIPLY, 5, 0, 3, 0}, {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_MINIMUM, 5, 0, 1, 0},  {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_MAXIMUM, 5, 0, 1, 0},  {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_LESS, 5, 0, 1, 0},     {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_AT_MOST, 5, 0, 1, 0},  {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_EQUAL, 5, 0, 3, 0},    {RNL_OP_ADD, 4, 4, 5, 0},
            {RNL_OP_UNEQUAL, 5, 0, 3, 0},  {RNL_OP_CHOOSE, 5, 5, 0, 1},
            {RNL_OP_ADD, 4, 4, 5, 0},      {RNL_OP_ADD, 4, 4, 0, 0},
            {RNL_OP_MULTIPLY, 6, 4, 1, 0},
        },
    .value = 4,
    .slope = 6,
};

/* One step on z and a number. */
static float formula_of(const rnl_kernels *k, rnl_operator op, float z, float number)
{
    const rnl_formula_program program = {.numbers = 1,
                                         .number = {number},
                                         .steps = 1,
                                         .value_steps = 1,
                                         .step = {{(uint8_t)op, 2, 0, 1, 0}},
                                         .value = 2};
    float y;
    k->formula_forward(&(const rnl_activation_forward){
        .rows = 1, .columns = 1, .z = {&z, 1}, .y = {&y, 1}, .self = &program});
    return y;
}

static void expect_operator(const rnl_kernels *k, rnl_operator op, float z, float number,
                            double exact, double within)
{
    const double found = (double)formula_of(k, op, z, number);
    if (isnan(exact))
        cr_assert(isnan(found), "operator %d of %g, %g: %g", op, (double)z, (double)number, found);
    else
        cr_assert(found == exact || fabs(found - exact) <= within,
                  "operator %d of %g, %g: %g, not %g", op, (double)z, (double)number, found, exact);
}

static void check_operators(const rnl_kernels *k, float z, float b)
{
    const double x = (double)z, y = (double)b, ulp = 0x1p-23;
    expect_operator(k, RNL_OP_ADD, z, b, x + y, ulp * fabs(x + y));
    expect_operator(k, RNL_OP_SUBTRACT, z, b, x - y, ulp * fabs(x - y));
    expect_operator(k, RNL_OP_MULTIPLY, z, b, x * y, ulp * fabs(x * y));
    expect_operator(k, RNL_OP_DIVIDE, z, b, x / y, ulp * fabs(x / y));
    expect_operator(k, RNL_OP_MINIMUM, z, b, fmin(x, y), 0);
    expect_operator(k, RNL_OP_MAXIMUM, z, b, fmax(x, y), 0);
    expect_operator(k, RNL_OP_LESS, z, b, x < y, 0);
    expect_operator(k, RNL_OP_AT_MOST, z, b, x <= y, 0);
    expect_operator(k, RNL_OP_EQUAL, z, b, x == y, 0);
    expect_operator(k, RNL_OP_UNEQUAL, z, b, x != y, 0);
    expect_operator(k, RNL_OP_NEGATE, z, 0, -x, 0);
    expect_operator(k, RNL_OP_ABS, z, 0, fabs(x), 0);
    expect_operator(k, RNL_OP_FLOOR, z, 0, floor(x), 0);
    expect_operator(k, RNL_OP_SQRT, z, 0, sqrt(x), ulp * sqrt(fabs(x)));
    expect_operator(k, RNL_OP_EXP, z, 0, exp(x), 2 * ulp * exp(x));
    expect_operator(k, RNL_OP_LOG, z, 0, log(x), 2 * ulp * (1 + fabs(log(x))));
    expect_operator(k, RNL_OP_SIN, z, 0, sin(x), 2 * ulp);
    expect_operator(k, RNL_OP_COS, z, 0, cos(x), 2 * ulp);
    expect_operator(k, RNL_OP_TANH, z, 0, tanh(x), 2 * ulp);
    expect_operator(k, RNL_OP_SIGMOID, z, 0, 1 / (1 + exp(-x)), 2 * ulp);
    const double power = pow(x, y);
    if (isnan(power) || (fabs(power) < 1e38 && fabs(power) > 1e-37))
        expect_operator(k, RNL_OP_POWER, z, b, power,
                        ulp * fabs(power) * (3 + fabs(y * log(fabs(x))) + fabs(y)));
}

/* A program of a step that bends and one that grows, over rows with gaps. */
static void check_rows(const rnl_kernels *k, size_t rows, size_t columns)
{
    enum { SIDE = 600, GAP = 7 };
    static float z[5 * (SIDE + GAP)], bias[SIDE], y[5 * (SIDE + GAP)], kept[5 * (SIDE + GAP)];
    const rnl_formula_program program = {
        .numbers = 1,
        .number = {0.25f},
        .steps = 2,
        .value_steps = 1,
        .step = {{RNL_OP_MAXIMUM, 2, 0, 1, 0}, {RNL_OP_MULTIPLY, 3, 2, 0, 0}},
        .value = 2,
        .slope = 3};
    for (size_t i = 0; i < 5 * (SIDE + GAP); ++i) {
        z[i] = random_float(2);
        y[i] = kept[i] = 77;
    }
    for (size_t i = 0; i < SIDE; ++i)
        bias[i] = random_float(1);
    k->formula_forward(&(const rnl_activation_forward){.rows = rows,
                                                       .columns = columns,
                                                       .z = {z, SIDE},
                                                       .bias = bias,
                                                       .y = {y, SIDE + GAP},
                                                       .kept = kept,
                                                       .self = &program});
    for (size_t i = 0; i < 5; ++i)
        for (size_t j = 0; j < SIDE; ++j) {
            const bool inside = i < rows && j < columns;
            const float sum = z[i * SIDE + j] + bias[j], most = fmaxf(sum, 0.25f);
            cr_assert_eq(y[i * (SIDE + GAP) + j], inside ? most : 77);
            cr_assert_eq(kept[i * (SIDE + GAP) + j], inside ? most * sum : 77);
        }
}

void check_formula_forward(const rnl_kernels *k)
{
    static const float at[] = {-30,  -7.5f, -3, -2, -1,   -0.5f, -1e-3f, 0, 1e-4f,
                               0.3f, 0.5f,  1,  2,  2.5f, 3,     11,     40};
    enum { POINTS = sizeof at / sizeof *at };
    for (size_t i = 0; i < POINTS; ++i)
        for (size_t j = 0; j < POINTS; ++j)
            check_operators(k, at[i], at[j] / 2);
    for (size_t i = 0; i < 2000; ++i)
        check_operators(k, random_float(i % 2 == 0 ? 3 : 25), random_float(3));
    expect_operator(k, RNL_OP_MAXIMUM, NAN, 1, NAN, 0);
    expect_operator(k, RNL_OP_MINIMUM, 1, NAN, NAN, 0);
    expect_operator(k, RNL_OP_SIN, 1e6f, 0, NAN, 0);
    expect_operator(k, RNL_OP_POWER, 0, 0, 1, 0);
    for (size_t columns = 1; columns <= 600; columns += columns < 70 ? 1 : 53)
        check_rows(k, 1 + columns % 5, columns);
}
