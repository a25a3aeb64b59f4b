/*
 * Names, defaults and formulas are those of Keras 3.  "Normal" with a variance means truncated at
 * two standard deviations, which are widened so that the variance after truncation is right.
 */
#include "engine/kinds/initializers.h"

#include "engine/base/error.h"
#include "engine/base/functions.h"
#include "engine/schema/config.h"
#include "simd/philox.h"

#include <math.h>
#include <string.h>

/* The standard deviation of a standard normal truncated to [-2, 2]. */
#define TRUNCATED_STDDEV 0.87962566103423978

typedef enum shape_kind { CONSTANT, UNIFORM, NORMAL, TRUNCATED_NORMAL } shape_kind;

/* Values are center + spread * u, with u from [-1, 1], a standard normal, or one within [-2, 2]. */
typedef struct distribution {
    shape_kind kind;
    double center, spread;
} distribution;

/* The operations of rnl_initializers. */
typedef struct initializer {
    distribution (*plan)(const void *parameters, const rnl_initial *initial);
} initializer;

static double draw_uniform(uint64_t seed, rnl_random_place place)
{
    return 2 * rnl_random_uniform(rnl_random(seed, place).word[0]) - 1;
}

/* A standard normal deviate within [-limit, limit], by Box-Muller and rejection; each attempt is a
 * step of the stream at the same row and column. */
static double draw_normal(uint64_t seed, rnl_random_place place, double limit)
{
    for (;; ++place.step) {
        const rnl_philox_block block = rnl_random(seed, place);
        const double radius = sqrt(-2 * rnl_logarithm(rnl_random_uniform(block.word[0])));
        const rnl_circle_point direction = rnl_circle(rnl_random_uniform(block.word[1]));
        const double first = radius * direction.cosine;
        if (fabs(first) <= limit)
            return first;
        const double second = radius * direction.sine;
        if (fabs(second) <= limit)
            return second;
    }
}

static double draw(const distribution *d, uint64_t seed, rnl_random_place place)
{
    switch (d->kind) {
    case UNIFORM:
        return d->center + d->spread * draw_uniform(seed, place);
    case NORMAL:
        return d->center + d->spread * draw_normal(seed, place, INFINITY);
    case TRUNCATED_NORMAL:
        return d->center + d->spread * draw_normal(seed, place, 2);
    default:
        return d->center;
    }
}

void rnl_initialize(const rnl_choice *choice, const rnl_initial *initial, size_t rows,
                    size_t columns, float *values)
{
    const initializer *operations = choice->kind->operations;
    const distribution d = operations->plan(choice->parameters, initial);
    for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j) {
            const rnl_random_place place = {
                .purpose = RNL_RANDOM_INITIAL_WEIGHTS,
                .layer = initial->layer << 8 | initial->parameter,
                .row = (uint32_t)i,
                .column = (uint32_t)j,
            };
            values[i * columns + j] = (float)draw(&d, initial->seed, place);
        }
}

static distribution with_variance(shape_kind kind, double variance)
{
    switch (kind) {
    case UNIFORM:
        return (distribution){UNIFORM, 0, sqrt(3 * variance)};
    case TRUNCATED_NORMAL:
        return (distribution){TRUNCATED_NORMAL, 0, sqrt(variance) / TRUNCATED_STDDEV};
    default:
        return (distribution){NORMAL, 0, sqrt(variance)};
    }
}

/* ---- variance scaling ------------------------------------------------------------------------ */

static double fan_in(const rnl_initial *initial)
{
    return (double)initial->fan_in;
}

static double fan_out(const rnl_initial *initial)
{
    return (double)initial->fan_out;
}

static double fan_average(const rnl_initial *initial)
{
    return (fan_in(initial) + fan_out(initial)) / 2;
}

#define NAMED_INITIALIZER(name, kind, scale, fan)                                                  \
    static distribution plan_##name(const void *parameters, const rnl_initial *initial)            \
    {                                                                                              \
        (void)parameters;                                                                          \
        return with_variance(kind, scale / fan(initial));                                          \
    }                                                                                              \
    static const initializer name = {plan_##name};

NAMED_INITIALIZER(glorot_uniform, UNIFORM, 1, fan_average)
NAMED_INITIALIZER(glorot_normal, TRUNCATED_NORMAL, 1, fan_average)
NAMED_INITIALIZER(he_uniform, UNIFORM, 2, fan_in)
NAMED_INITIALIZER(he_normal, TRUNCATED_NORMAL, 2, fan_in)
NAMED_INITIALIZER(lecun_uniform, UNIFORM, 1, fan_in)
NAMED_INITIALIZER(lecun_normal, TRUNCATED_NORMAL, 1, fan_in)

/* Zhang, Dauphin and Ma 2019. */
static distribution plan_fixup(const void *parameters, const rnl_initial *initial)
{
    (void)parameters;
    if (initial->fixup == 0)
        return (distribution){CONSTANT, 0, 0};
    return with_variance(TRUNCATED_NORMAL, 2 * initial->fixup * initial->fixup / fan_in(initial));
}

static const initializer fixup = {plan_fixup};

typedef struct fan_mode {
    double (*fan)(const rnl_initial *initial);
} fan_mode;

static const rnl_kind fan_mode_kinds[] = {
    {.name = "fan_in", .help = "inputs of a unit", .operations = &(const fan_mode){fan_in}},
    {.name = "fan_out", .help = "units of the layer", .operations = &(const fan_mode){fan_out}},
    {.name = "fan_avg", .help = "mean of both", .operations = &(const fan_mode){fan_average}},
};

static const rnl_kind_table fan_modes = {
    .noun = "mode",
    .plural = "modes",
    .kinds = fan_mode_kinds,
    .count = sizeof fan_mode_kinds / sizeof *fan_mode_kinds,
};

static const rnl_kind distribution_kinds[] = {
    {.name = "truncated_normal",
     .help = "normal within two standard deviations",
     .operations = &(const shape_kind){TRUNCATED_NORMAL}},
    {.name = "untruncated_normal", .help = "normal", .operations = &(const shape_kind){NORMAL}},
    {.name = "uniform", .help = "uniform around 0", .operations = &(const shape_kind){UNIFORM}},
};

static const rnl_kind_table distributions = {
    .noun = "distribution",
    .plural = "distributions",
    .kinds = distribution_kinds,
    .count = sizeof distribution_kinds / sizeof *distribution_kinds,
};

typedef struct scaling_parameters {
    double scale;
    rnl_choice mode, distribution;
} scaling_parameters;

static const rnl_field scaling_fields[] = {
    {.key = "scale",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(scaling_parameters, scale),
     .fallback = "1.0",
     .maximum = 1e6,
     .above_minimum = true,
     .help = "the variance is scale / fan"},
    {.key = "mode",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(scaling_parameters, mode),
     .fallback = "fan_in",
     .kinds = &fan_modes,
     .help = "the fan"},
    {.key = "distribution",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(scaling_parameters, distribution),
     .fallback = "truncated_normal",
     .kinds = &distributions,
     .help = "the shape of the distribution"},
    {.key = NULL},
};

static distribution plan_variance_scaling(const void *parameters, const rnl_initial *initial)
{
    const scaling_parameters *p = parameters;
    const fan_mode *mode = p->mode.kind->operations;
    const shape_kind *kind = p->distribution.kind->operations;
    return with_variance(*kind, p->scale / mode->fan(initial));
}

/* ---- distributions told directly ------------------------------------------------------------- */

typedef struct two_numbers {
    double first, second;
} two_numbers;

#define TWO_FIELDS(first_key, first_default, first_help, second_key, second_default, second_least, \
                   second_help)                                                                    \
    (const rnl_field[])                                                                            \
    {                                                                                              \
        {.key = first_key,                                                                         \
         .type = RNL_FIELD_NUMBER,                                                                 \
         .offset = offsetof(two_numbers, first),                                                   \
         .fallback = first_default,                                                                \
         .minimum = -1e6,                                                                          \
         .maximum = 1e6,                                                                           \
         .help = first_help},                                                                      \
            {.key = second_key,                                                                    \
             .type = RNL_FIELD_NUMBER,                                                             \
             .offset = offsetof(two_numbers, second),                                              \
             .fallback = second_default,                                                           \
             .minimum = second_least,                                                              \
             .maximum = 1e6,                                                                       \
             .help = second_help},                                                                 \
        {                                                                                          \
            .key = NULL                                                                            \
        }                                                                                          \
    }

#define NORMAL_FIELDS TWO_FIELDS("mean", "0.0", "mean", "stddev", "0.05", 0, "standard deviation")

static distribution plan_random_normal(const void *parameters, const rnl_initial *initial)
{
    (void)initial;
    const two_numbers *p = parameters;
    return (distribution){NORMAL, p->first, p->second};
}

static distribution plan_truncated_normal(const void *parameters, const rnl_initial *initial)
{
    (void)initial;
    const two_numbers *p = parameters;
    return (distribution){TRUNCATED_NORMAL, p->first, p->second};
}

static distribution plan_random_uniform(const void *parameters, const rnl_initial *initial)
{
    (void)initial;
    const two_numbers *p = parameters;
    return (distribution){UNIFORM, (p->first + p->second) / 2, (p->second - p->first) / 2};
}

static const rnl_field constant_fields[] = {
    {.key = "value",
     .type = RNL_FIELD_NUMBER,
     .minimum = -1e6,
     .maximum = 1e6,
     .help = "the value"},
    {.key = NULL},
};

static distribution plan_constant(const void *parameters, const rnl_initial *initial)
{
    (void)initial;
    return (distribution){CONSTANT, *(const double *)parameters, 0};
}

static distribution plan_zeros(const void *parameters, const rnl_initial *initial)
{
    (void)parameters;
    (void)initial;
    return (distribution){CONSTANT, 0, 0};
}

static distribution plan_ones(const void *parameters, const rnl_initial *initial)
{
    (void)parameters;
    (void)initial;
    return (distribution){CONSTANT, 1, 0};
}

static const rnl_kind kinds[] = {
    {.name = "glorot_uniform",
     .help = "uniform with variance 2 / (fan_in + fan_out)",
     .operations = &glorot_uniform},
    {.name = "glorot_normal",
     .help = "truncated normal with variance 2 / (fan_in + fan_out)",
     .operations = &glorot_normal},
    {.name = "he_uniform",
     .help = "uniform with variance 2 / fan_in; for relu, its family, and elu",
     .operations = &he_uniform},
    {.name = "he_normal",
     .help = "truncated normal with variance 2 / fan_in; for relu, its family, and elu",
     .operations = &he_normal},
    {.name = "lecun_uniform",
     .help = "uniform with variance 1 / fan_in; for selu",
     .operations = &lecun_uniform},
    {.name = "lecun_normal",
     .help = "truncated normal with variance 1 / fan_in; for selu",
     .operations = &lecun_normal},
    {.name = "variance_scaling",
     .help = "variance scale / fan: what the named ones are special cases of",
     .fields = scaling_fields,
     .main = "scale",
     .size = sizeof(scaling_parameters),
     .operations = &(const initializer){plan_variance_scaling}},
    {.name = "random_normal",
     .aliases = "normal",
     .help = "normal",
     .fields = NORMAL_FIELDS,
     .main = "stddev",
     .size = sizeof(two_numbers),
     .operations = &(const initializer){plan_random_normal}},
    {.name = "truncated_normal",
     .help = "normal of which values beyond two standard deviations are drawn again",
     .fields = NORMAL_FIELDS,
     .main = "stddev",
     .size = sizeof(two_numbers),
     .operations = &(const initializer){plan_truncated_normal}},
    {.name = "random_uniform",
     .aliases = "uniform",
     .help = "uniform",
     .fields = TWO_FIELDS("minval", "-0.05", "lower end", "maxval", "0.05", -1e6, "upper end"),
     .size = sizeof(two_numbers),
     .operations = &(const initializer){plan_random_uniform}},
    {.name = "fixup",
     .help = "for residual blocks without normalization: he_normal, smaller the more blocks there "
             "are, and 0 in the last layer of each block and of the model",
     .operations = &fixup},
    {.name = "auto",
     .help = "what suits the activation that follows: he_normal for relu, elu, gelu, swish, mish "
             "and softplus, the same with variance 2 / ((1 + a^2) fan_in) for a slope of a below 0 "
             "(leaky_relu, prelu, rrelu), lecun_normal for selu, glorot_uniform for the others and "
             "none",
     .operations = &glorot_uniform},
    {.name = "zeros",
     .aliases = "zero",
     .help = "all 0",
     .operations = &(const initializer){plan_zeros}},
    {.name = "ones",
     .aliases = "one",
     .help = "all 1",
     .operations = &(const initializer){plan_ones}},
    {.name = "constant",
     .help = "all the same value",
     .fields = constant_fields,
     .main = "value",
     .size = sizeof(double),
     .operations = &(const initializer){plan_constant}},
};

const rnl_kind_table rnl_initializers = {
    .noun = "initializer",
    .plural = "initializers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

rnl_status rnl_initializer_set_scale(rnl_choice *choice, double scale)
{
    static const rnl_field fields[] = {
        {.key = "initializer",
         .type = RNL_FIELD_KIND,
         .fallback = "variance_scaling",
         .kinds = &rnl_initializers},
        {.key = NULL},
    };
    const rnl_place place = choice->place;
    const rnl_node nothing = {.type = RNL_MAPPING, .place = place};
    rnl_choice scaling;
    RNL_TRY(rnl_schema_decode(fields, &nothing, &scaling));
    ((scaling_parameters *)scaling.parameters)->scale = scale;
    *choice = scaling;
    choice->place = place;
    return RNL_OK;
}

bool rnl_initializer_is_of_kernels(const rnl_choice *choice)
{
    return choice->kind->operations == &fixup || strcmp(choice->kind->name, "auto") == 0;
}
