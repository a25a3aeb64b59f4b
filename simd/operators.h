/*
 * Operators of formulas, as configurations write them (engine/schema/formula.h) and as the kernel
 * `formula` computes them.
 */
#ifndef RNL_SIMD_OPERATORS_H
#define RNL_SIMD_OPERATORS_H

typedef enum rnl_operator {
    RNL_OP_NUMBER,
    RNL_OP_NAME, /* a variable */
    RNL_OP_ADD,
    RNL_OP_SUBTRACT,
    RNL_OP_MULTIPLY,
    RNL_OP_DIVIDE,
    RNL_OP_POWER,
    RNL_OP_MINIMUM, /* NaN if either is */
    RNL_OP_MAXIMUM,
    RNL_OP_LESS, /* comparisons give 1 or 0 */
    RNL_OP_AT_MOST,
    RNL_OP_EQUAL,
    RNL_OP_UNEQUAL,
    RNL_OP_CHOOSE, /* the second unless the first is 0, else the third */
    RNL_OP_NEGATE,
    RNL_OP_EXP,
    RNL_OP_LOG,
    RNL_OP_SQRT,
    RNL_OP_COS,
    RNL_OP_SIN,
    RNL_OP_FLOOR,
    RNL_OP_ABS,
    RNL_OP_TANH,
    RNL_OP_SIGMOID
} rnl_operator;

/* The number of operands. */
static inline unsigned rnl_operator_takes(rnl_operator op)
{
    return op <= RNL_OP_NAME ? 0 : op < RNL_OP_CHOOSE ? 2 : op == RNL_OP_CHOOSE ? 3 : 1;
}

#endif
