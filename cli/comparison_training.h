/*
 * The training of the trials that are still to be trained, each in a process of its own.
 */
#ifndef RNL_CLI_COMPARISON_TRAINING_H
#define RNL_CLI_COMPARISON_TRAINING_H

#include "cli/compare_arguments.h"
#include "cli/comparison.h"

/* failed: how many trials were not trained.  Complains about a failure; returns an exit code. */
int rnl_comparison_train(rnl_comparison *comparison, const rnl_compare_arguments *arguments,
                         size_t *failed);

#endif
