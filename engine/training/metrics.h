/*
 * The table of metrics: sums over the rows of a mini-batch, reported as means.
 */
#ifndef RNL_ENGINE_TRAINING_METRICS_H
#define RNL_ENGINE_TRAINING_METRICS_H

#include "engine/config/schema.h"

/* The rows that a metric looks at. */
typedef struct rnl_predictions {
    size_t rows;
    const int32_t *labels;    /* (rows) */
    const int32_t *predicted; /* (rows) class of the largest output */
} rnl_predictions;

/* The operations of rnl_metrics. */
typedef struct rnl_metric {
    double (*sum)(const rnl_predictions *predictions);
} rnl_metric;

static inline const rnl_metric *rnl_metric_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

#endif
