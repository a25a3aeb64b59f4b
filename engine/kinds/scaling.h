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
    float *clip; /* (features) c of a smooth clip behind it, x / sqrt(1 + (c x)^2); or NULL */
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

/* Of a table, whose `encoding` is measured, each column may have a scaling of its own; of other
 * rows it is unmeasured or NULL. */
rnl_status rnl_scaler_create(rnl_scaler *scaler, const rnl_choice *scaling,
                             const rnl_numbers *train, const rnl_encoding *encoding);
/* Room for this many features, which are left as they are. */
rnl_status rnl_scaler_allocate(rnl_scaler *scaler, size_t features);
/* Room for clips, of which none is asked for yet, unless it is there. */
rnl_status rnl_scaler_add_clips(rnl_scaler *scaler);
rnl_status rnl_scaler_copy(rnl_scaler *copy, const rnl_scaler *scaler);
void rnl_scaler_release(rnl_scaler *scaler);

/* The same where nothing scales. */
static inline double rnl_scaler_apply(const rnl_scaler *scaler, size_t feature, double number)
{
    return scaler->features == 0 ? number
                                 : (number - scaler->centre[feature]) * scaler->scale[feature] +
                                       scaler->offset[feature];
}

/* What became this by scaling; the same where nothing scales. */
static inline double rnl_scaler_undo(const rnl_scaler *scaler, size_t feature, double scaled)
{
    return scaler->features == 0 ? scaled
                                 : (scaled - scaler->offset[feature]) / scaler->scale[feature] +
                                       scaler->centre[feature];
}

/* Some feature comes out other than it goes in. */
bool rnl_scaler_changes(const rnl_scaler *scaler);

/* The configuration scales. */
bool rnl_scales(const rnl_choice *scaling);

#endif
