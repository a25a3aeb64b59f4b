/*
 * Formulas: texts such as `0.01 * 0.1^(epoch/20)`, checked where they are read.
 *
 * A formula is a list of operations in the order in which they are computed; the operands of each
 * come before it, and equal operations are one.  `a + b`, `a - b`, `a * b`, `a / b`, `a^b` (from
 * the right), `-a`, comparisons, and functions; numbers are double, and all results the same on
 * every machine (engine/base/functions.h).
 */
#ifndef RNL_ENGINE_SCHEMA_FORMULA_H
#define RNL_ENGINE_SCHEMA_FORMULA_H

#include "engine/schema/schema.h"
#include "simd/operators.h"

#define RNL_FORMULA_OPERATIONS 512  /* at most, slopes included */
#define RNL_FORMULA_TEXT       1000 /* bytes at most */

/* Functions and operators, as help names them. */
#define RNL_FORMULA_WORDS                                                                          \
    "+ - * / ^, comparisons, min max exp log sqrt cos sin floor abs tanh sigmoid if(c, a, b), pi"

typedef struct rnl_operation {
    rnl_operator op;
    uint16_t operands[3];   /* operations before; of a name, the first is its number */
    uint16_t begin, length; /* where the text says it; of a slope, what it is the slope of */
    double number;          /* of RNL_OP_NUMBER */
} rnl_operation;

struct rnl_formula {
    char *text;
    rnl_place place;
    size_t count;
    rnl_operation operations[RNL_FORMULA_OPERATIONS]; /* (count) */
    size_t value;                                     /* computes it; slopes come behind */
    bool full;                                        /* there would have been more */
    void *compiled; /* what the field's `prepare` made of it; freed with it */
};

/* Parses a text that stands under the key; `names` are those of its variables and end with NULL.
 * RNL_BAD_CONFIG says what was expected and at which character. */
rnl_status rnl_formula_parse(rnl_formula **formula, const char *text, rnl_place place,
                             const char *key, const char *const *names);
void rnl_formula_free(rnl_formula *formula);

/* Adds an operation, or finds an equal one, wherever the text says it, and returns its number. Sets
 * `full` if there is no room. */
size_t rnl_formula_add(rnl_formula *formula, rnl_operation operation);

/* Adds the operations of the value's slope with respect to a variable, and returns the one that
 * computes it.  A function with a bend has the slope of one of its sides there. */
size_t rnl_formula_slope(rnl_formula *formula, size_t name);

/* Computes an operation, for variables with these values. */
double rnl_formula_compute(const rnl_formula *formula, size_t operation, const double *variables);

/* Writes how the value of an operation, or the last of its operands to go wrong, became NaN or
 * larger than `most`: ": log(z) is -inf, at character 5 of ...", or "" if none is. */
void rnl_formula_explain(char *text, size_t size, const rnl_formula *formula, size_t operation,
                         const double *variables, double most);

/* Tests if a variable is among the operations. */
bool rnl_formula_uses(const rnl_formula *formula, size_t name);

#endif
