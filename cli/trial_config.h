/*
 * The configuration of a trial.
 */
#ifndef RNL_CLI_TRIAL_CONFIG_H
#define RNL_CLI_TRIAL_CONFIG_H

#include "cli/compare_arguments.h"
#include "cli/comparison.h"

/* optimizer: the one that gets the combination's tuned rate; NULL: none.  Complains about a
 * failure; returns an exit code. */
int rnl_trial_config_load(rnl_config **config, const rnl_comparison *comparison,
                          const rnl_combination *combination, const rnl_trial *trial,
                          const rnl_compare_arguments *arguments, const char *optimizer);

#endif
