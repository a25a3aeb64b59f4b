/*
 * The arguments of `runnel compare`.
 */
#ifndef RNL_CLI_COMPARE_ARGUMENTS_H
#define RNL_CLI_COMPARE_ARGUMENTS_H

#include "cli/options.h"
#include "cli/variation.h"

typedef struct rnl_compare_arguments {
    rnl_arguments common;
    const char *output;                 /* NULL: the default */
    const char *varied[RNL_MAX_VARIED]; /* "key=value,value" each */
    size_t varied_count;
    size_t folds, repeats, jobs; /* 0: not given */
    size_t rates, trials;        /* 0: not given */
    size_t deadline;             /* seconds; 0: the default */
    double budget;               /* seconds; 0: none */
    bool stratified;             /* folds of each class */
    rnl_seed seed;
    char metric[RNL_FIGURE_NAME];        /* "": the default */
    char target_metric[RNL_FIGURE_NAME]; /* "": none given */
    double target;
    bool force, tune_rate, markdown;
} rnl_compare_arguments;

#endif
