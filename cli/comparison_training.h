/*
 * The training of the trials that are still to be trained, each in a process of its own, and in a
 * job on one of its ranks.
 */
#ifndef RNL_CLI_COMPARISON_TRAINING_H
#define RNL_CLI_COMPARISON_TRAINING_H

#include "cli/compare_arguments.h"
#include "cli/comparison.h"
#include "cli/crew.h"

/* job: NULL, or whose rank 0 this process is.  failed: how many trials were not trained.  Complains
 * about a failure; returns an exit code. */
int rnl_comparison_train(rnl_comparison *comparison, const rnl_compare_arguments *arguments,
                         rnl_job *job, rnl_core_share share, size_t *failed);

#endif
