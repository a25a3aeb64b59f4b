/*
 * The plan of a comparison: its combinations and their trials, each with its configuration.
 */
#ifndef RNL_CLI_COMPARISON_PLAN_H
#define RNL_CLI_COMPARISON_PLAN_H

#include "cli/compare_arguments.h"
#include "cli/comparison.h"

/* Refuses all that can be refused before anything is written.  Complains about a failure; returns
 * an exit code. */
int rnl_comparison_plan(rnl_comparison *comparison, const rnl_compare_arguments *arguments);

#endif
