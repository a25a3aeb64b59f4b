/*
 * The table of constraints: conditions that weights satisfy after each update.
 */
#ifndef RNL_ENGINE_KINDS_CONSTRAINTS_H
#define RNL_ENGINE_KINDS_CONSTRAINTS_H

#include "engine/schema/schema.h"

/* The operations of rnl_constraints. */
typedef struct rnl_constraint {
    /* Returns the factor for the weights of a group, given the root of the sum of their squares;
     * NULL: negative weights become 0. */
    double (*factor)(double norm, const void *parameters);
} rnl_constraint;

static inline const rnl_constraint *rnl_constraint_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* Returns the axis by which the weights of a kernel (fan_in, units) are grouped: 0: the weights of
 * each unit; 1: those of each input. */
int64_t rnl_constraint_axis(const rnl_choice *choice);

#endif
