#include "engine/layers/rate_factor.h"

#include "engine/schema/config.h"

#include <math.h>
#include <stddef.h>

typedef struct factor {
    double factor;
} factor;

static const rnl_field fields[] = {
    {.key = "learning_rate_factor",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(factor, factor),
     .maximum = 1e6,
     .help = "the number"},
    {.key = NULL},
};

enum { NUMBER, OVER_SQRT_FAN_IN };

static const rnl_kind kinds[] = {
    {.name = "number",
     .help = "the same for every layer; a number alone stands for it",
     .fields = fields,
     .size = sizeof(factor),
     .shorthand = "learning_rate_factor"},
    {.name = "over_sqrt_fan_in",
     .help = "the number / sqrt(fan_in): a kernel learns as V / sqrt(fan_in) would by adam, with V "
             "at the rate of the step",
     .fields = fields,
     .size = sizeof(factor),
     .shorthand = "learning_rate_factor"},
};

const rnl_kind_table rnl_rate_factors = {
    .noun = "rule for the factor of the learning rate",
    .plural = "factors of the learning rate",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
    .plain = "number",
};

double rnl_rate_factor_of(const rnl_choice *choice, size_t fan_in)
{
    const factor *given = choice->parameters;
    return choice->kind == &kinds[OVER_SQRT_FAN_IN] ? given->factor / sqrt((double)fan_in)
                                                    : given->factor;
}
