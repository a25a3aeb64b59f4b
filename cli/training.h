/*
 * A run of `runnel train`: all that it holds, and its model, which is begun, goes on from another
 * one, or from a checkpoint.
 */
#ifndef RNL_CLI_TRAINING_H
#define RNL_CLI_TRAINING_H

#include "cli/arguments.h"
#include "cli/event_file.h"
#include "cli/inspection_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/run_directory.h"
#include "cli/trace_file.h"

typedef struct rnl_train_arguments {
    rnl_arguments common;
    const char *output; /* NULL: the default */
    rnl_seed seed;
    const char *init; /* NULL: a fresh model */
    bool print_config, force, resume, restart_schedule, skip_mismatch, keep_optimizer;
    size_t deadline; /* seconds; 0: the default */
} rnl_train_arguments;

/* All that a training run holds; released together. */
typedef struct rnl_training {
    const rnl_train_arguments *arguments;
    rnl_ranks ranks;
    rnl_config *config;
    rnl_data *data;
    rnl_model *model;
    const char *resumed; /* the checkpoint that it is of, or NULL */
    rnl_run_directory directory;
    rnl_history history;
    bool refused; /* the directory could not be had, which is said */
    bool began;   /* it is made, and the history open */
    rnl_event_file events;
    bool logging; /* they are open */
    rnl_history inspection;
    bool inspecting; /* its file is open */
    rnl_trace trace;
    rnl_display display;
} rnl_training;

/* Loads the configuration, and refuses a directory that this run cannot or must not write to.
 * Returns an exit code. */
int rnl_training_prepare(rnl_training *run);

/* Obtains model and data.  Returns an exit code. */
int rnl_training_obtain_model(rnl_training *run);

#endif
