#include "engine/kinds/constraints.h"

#include "engine/schema/config.h"

#include <stddef.h>

typedef struct norm_parameters {
    int64_t axis;
    double max_value; /* of max_norm */
} norm_parameters;

/* Keras divides by norm + 1e-7 here, which also shrinks weights within the ball. */
static double max_norm(double norm, const void *parameters)
{
    const norm_parameters *p = parameters;
    return norm > p->max_value ? p->max_value / norm : 1;
}

/* As in Keras, weights of 0 stay 0. */
static double unit_norm(double norm, const void *parameters)
{
    (void)parameters;
    return 1 / (norm + 1e-7);
}

int64_t rnl_constraint_axis(const rnl_choice *choice)
{
    const norm_parameters *p = choice->parameters;
    return p ? p->axis : 0;
}

#define AXIS                                                                                       \
    {                                                                                              \
        .key = "axis", .type = RNL_FIELD_INTEGER, .offset = offsetof(norm_parameters, axis),       \
        .fallback = "0", .minimum = 0, .maximum = 1,                                               \
        .help = "0: of the weights into each unit; 1: of those out of each input"                  \
    }

static const rnl_field max_norm_fields[] = {
    {.key = "max_value",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(norm_parameters, max_value),
     .fallback = "2.0",
     .minimum = 0,
     .maximum = 1e6,
     .above_minimum = true,
     .help = "the largest norm"},
    AXIS,
    {.key = NULL},
};

static const rnl_field unit_norm_fields[] = {AXIS, {.key = NULL}};

static const rnl_kind kinds[] = {
    {.name = "max_norm",
     .help = "shrinks the weights of a unit whose norm is above max_value to that norm",
     .fields = max_norm_fields,
     .main = "max_value",
     .size = sizeof(norm_parameters),
     .operations = &(const rnl_constraint){max_norm}},
    {.name = "unit_norm",
     .help = "scales the weights of each unit to a norm of 1",
     .fields = unit_norm_fields,
     .size = sizeof(norm_parameters),
     .operations = &(const rnl_constraint){unit_norm}},
    {.name = "non_neg",
     .help = "makes negative weights 0",
     .operations = &(const rnl_constraint){NULL}},
};

const rnl_kind_table rnl_constraints = {
    .noun = "constraint",
    .plural = "constraints",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
