/*
 * Slopes of formulas: for each operation, in their order, one more that computes its slope from
 * those of its operands.  What is always 0 or 1 is left out.
 */
#include "engine/schema/formula.h"

typedef struct slopes {
    rnl_formula *f;
    size_t zero, one;
    uint16_t begin, length; /* of the text whose slope is made */
} slopes;

static size_t add_three(slopes *s, rnl_operator op, size_t a, size_t b, size_t c)
{
    return rnl_formula_add(
        s->f, (rnl_operation){
                  op, {(uint16_t)a, (uint16_t)b, (uint16_t)c}, s->begin, s->length, .number = 0});
}

static size_t add(slopes *s, rnl_operator op, size_t a, size_t b)
{
    return add_three(s, op, a, b, 0);
}

static size_t number(slopes *s, double value)
{
    return rnl_formula_add(s->f, (rnl_operation){.number = value});
}

static size_t sum(slopes *s, size_t a, size_t b)
{
    return a == s->zero ? b : b == s->zero ? a : add(s, RNL_OP_ADD, a, b);
}

static size_t negated(slopes *s, size_t a)
{
    return a == s->zero ? a : add(s, RNL_OP_NEGATE, a, 0);
}

static size_t difference(slopes *s, size_t a, size_t b)
{
    return b == s->zero ? a : a == s->zero ? negated(s, b) : add(s, RNL_OP_SUBTRACT, a, b);
}

static size_t product(slopes *s, size_t a, size_t b)
{
    if (a == s->zero || b == s->zero)
        return s->zero;
    return a == s->one ? b : b == s->one ? a : add(s, RNL_OP_MULTIPLY, a, b);
}

static size_t quotient(slopes *s, size_t a, size_t b)
{
    return a == s->zero ? a : add(s, RNL_OP_DIVIDE, a, b);
}

static size_t choice(slopes *s, size_t condition, size_t yes, size_t no)
{
    return yes == no ? yes : add_three(s, RNL_OP_CHOOSE, condition, yes, no);
}

/* a^b: b a^(b-1) a' + a^b log(a) b' */
static size_t slope_of_power(slopes *s, size_t value, size_t a, size_t b, size_t da, size_t db)
{
    const rnl_operation *exponent = &s->f->operations[b];
    const size_t less = exponent->op == RNL_OP_NUMBER ? number(s, exponent->number - 1)
                        : da == s->zero               ? s->zero
                                                      : difference(s, b, s->one);
    const size_t root = less == s->one ? a : add(s, RNL_OP_POWER, a, less);
    const size_t first = da == s->zero ? da : product(s, product(s, b, root), da);
    return db == s->zero
               ? first
               : sum(s, first, product(s, product(s, value, add(s, RNL_OP_LOG, a, 0)), db));
}

static size_t slope_of_binary(slopes *s, size_t value, const rnl_operation *o, const size_t *d)
{
    const size_t a = o->operands[0], b = o->operands[1];
    switch (o->op) {
    case RNL_OP_ADD:
        return sum(s, d[0], d[1]);
    case RNL_OP_SUBTRACT:
        return difference(s, d[0], d[1]);
    case RNL_OP_MULTIPLY:
        return sum(s, product(s, d[0], b), product(s, a, d[1]));
    case RNL_OP_DIVIDE:
        return quotient(s, difference(s, d[0], product(s, value, d[1])), b);
    case RNL_OP_POWER:
        return slope_of_power(s, value, a, b, d[0], d[1]);
    case RNL_OP_MINIMUM:
        return choice(s, add(s, RNL_OP_AT_MOST, a, b), d[0], d[1]);
    case RNL_OP_MAXIMUM:
        return choice(s, add(s, RNL_OP_AT_MOST, b, a), d[0], d[1]);
    default: /* comparisons */
        return s->zero;
    }
}

static size_t slope_of_unary(slopes *s, size_t value, const rnl_operation *o, size_t d)
{
    const size_t a = o->operands[0], one = s->one;
    switch (o->op) {
    case RNL_OP_NEGATE:
        return negated(s, d);
    case RNL_OP_EXP:
        return product(s, value, d);
    case RNL_OP_LOG:
        return quotient(s, d, a);
    case RNL_OP_SQRT:
        return quotient(s, d, add(s, RNL_OP_ADD, value, value));
    case RNL_OP_COS:
        return negated(s, product(s, add(s, RNL_OP_SIN, a, 0), d));
    case RNL_OP_SIN:
        return product(s, add(s, RNL_OP_COS, a, 0), d);
    case RNL_OP_ABS:
        return choice(s, add(s, RNL_OP_LESS, a, s->zero), negated(s, d), d);
    case RNL_OP_TANH: /* (1 - y) (1 + y) */
        return product(s, product(s, difference(s, one, value), sum(s, one, value)), d);
    case RNL_OP_SIGMOID:
        return product(s, product(s, value, difference(s, one, value)), d);
    default: /* floor */
        return s->zero;
    }
}

size_t rnl_formula_slope(rnl_formula *f, size_t name)
{
    size_t d[RNL_FORMULA_OPERATIONS] = {0};
    slopes s = {.f = f};
    s.zero = number(&s, 0);
    s.one = number(&s, 1);
    for (size_t i = 0; i <= f->value; ++i) {
        const rnl_operation o = f->operations[i];
        s.begin = o.begin, s.length = o.length;
        const size_t of_operands[] = {d[o.operands[0]], d[o.operands[1]], d[o.operands[2]]};
        if (o.op <= RNL_OP_NAME)
            d[i] = o.op == RNL_OP_NAME && o.operands[0] == name ? s.one : s.zero;
        else if (o.op == RNL_OP_CHOOSE)
            d[i] = choice(&s, o.operands[0], of_operands[1], of_operands[2]);
        else if (rnl_operator_takes(o.op) == 2)
            d[i] = slope_of_binary(&s, i, &o, of_operands);
        else
            d[i] = slope_of_unary(&s, i, &o, of_operands[0]);
    }
    return d[f->value];
}
