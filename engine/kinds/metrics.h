/*
 * The table of metrics: a number for each row, reported as its mean or as a function of that.
 */
#ifndef RNL_ENGINE_KINDS_METRICS_H
#define RNL_ENGINE_KINDS_METRICS_H

#include "engine/kinds/scaling.h"

/* What a row whose probabilities are NaN is predicted to be. */
#define RNL_NO_CLASS (-1)

/* The row that a metric looks at. */
typedef struct rnl_outcome {
    size_t outputs;
    size_t classes;           /* that the loss tells apart; 0: it compares with values */
    int32_t label, predicted; /* classes, where the loss knows classes; or RNL_NO_CLASS */
    const float *predictions; /* (outputs) probabilities or values; NULL unless asked for; */
    const rnl_scaler *scaler; /* of values, whose target would be as much; else features 0 */
    const rnl_dataset *dataset;
    size_t row;              /* of the dataset, for its targets */
    const float *scores;     /* (outputs) logits or values: the larger, the more probable */
    const double *variances; /* (outputs) of the whole set's targets; NULL unless asked for */
} rnl_outcome;

/* The operations of rnl_metrics. */
typedef struct rnl_metric {
    double (*of_row)(const rnl_outcome *outcome, const void *parameters);
    /* What is reported, of the mean over the rows; NULL for the mean itself. */
    double (*of_mean)(double mean);
    bool classes;   /* needs a loss that tells classes apart, */
    bool or_binary; /* or one whose outputs are each between 0 and 1; */
    bool targets;   /* or one that compares with values: then it looks at predictions too */
    bool larger_is_better;
    bool variances; /* needs those of the targets */
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

/* The variance of each output's target over all rows of the set, where some metric asks for it,
 * else NULL; the caller frees it. */
rnl_status rnl_metrics_variances(double **variances, const rnl_choice_list *metrics,
                                 const rnl_dataset *dataset, size_t outputs);

#endif
