/*
 * The metric of a comparison, and its value for the models that its trials ended with.
 */
#ifndef RNL_CLI_COMPARISON_METRIC_H
#define RNL_CLI_COMPARISON_METRIC_H

#include "cli/compare_arguments.h"
#include "cli/comparison.h"

/* --metric must be a figure of the validation rows; without it, accuracy if there is one. Complains
 * about a failure; returns an exit code. */
int rnl_comparison_choose_metric(rnl_comparison *comparison, const rnl_model *model,
                                 const rnl_data *data, const rnl_compare_arguments *arguments);

/* Measures the trials that are done.  Complains about a failure; returns an exit code. */
int rnl_comparison_measure(rnl_comparison *comparison, const rnl_compare_arguments *arguments);

#endif
