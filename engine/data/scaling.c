#include "engine/data/dataset.h"
#include "engine/error.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct range_parameters {
    double minimum, maximum;
} range_parameters;

static double input_at(const rnl_dataset *dataset, size_t i)
{
    return dataset->element == RNL_UINT8 ? (double)((const uint8_t *)dataset->inputs)[i]
                                         : (double)((const float *)dataset->inputs)[i];
}

static rnl_status measure_none(rnl_scaler *scaler, const rnl_dataset *train,
                               const rnl_choice *scaling)
{
    (void)train, (void)scaling;
    for (size_t j = 0; j < scaler->features; j++) {
        scaler->scale[j] = 1;
        scaler->offset[j] = 0;
    }
    return RNL_OK;
}

static rnl_status measure_range(rnl_scaler *scaler, const rnl_dataset *train,
                                const rnl_choice *scaling)
{
    const range_parameters *range = scaling->parameters;
    if (range->minimum >= range->maximum)
        return rnl_fail_at(scaling->place, "range: expected minimum < maximum, got %g and %g",
                           range->minimum, range->maximum);
    double smallest = INFINITY, largest = -INFINITY;
    for (size_t i = 0; i < train->rows * train->features; i++) {
        const double x = input_at(train, i);
        smallest = x < smallest ? x : smallest;
        largest = x > largest ? x : largest;
    }
    const double width = largest - smallest;
    const double scale = width > 0 ? (range->maximum - range->minimum) / width : 0;
    const double offset = width > 0 ? range->minimum - smallest * scale : range->minimum;
    for (size_t j = 0; j < scaler->features; j++) {
        scaler->scale[j] = (float)scale;
        scaler->offset[j] = (float)offset;
    }
    return RNL_OK;
}

/* Adds to every sum its feature's (x - centre)^power over the rows, in their order. */
static void add_powers(double *sums, const rnl_dataset *train, const double *centres, bool squared)
{
    for (size_t i = 0; i < train->rows; i++)
        for (size_t j = 0; j < train->features; j++) {
            const double x = input_at(train, i * train->features + j) - centres[j];
            sums[j] += squared ? x * x : x;
        }
}

/* A constant feature deviates by exactly 0: the sum of up to 2^29 equal floats is exact in double.
 */
static rnl_status measure_standardize(rnl_scaler *scaler, const rnl_dataset *train,
                                      const rnl_choice *scaling)
{
    (void)scaling;
    const size_t features = train->features;
    double *means = calloc(features, sizeof *means);
    double *sums = calloc(features, sizeof *sums);
    if (!means || !sums) {
        free(means);
        free(sums);
        return rnl_fail_memory(features * sizeof *means);
    }
    add_powers(sums, train, means, false);
    for (size_t j = 0; j < features; j++) {
        means[j] = sums[j] / (double)train->rows;
        sums[j] = 0;
    }
    add_powers(sums, train, means, true);
    for (size_t j = 0; j < features; j++) {
        const double deviation = sqrt(sums[j] / (double)train->rows);
        const double scale = deviation > 0 ? 1 / deviation : 1;
        scaler->scale[j] = (float)scale;
        scaler->offset[j] = (float)(-means[j] * scale);
    }
    free(means);
    free(sums);
    return RNL_OK;
}

static const rnl_field range_fields[] = {
    {.key = "minimum",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(range_parameters, minimum),
     .fallback = "0.0",
     .help = "what the smallest of all training inputs becomes"},
    {.key = "maximum",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(range_parameters, maximum),
     .fallback = "1.0",
     .help = "what the largest of all training inputs becomes"},
    {.key = NULL},
};

static const rnl_scaling none = {.measure = measure_none};
static const rnl_scaling range = {.measure = measure_range};
static const rnl_scaling standardize = {.measure = measure_standardize};

static const rnl_kind kinds[] = {
    {.name = "none", .help = "inputs as they come", .operations = &none},
    {.name = "range",
     .help = "one linear map for all features, from the range of the training inputs",
     .fields = range_fields,
     .size = sizeof(range_parameters),
     .operations = &range},
    {.name = "standardize",
     .help = "each feature to mean 0 and standard deviation 1 over the training rows",
     .operations = &standardize},
};

const rnl_kind_table rnl_scalings = {
    .noun = "scaling",
    .plural = "scalings",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

rnl_status rnl_scaler_allocate(rnl_scaler *scaler, size_t features)
{
    const rnl_scaler allocated = {
        .features = features,
        .scale = malloc(features * sizeof(float)),
        .offset = malloc(features * sizeof(float)),
    };
    if (!allocated.scale || !allocated.offset) {
        free(allocated.scale);
        free(allocated.offset);
        return rnl_fail_memory(features * sizeof(float));
    }
    *scaler = allocated;
    return RNL_OK;
}

void rnl_scaler_release(rnl_scaler *scaler)
{
    free(scaler->scale);
    free(scaler->offset);
    *scaler = (rnl_scaler){0};
}

rnl_status rnl_scaler_create(rnl_scaler *scaler, const rnl_choice *scaling,
                             const rnl_dataset *train)
{
    rnl_scaler measured;
    RNL_TRY(rnl_scaler_allocate(&measured, train->features));
    const rnl_scaling *operations = scaling->kind->operations;
    const rnl_status status = operations->measure(&measured, train, scaling);
    if (status != RNL_OK) {
        rnl_scaler_release(&measured);
        return status;
    }
    *scaler = measured;
    return RNL_OK;
}
