#include "engine/schema/formula.h"

#include "engine/base/functions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_same(const rnl_operation *a, const rnl_operation *b)
{
    return a->op == b->op && memcmp(a->operands, b->operands, sizeof a->operands) == 0 &&
           memcmp(&a->number, &b->number, sizeof a->number) == 0;
}

size_t rnl_formula_add(rnl_formula *f, rnl_operation operation)
{
    for (size_t i = 0; i < f->count; ++i)
        if (is_same(&f->operations[i], &operation))
            return i;
    if (f->count == RNL_FORMULA_OPERATIONS) {
        f->full = true;
        return 0;
    }
    f->operations[f->count] = operation;
    return f->count++;
}

bool rnl_formula_uses(const rnl_formula *f, size_t name)
{
    for (size_t i = 0; i < f->count; ++i)
        if (f->operations[i].op == RNL_OP_NAME && f->operations[i].operands[0] == name)
            return true;
    return false;
}

/* ---- in double ------------------------------------------------------------------------------- */

/* A negative base has whole powers alone. */
static double power(double x, double y)
{
    if (!(x < 0))
        return rnl_power(x, y);
    const double size = rnl_power(-x, y), half = y / 2;
    if (isfinite(y) && floor(y) != y)
        return NAN;
    return isfinite(y) && floor(half) != half ? -size : size;
}

static double logarithm(double x)
{
    if (x > 0 && isfinite(x))
        return rnl_logarithm(x);
    return x > 0 ? x : x == 0 ? -INFINITY : NAN;
}

/* Without a difference of numbers near each other. */
static double sigmoid(double x)
{
    const double e = rnl_exponential(-fabs(x));
    return (x >= 0 ? 1 : e) / (1 + e) + (isnan(x) ? x : 0);
}

/* x - x^3 / 3 + ... near 0, where a difference would lose digits. */
static double hyperbolic_tangent(double x)
{
    const double square = x * x, e = rnl_exponential(-2 * fabs(x));
    if (fabs(x) < 0x1p-6)
        return x * (1 + square * (-1.0 / 3 + square * (2.0 / 15 + square * (-17.0 / 315))));
    return copysign((1 - e) / (1 + e), x);
}

/* min and max are NaN if either is. */
static double smaller(double a, double b)
{
    return isnan(a) || a < b ? a : b;
}

static double larger(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

static double compute(rnl_operator op, double a, double b, double c)
{
    switch (op) {
    case RNL_OP_ADD:
        return a + b;
    case RNL_OP_SUBTRACT:
        return a - b;
    case RNL_OP_MULTIPLY:
        return a * b;
    case RNL_OP_DIVIDE:
        return a / b;
    case RNL_OP_POWER:
        return power(a, b);
    case RNL_OP_MINIMUM:
        return smaller(a, b);
    case RNL_OP_MAXIMUM:
        return larger(a, b);
    case RNL_OP_LESS:
        return a < b;
    case RNL_OP_AT_MOST:
        return a <= b;
    case RNL_OP_EQUAL:
        return a == b;
    case RNL_OP_UNEQUAL:
        return a != b;
    case RNL_OP_CHOOSE:
        return a != 0 ? b : c;
    case RNL_OP_NEGATE:
        return -a;
    case RNL_OP_EXP:
        return rnl_exponential(a);
    case RNL_OP_LOG:
        return logarithm(a);
    case RNL_OP_SQRT:
        return sqrt(a);
    case RNL_OP_COS:
        return rnl_angle(a).cosine;
    case RNL_OP_SIN:
        return rnl_angle(a).sine;
    case RNL_OP_FLOOR:
        return floor(a);
    case RNL_OP_ABS:
        return fabs(a);
    case RNL_OP_TANH:
        return hyperbolic_tangent(a);
    case RNL_OP_SIGMOID:
        return sigmoid(a);
    case RNL_OP_NUMBER:
    case RNL_OP_NAME:
        break;
    }
    return NAN;
}

static void compute_all(double *values, const rnl_formula *f, size_t operation,
                        const double *variables)
{
    for (size_t i = 0; i <= operation; ++i) {
        const rnl_operation *o = &f->operations[i];
        if (o->op == RNL_OP_NUMBER)
            values[i] = o->number;
        else if (o->op == RNL_OP_NAME)
            values[i] = variables[o->operands[0]];
        else
            values[i] = compute(o->op, values[o->operands[0]], values[o->operands[1]],
                                values[o->operands[2]]);
    }
}

double rnl_formula_compute(const rnl_formula *f, size_t operation, const double *variables)
{
    double values[RNL_FORMULA_OPERATIONS] = {0};
    compute_all(values, f, operation, variables);
    return values[operation];
}

/* ---- what went wrong ------------------------------------------------------------------------- */

static bool is_used(const rnl_operation *o, unsigned operand, const double *values)
{
    return o->op != RNL_OP_CHOOSE || operand == 0 ||
           operand == (values[o->operands[0]] != 0 ? 1u : 2u);
}

/* An operand that is NaN explains a result that is; else one that is too large explains any. */
static bool find_wrong_operand(size_t *operation, const rnl_formula *f, const double *values,
                               double most)
{
    const rnl_operation *o = &f->operations[*operation];
    for (int too_large = isnan(values[*operation]) ? 0 : 1; too_large < 2; ++too_large)
        for (unsigned k = 0; k < rnl_operator_takes(o->op); ++k) {
            const double value = values[o->operands[k]];
            if (is_used(o, k, values) && (too_large ? !(fabs(value) <= most) : isnan(value))) {
                *operation = o->operands[k];
                return true;
            }
        }
    return false;
}

void rnl_formula_explain(char *text, size_t size, const rnl_formula *f, size_t operation,
                         const double *variables, double most)
{
    double values[RNL_FORMULA_OPERATIONS] = {0};
    compute_all(values, f, operation, variables);
    *text = '\0';
    if (fabs(values[operation]) <= most)
        return;
    while (find_wrong_operand(&operation, f, values, most))
        ;
    const rnl_operation *o = &f->operations[operation];
    const bool is_slope = operation > f->value;
    const double value = isnan(values[operation]) ? NAN : values[operation]; /* without a sign */
    snprintf(text, size, ": %s%.*s is %g, at character %u of \"%.200s\"",
             is_slope ? "the slope of " : "", o->length < 200 ? (int)o->length : 200,
             f->text + o->begin, value, o->begin + 1u, f->text);
}
