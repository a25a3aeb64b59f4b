/*
 * Scaling of inputs and of targets.
 */
#ifndef RNL_ENGINE_KINDS_SCALING_H
#define RNL_ENGINE_KINDS_SCALING_H

#include "engine/data/dataset.h"

/* Linear maps, x' = (x - centre) scale + offset for each feature, in double. */
typedef struct rnl_scaler {
    size_t features;
    double *centre, *scale, *offset; /* (features) each */
    float *clip; /* (features) c of a smooth clip applied next, x / sqrt(1 + (c x)^2); or NULL */
} rnl_scaler;

/* A range of columns. */
typedef struct rnl_span {
    size_t begin, end;
} rnl_span;

/* What a scaling does (the operations of rnl_scalings): measures columns on the training rows. */
typedef rnl_status rnl_scaling_measure(rnl_scaler *scaler, const rnl_numbers *train,
                                       rnl_span columns, const rnl_choice *scaling);
typedef struct rnl_scaling {
    rnl_scaling_measure *measure;
    rnl_scaling_measure *of_table; /* for a table's columns; NULL: the same */
} rnl_scaling;

/* Measures a scaler.  Columns of a table, whose `encoding` is measured, may have scalings of their
 * own; for other rows, `encoding` is unmeasured or NULL. */
rnl_status rnl_scaler_create(rnl_scaler *scaler, const rnl_choice *scaling,
                             const rnl_numbers *train, const rnl_encoding *encoding);
/* Allocates this many features, uninitialized. */
rnl_status rnl_scaler_allocate(rnl_scaler *scaler, size_t features);
/* Allocates clips, all off, unless they exist. */
rnl_status rnl_scaler_add_clips(rnl_scaler *scaler);
rnl_status rnl_scaler_copy(rnl_scaler *copy, const rnl_scaler *scaler);
void rnl_scaler_release(rnl_scaler *scaler);

/* Returns the scaled number; unchanged without scaling. */
static inline double rnl_scaler_apply(const rnl_scaler *scaler, size_t feature, double number)
{
    return scaler->features == 0 ? number
                                 : (number - scaler->centre[feature]) * scaler->scale[feature] +
                                       scaler->offset[feature];
}

/* Returns the number before scaling; unchanged without scaling. */
static inline double rnl_scaler_undo(const rnl_scaler *scaler, size_t feature, double scaled)
{
    if (scaler->features == 1)
        feature = 0;
    return scaler->features == 0 ? scaled
                                 : (scaled - scaler->offset[feature]) / scaler->scale[feature] +
                                       scaler->centre[feature];
}

/* Tests if scaling changes any feature. */
bool rnl_scaler_changes(const rnl_scaler *scaler);

/* Tests if the configuration scales. */
bool rnl_scales(const rnl_choice *scaling);

#endif
