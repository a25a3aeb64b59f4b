#include "engine/base/error.h"
#include "engine/data/dataset.h"

#include <float.h>
#include <math.h>
#include <string.h>

rnl_status rnl_dataset_check_weights(const rnl_dataset *dataset)
{
    const float *weights = dataset->sample_weights;
    for (size_t i = 0; weights && i < dataset->rows; ++i)
        if (!(weights[i] >= 0 && weights[i] <= FLT_MAX))
            return rnl_fail(RNL_BAD_DATA,
                            "%s: row %zu: expected a finite sample weight of at least 0, got %g",
                            dataset->name, i, (double)weights[i]);
    return RNL_OK;
}

/* Without a branch, so that the compiler makes vectors of it. */
static bool all_finite(const float *values, size_t count)
{
    int32_t found = 0;
    for (size_t i = 0; i < count; ++i) {
        int32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        found |= -((bits & 0x7f800000) == 0x7f800000);
    }
    return found == 0;
}

/* What float32 cannot hold overflows in training, if not already where its scale is measured. */
static bool all_within_floats(const double *values, size_t count)
{
    bool within = true;
    for (size_t i = 0; i < count; ++i)
        within &= fabs(values[i]) <= (double)FLT_MAX;
    return within;
}

static bool is_good(double number)
{
    return fabs(number) <= (double)FLT_MAX;
}

rnl_status rnl_dataset_check_inputs(const rnl_dataset *dataset)
{
    const size_t count = dataset->rows * dataset->features, features = dataset->features;
    if (dataset->element == RNL_UINT8 ||
        (dataset->element == RNL_FLOAT32 && all_finite(dataset->inputs, count)) ||
        (dataset->element == RNL_FLOAT64 && all_within_floats(dataset->inputs, count)))
        return RNL_OK;
    size_t i = 0;
    while (is_good(rnl_element_at(dataset->element, dataset->inputs, i)))
        ++i;
    const double got = rnl_element_at(dataset->element, dataset->inputs, i);
    if (!isfinite(got))
        return rnl_fail_not_a_number(dataset->name, i / features, i % features, got);
    return rnl_fail(RNL_BAD_DATA,
                    "%s: row %zu, column %zu: expected a number within float32, got %g",
                    dataset->name, i / features, i % features, got);
}

rnl_status rnl_fail_not_a_number(const char *source, size_t row, size_t column, double got)
{
    return rnl_fail(RNL_BAD_DATA, "%s: row %zu, column %zu: expected a finite number, got %s",
                    source, row, column,
                    isnan(got) ? "NaN"
                    : got > 0  ? "infinity"
                               : "-infinity");
}
