/*
 * A comparison: every combination of the varied values, trained in one trial for each seed and
 * fold, and what is made of the results.
 */
#ifndef RNL_CLI_COMPARISON_H
#define RNL_CLI_COMPARISON_H

#include "cli/history_table.h"
#include "cli/run_directory.h"
#include "cli/variation.h"
#include <runnel/runnel.h>

typedef struct rnl_trial {
    uint64_t seed; /* if the comparison repeats */
    size_t fold;   /* from 1; 0: no folds */
    rnl_run_directory directory;
    char *config, *log; /* files in it */
    char *text;         /* of the configuration */
    bool done;          /* its model is there, of this configuration */

    /* Results of a trial that is done. */
    rnl_history_table history;
    double value;            /* of the metric, of the model that training ended with */
    double seconds;          /* of training, over all epochs */
    double epochs_to_target; /* NaN: never reached */
    double seconds_to_target;
} rnl_trial;

typedef struct rnl_combination {
    const char *values[RNL_MAX_VARIED]; /* of the variations */
    double learning_rate;               /* tuned; NaN: the configuration's */
    size_t train_rows;
    size_t count;
    rnl_trial *trials; /* (count) */

    /* Sums over the trials that are done. */
    size_t done, reached;
    double mean, deviation; /* of the value; the standard deviation of a sample, NaN of one trial */
    double seconds_per_epoch, epochs_to_target, seconds_to_target;
    size_t rank; /* from 1; 0: none done */
} rnl_combination;

typedef struct rnl_comparison {
    size_t varied;
    rnl_variation variations[RNL_MAX_VARIED];
    const char *metric; /* "val_accuracy" */
    double target;
    bool repeats, tunes;
    char *path; /* of its directory */
    size_t count;
    rnl_combination *combinations; /* (count) the last variation changes fastest */
} rnl_comparison;

/* Reads the histories of the trials that are done and sums up.  target_given: else the target is
 * 98 % of the best combination's metric, or what is as far from a loss.  Complains and returns
 * false if a history cannot be read, or has no such metric. */
bool rnl_comparison_sum_up(rnl_comparison *comparison, bool target_given);

/* The epochs in a trial's history. */
double rnl_trial_epochs(const rnl_trial *trial);

/* The table on standard output; false if memory runs out. */
bool rnl_comparison_print(const rnl_comparison *comparison);

/* compare.csv, a line per trial; compare.json; compare.png and .svg, where gnuplot is installed.
 * Complains and returns false if one cannot be written. */
bool rnl_comparison_write(const rnl_comparison *comparison);

/* Complains and returns true if one of them is the configuration's file, or one that its data are
 * read from, or if memory runs out. */
bool rnl_comparison_is_input(const rnl_comparison *comparison, const char *config_path,
                             const rnl_config *config);

/* Removes those of an earlier comparison.  Complains and returns false if that fails. */
bool rnl_comparison_forget(const rnl_comparison *comparison);

void rnl_comparison_release(rnl_comparison *comparison);

#endif
