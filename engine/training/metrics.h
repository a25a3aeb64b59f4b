/*
 * The table of metrics: a number for each row, reported as its mean.
 */
#ifndef RNL_ENGINE_TRAINING_METRICS_H
#define RNL_ENGINE_TRAINING_METRICS_H

#include "engine/config/schema.h"

#include <stdint.h>

/* The row that a metric looks at. */
typedef struct rnl_outcome {
    size_t outputs;
    int32_t label, predicted; /* classes, where the loss knows classes */
    const float *predictions; /* (outputs) probabilities or values; NULL unless asked for */
    const float *targets;     /* (outputs) where the loss compares with values, else NULL */
    const float *scores;      /* (outputs) logits or values: the larger, the more probable */
} rnl_outcome;

/* The operations of rnl_metrics. */
typedef struct rnl_metric {
    double (*of_row)(const rnl_outcome *outcome, const void *parameters);
    bool classes; /* needs a loss that tells classes apart, */
    bool targets; /* or one that compares with values: then it looks at predictions too */
} rnl_metric;

static inline const rnl_metric *rnl_metric_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* Refuses a metric that says nothing under the loss. */
rnl_status rnl_metrics_check(const rnl_choice_list *metrics, const rnl_choice *loss,
                             size_t outputs);

/* Some metric looks at predictions. */
bool rnl_metrics_need_predictions(const rnl_choice_list *metrics);

#endif
