/*
 * How scalings measure the training rows.
 */
#ifndef RNL_ENGINE_KINDS_SCALING_MEASURES_H
#define RNL_ENGINE_KINDS_SCALING_MEASURES_H

#include "engine/kinds/scaling.h"

typedef struct rnl_range_parameters {
    double minimum, maximum;
} rnl_range_parameters;

typedef struct rnl_robust_parameters {
    double smooth_clip;
} rnl_robust_parameters;

rnl_scaling_measure rnl_measure_none, rnl_measure_standardize, rnl_measure_robust;

/* One range for all columns, or one for each. */
rnl_scaling_measure rnl_measure_range, rnl_measure_ranges;

#endif
