/*
 * A comparison: every combination of the varied values, trained in one trial for each seed and
 * fold, and what is made of the results.
 */
#ifndef RNL_CLI_COMPARISON_H
#define RNL_CLI_COMPARISON_H

#include "cli/history_table.h"
#include "cli/paired_difference.h"
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
    double epochs_to_target; /* infinite: not reached, which a trial that failed did not either */
    double seconds_to_target;
} rnl_trial;

/* Values of the variations, at one learning rate where several are tried for each.  Combinations
 * that differ in that alone are a setting; the best of them stands for it. */
typedef struct rnl_combination {
    const char *values[RNL_MAX_VARIED]; /* of the variations */
    double learning_rate;               /* tuned; NaN: the configuration's */
    double suggested;                   /* by the range test; NaN: there was none */
    size_t train_rows;
    size_t count;
    rnl_trial *trials; /* (count) */

    /* Sums over the trials that are done. */
    size_t done, reached;
    double mean, deviation; /* of the value; the standard deviation of a sample, NaN of one trial */
    double seconds_per_epoch, epochs;           /* epochs: the mean of the trials */
    double epochs_to_target, seconds_to_target; /* medians of all trials; infinite: not reached */
    bool chosen;                                /* of its setting */
    size_t rank;                    /* among those chosen, from 1; 0: none done, or not chosen */
    rnl_paired_difference to_first; /* of the value, from the first setting's */
} rnl_combination;

typedef struct rnl_comparison {
    size_t varied;
    rnl_variation variations[RNL_MAX_VARIED];
    const char *metric; /* "val_accuracy" */
    double target;
    bool target_given; /* beforehand; else it is 98 % of the best mean, or what is as far from a
                          loss */
    bool repeats;
    size_t rates;  /* learning rates of each setting, around the suggested one; 0: its own */
    size_t trials; /* draws from ranges; 0: there are none */
    size_t searches;
    double search_seconds; /* of the range tests */
    char *path;            /* of its directory */
    size_t count;
    rnl_combination
        *combinations; /* (count) rates change fastest, then draws, then the last list */
} rnl_comparison;

/* Returns the combinations of a setting: its rates, or one. */
size_t rnl_comparison_setting_size(const rnl_comparison *comparison);

/* Returns the combination that stands for the first setting. */
const rnl_combination *rnl_comparison_first(const rnl_comparison *comparison);

/* Reads the histories of the trials that are done and sums up; chooses the best of each setting: by
 * the median of the seconds to the target, where it is given, else by the mean.  Complains and
 * returns false if a history cannot be read, or has no such metric. */
bool rnl_comparison_sum_up(rnl_comparison *comparison);

/* The epochs in a trial's history. */
double rnl_trial_epochs(const rnl_trial *trial);

/* The table on standard output, as Markdown or aligned; false if memory runs out. */
bool rnl_comparison_print(const rnl_comparison *comparison, bool markdown);

/* compare.csv, a line per trial; compare.json; compare.png and .svg, and where rates vary
 * compare-rates.png and .svg, where gnuplot is installed.
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
