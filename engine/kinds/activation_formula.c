/*
 * Activations that a formula says: it and its slope become steps over registers for the kernel
 * `formula_forward`.
 */
#include "engine/kinds/activation_formula.h"

#include "engine/base/error.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_POWER 16 /* whole ones up to it are products */

static const char *const names[] = {"z", NULL};

/* ---- steps ----------------------------------------------------------------------------------- */

typedef struct compiler {
    const rnl_formula *f;
    rnl_formula_program *program;
    size_t last_use[RNL_FORMULA_OPERATIONS];     /* 0: none */
    uint8_t register_of[RNL_FORMULA_OPERATIONS]; /* of those before the one at hand */
    bool taken[RNL_FORMULA_REGISTERS];
    bool full;
} compiler;

static uint8_t take_register(compiler *c)
{
    size_t i = 0;
    while (i < RNL_FORMULA_REGISTERS && c->taken[i])
        ++i;
    c->full |= i == RNL_FORMULA_REGISTERS;
    i %= RNL_FORMULA_REGISTERS;
    c->taken[i] = true;
    return (uint8_t)i;
}

static bool is_number(const compiler *c, size_t operation)
{
    return c->f->operations[operation].op == RNL_OP_NUMBER;
}

/* Follows what the value and the slope need, from the last operation back. */
static void find_uses(compiler *c, size_t slope)
{
    const rnl_formula *f = c->f;
    c->last_use[f->value] = c->last_use[slope] = SIZE_MAX;
    for (size_t i = f->count; i-- > 0;) {
        const rnl_operation *o = &f->operations[i];
        for (unsigned k = 0; c->last_use[i] && k < rnl_operator_takes(o->op); ++k)
            if (c->last_use[o->operands[k]] < i)
                c->last_use[o->operands[k]] = i;
    }
}

/* z and the numbers keep their registers. */
static void place_numbers(compiler *c)
{
    c->taken[0] = true;
    for (size_t i = 0; i < c->f->count; ++i)
        if (c->last_use[i] && is_number(c, i)) {
            c->register_of[i] = take_register(c);
            c->program->number[c->program->numbers] = (float)c->f->operations[i].number;
            c->program->numbers += !c->full;
        }
}

static void add_step(compiler *c, rnl_operator op, uint8_t to, uint8_t a, uint8_t b, uint8_t third)
{
    if (c->program->steps == RNL_FORMULA_STEPS)
        c->full = true;
    else
        c->program->step[c->program->steps++] = (rnl_formula_step){(uint8_t)op, to, a, b, third};
}

/* The exponent of a power that is a product, else 0. */
static unsigned whole_power(const compiler *c, const rnl_operation *o)
{
    const double exponent = c->f->operations[o->operands[1]].number;
    return o->op == RNL_OP_POWER && is_number(c, o->operands[1]) && exponent >= 2 &&
                   exponent <= MOST_POWER && floor(exponent) == exponent
               ? (unsigned)exponent
               : 0;
}

/* Squares, and a factor for each further bit of the exponent. */
static void add_power(compiler *c, unsigned exponent, uint8_t to, uint8_t x)
{
    unsigned bit = 1;
    while (bit * 2 <= exponent)
        bit *= 2;
    for (uint8_t at = x; bit > 1; at = to) {
        bit /= 2;
        add_step(c, RNL_OP_MULTIPLY, to, at, at, 0);
        if (exponent & bit)
            add_step(c, RNL_OP_MULTIPLY, to, to, x, 0);
    }
}

static bool is_root(const compiler *c, const rnl_operation *o)
{
    return o->op == RNL_OP_POWER && is_number(c, o->operands[1]) &&
           c->f->operations[o->operands[1]].number == 0.5;
}

/* The register of a result is taken before those of its operands are free: a power reads its
 * operand more than once. */
static void add_operation(compiler *c, size_t i)
{
    const rnl_operation *o = &c->f->operations[i];
    const unsigned power = whole_power(c, o);
    const uint8_t to = take_register(c), a = c->register_of[o->operands[0]],
                  b = c->register_of[o->operands[1]], third = c->register_of[o->operands[2]];
    c->register_of[i] = to;
    if (power > 0)
        add_power(c, power, to, a);
    else
        add_step(c, is_root(c, o) ? RNL_OP_SQRT : o->op, to, a, b, third);
    for (unsigned k = 0; k < rnl_operator_takes(o->op); ++k) {
        const size_t operand = o->operands[k];
        if (c->last_use[operand] == i && c->f->operations[operand].op > RNL_OP_NAME)
            c->taken[c->register_of[operand]] = false;
    }
}

static rnl_status compile(rnl_formula_program *program, const rnl_formula *f, size_t slope)
{
    compiler c = {.f = f, .program = program};
    find_uses(&c, slope);
    place_numbers(&c);
    for (size_t i = 0; i < f->count; ++i) {
        if (c.last_use[i] && f->operations[i].op > RNL_OP_NAME)
            add_operation(&c, i);
        if (i == f->value)
            program->value_steps = program->steps;
    }
    program->value = c.register_of[f->value];
    program->slope = c.register_of[slope];
    return f->full || c.full
               ? rnl_fail_at(f->place, "formula: expected one that is shorter: with its slope it "
                                       "has more operations or intermediate results than fit")
               : RNL_OK;
}

/* ---- what is read ---------------------------------------------------------------------------- */

static rnl_status fail_value(const rnl_formula *f, size_t operation, const char *what, double value,
                             double z)
{
    char why[600];
    rnl_formula_explain(why, sizeof why, f, operation, &z, (double)FLT_MAX);
    if (!*why) /* float32 alone has no number for it */
        snprintf(why, sizeof why, ", in \"%.200s\"", f->text);
    return rnl_fail_at(f->place, "formula: %s is %g at z = %g%s", what, isnan(value) ? NAN : value,
                       z, why);
}

/* Refuses what is no number where sums of inputs usually lie. */
static rnl_status check_values(const rnl_formula *f, size_t slope)
{
    enum { POINTS = 243 };
    float z[POINTS], y[POINTS], kept[POINTS];
    z[0] = 0, z[1] = -1e-3f, z[2] = 1e-3f;
    for (int i = 3; i < POINTS; ++i)
        z[i] = (float)((i % 2 == 0 ? 1 : -1) * (i - 1) / 2) * 0.25f;
    rnl_kernels_of(RNL_ISA_SCALAR)
        ->formula_forward(&(const rnl_activation_forward){.rows = 1,
                                                          .columns = POINTS,
                                                          .z = {z, POINTS},
                                                          .y = {y, POINTS},
                                                          .kept = kept,
                                                          .self = f->compiled});
    for (int i = 0; i < POINTS; ++i)
        if (!isfinite(y[i]) || !isfinite(kept[i]))
            return fail_value(f, isfinite(y[i]) ? slope : f->value,
                              isfinite(y[i]) ? "its slope" : "it",
                              (double)(isfinite(y[i]) ? kept[i] : y[i]), (double)z[i]);
    return RNL_OK;
}

static rnl_status prepare(rnl_formula *f)
{
    rnl_formula_program *program = calloc(1, sizeof *program);
    if (!program)
        return rnl_fail_memory(sizeof *program);
    f->compiled = program;
    if (!rnl_formula_uses(f, 0))
        return rnl_fail_at(f->place,
                           "formula: expected one of z, got \"%.200s\", which gives every "
                           "row the same",
                           f->text);
    const size_t slope = rnl_formula_slope(f, 0);
    RNL_TRY(compile(program, f, slope));
    return check_values(f, slope);
}

const rnl_field rnl_formula_activation_fields[] = {
    {.key = "expression",
     .type = RNL_FIELD_FORMULA,
     .offset = offsetof(rnl_formula_activation, expression),
     .names = names,
     .prepare = prepare,
     .help = "f(z); its slope is made of it, where it bends that of one side"},
    {.key = NULL},
};

static void bind(rnl_bound_activation *bound, const rnl_kernels *kernels, const void *parameters)
{
    const rnl_formula_activation *p = parameters;
    *bound = (rnl_bound_activation){.forward = kernels->formula_forward,
                                    .backward = kernels->kept_backward,
                                    .keeps_slope = true,
                                    .self = p->expression->compiled};
}

const rnl_activation rnl_activation_by_formula = {.bind = bind};
