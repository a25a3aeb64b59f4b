/*
 * The table of metrics: a number for each row, reported as its mean or as a function of the mean.
 */
#ifndef RNL_ENGINE_KINDS_METRICS_H
#define RNL_ENGINE_KINDS_METRICS_H

#include "engine/kinds/scaling.h"

/* The prediction of a row whose probabilities are NaN. */
#define RNL_NO_CLASS (-1)

/* A row as a metric reads it. */
typedef struct rnl_outcome {
    size_t outputs;
    size_t classes;           /* number of classes under the loss; 0: it compares with values */
    int32_t label, predicted; /* classes, if there are any; or RNL_NO_CLASS */
    const float *predictions; /* (outputs) probabilities or values; NULL unless asked for; */
    const rnl_scaler *scaler; /* scaling of the values and their targets; else features 0 */
    const rnl_dataset *dataset;
    size_t row;            /* of the dataset, for its targets */
    const float *mirrored; /* (outputs) the targets, where they are the scaled inputs; else NULL */
    const float *scores;   /* (outputs) logits or values: the larger, the more probable */
    const double *variances; /* (outputs) of the whole set's targets; NULL unless asked for */
} rnl_outcome;

struct rnl_tally;

/* The operations of rnl_metrics. */
typedef struct rnl_metric {
    double (*of_row)(const rnl_outcome *outcome, const void *parameters);
    /* Computes the figure of all rows (engine/kinds/tally.h); NULL: it is one of the mean over
     * them.
     */
    double (*of_rows)(const struct rnl_tally *tally);
    bool counts; /* then it needs the numbers of rows of each class, */
    bool scores; /* or the probabilities of all rows, and takes the time to sort them */
    /* Converts the mean over the rows to the reported figure; NULL: the mean itself. */
    double (*of_mean)(double mean);
    bool classes;   /* needs a loss with classes, */
    bool or_binary; /* or one whose outputs are each between 0 and 1, */
    bool targets;   /* or one that compares with values; it then reads predictions too */
    bool larger_is_better;
    bool variances; /* needs the variances of the targets */
} rnl_metric;

static inline const rnl_metric *rnl_metric_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* Refuses a metric that is meaningless under the loss. */
rnl_status rnl_metrics_check(const rnl_choice_list *metrics, const rnl_choice *loss,
                             size_t outputs);

/* Tests if some metric reads predictions of rows, or of a tally. */
bool rnl_metrics_need_predictions(const rnl_choice_list *metrics);

/* Computes the variance of each output's target over all rows of the set if some metric reads them,
 * else NULL; the caller frees the array. */
rnl_status rnl_metrics_variances(double **variances, const rnl_choice_list *metrics,
                                 const rnl_dataset *dataset, size_t outputs);

#endif
