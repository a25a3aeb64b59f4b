#include "engine/data/dataset.h"
#include "engine/error.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct range_parameters {
    double minimum, maximum;
} range_parameters;

static double number_at(const rnl_numbers *numbers, size_t row, size_t column)
{
    return rnl_element_at(numbers->element, numbers->array, row * numbers->columns + column);
}

static rnl_status measure_none(rnl_scaler *scaler, const rnl_numbers *train,
                               const rnl_choice *scaling)
{
    (void)train, (void)scaling;
    for (size_t j = 0; j < scaler->features; j++) {
        scaler->centre[j] = 0;
        scaler->scale[j] = 1;
        scaler->offset[j] = 0;
    }
    return RNL_OK;
}

static rnl_status measure_range(rnl_scaler *scaler, const rnl_numbers *train,
                                const rnl_choice *scaling)
{
    const range_parameters *range = scaling->parameters;
    if (range->minimum >= range->maximum)
        return rnl_fail_at(scaling->place, "range: expected minimum < maximum, got %g and %g",
                           range->minimum, range->maximum);
    double smallest = INFINITY, largest = -INFINITY;
    for (size_t i = 0; i < train->rows * train->columns; i++) {
        const double x = rnl_element_at(train->element, train->array, i);
        smallest = x < smallest ? x : smallest;
        largest = x > largest ? x : largest;
    }
    const double width = largest - smallest;
    for (size_t j = 0; j < scaler->features; j++) {
        scaler->centre[j] = smallest;
        scaler->scale[j] = width > 0 ? (range->maximum - range->minimum) / width : 0;
        scaler->offset[j] = range->minimum;
    }
    return RNL_OK;
}

/* Sums of the columns' distances from their centres over the rows, in their order, or of the
 * squares of those. */
static void sum_distances(double *sums, const rnl_numbers *train, const double *centres,
                          bool squared)
{
    for (size_t j = 0; j < train->columns; j++)
        sums[j] = 0;
    for (size_t i = 0; i < train->rows; i++)
        for (size_t j = 0; j < train->columns; j++) {
            const double x = number_at(train, i, j) - centres[j];
            sums[j] += squared ? x * x : x;
        }
}

/* The first row is near the mean where the numbers are large: the sums keep their precision, and a
 * constant column deviates by exactly 0. */
static rnl_status measure_standardize(rnl_scaler *scaler, const rnl_numbers *train,
                                      const rnl_choice *scaling)
{
    (void)scaling;
    double *sums = scaler->offset;
    for (size_t j = 0; j < train->columns; j++)
        scaler->centre[j] = number_at(train, 0, j);
    sum_distances(sums, train, scaler->centre, false);
    for (size_t j = 0; j < train->columns; j++)
        scaler->centre[j] += sums[j] / (double)train->rows;
    sum_distances(sums, train, scaler->centre, true);
    for (size_t j = 0; j < train->columns; j++) {
        const double deviation = sqrt(sums[j] / (double)train->rows);
        scaler->scale[j] = deviation > 0 ? 1 / deviation : 1;
        scaler->offset[j] = 0;
    }
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

static const rnl_kind target_kinds[] = {
    {.name = "none", .help = "targets as they come", .operations = &none},
    {.name = "standardize",
     .help = "each target to mean 0 and standard deviation 1 over the training rows; predictions "
             "and metrics stay in the units of the targets",
     .operations = &standardize},
};

const rnl_kind_table rnl_target_scalings = {
    .noun = "target scaling",
    .plural = "target scalings",
    .kinds = target_kinds,
    .count = sizeof target_kinds / sizeof *target_kinds,
};

bool rnl_scales(const rnl_choice *scaling)
{
    return scaling->kind && scaling->kind->operations != &none;
}

bool rnl_scaler_changes(const rnl_scaler *scaler)
{
    for (size_t j = 0; j < scaler->features; j++)
        if (scaler->centre[j] != 0 || scaler->scale[j] != 1 || scaler->offset[j] != 0)
            return true;
    return false;
}

rnl_status rnl_scaler_allocate(rnl_scaler *scaler, size_t features)
{
    const rnl_scaler allocated = {
        .features = features,
        .centre = calloc(features, sizeof(double)),
        .scale = calloc(features, sizeof(double)),
        .offset = calloc(features, sizeof(double)),
    };
    *scaler = allocated;
    if (allocated.centre && allocated.scale && allocated.offset)
        return RNL_OK;
    rnl_scaler_release(scaler);
    return rnl_fail_memory(3 * features * sizeof(double));
}

void rnl_scaler_release(rnl_scaler *scaler)
{
    free(scaler->centre);
    free(scaler->scale);
    free(scaler->offset);
    *scaler = (rnl_scaler){0};
}

rnl_status rnl_scaler_copy(rnl_scaler *copy, const rnl_scaler *scaler)
{
    const size_t bytes = scaler->features * sizeof(double);
    if (bytes == 0)
        return RNL_OK;
    RNL_TRY(rnl_scaler_allocate(copy, scaler->features));
    memcpy(copy->centre, scaler->centre, bytes);
    memcpy(copy->scale, scaler->scale, bytes);
    memcpy(copy->offset, scaler->offset, bytes);
    return RNL_OK;
}

rnl_status rnl_scaler_create(rnl_scaler *scaler, const rnl_choice *scaling,
                             const rnl_numbers *train)
{
    rnl_scaler measured;
    RNL_TRY(rnl_scaler_allocate(&measured, train->columns));
    const rnl_scaling *operations = scaling->kind->operations;
    const rnl_status status = operations->measure(&measured, train, scaling);
    if (status != RNL_OK) {
        rnl_scaler_release(&measured);
        return status;
    }
    *scaler = measured;
    return RNL_OK;
}
