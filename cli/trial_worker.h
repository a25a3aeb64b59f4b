/*
 * A rank other than the first, in a comparison: it trains the trials that it is given, in temporary
 * directories, and sends back what comes of them.
 */
#ifndef RNL_CLI_TRIAL_WORKER_H
#define RNL_CLI_TRIAL_WORKER_H

#include "cli/compare_arguments.h"
#include "cli/crew.h"
#include "cli/ranks.h"

/* The words that train the configuration `config` into a directory, to be freed with free; NULL if
 * memory runs out. */
const char **rnl_trial_words(const rnl_compare_arguments *arguments, const char *config,
                             const char *output);

/* Agrees with all ranks that this one can serve, and does so until rank 0 says that nothing more
 * comes; returns an exit code. */
int rnl_trials_serve(rnl_ranks *ranks, const rnl_compare_arguments *arguments,
                     rnl_core_share share);

#endif
