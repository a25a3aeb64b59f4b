/*
 * Short runs of all that the library does, in which calls are made to fail.
 */
#ifndef RNL_TESTS_FAILING_RUNS_H
#define RNL_TESTS_FAILING_RUNS_H

#include <runnel/runnel.h>
#include <stdbool.h>

#define CHECKPOINT "checkpoint.safetensors"
#define MODEL      "model.safetensors"

extern const char run_config[]; /* of config.yaml, for rows.csv */
extern const rnl_options run_options;

typedef struct run {
    rnl_config *config;
    rnl_data *data, *rows, *generated;
    rnl_model *model;
    rnl_evaluation *evaluation;
    rnl_prediction *prediction;
    rnl_predictor *predictor;
    rnl_diff *diff;
    char *texts[6];
    bool training, trained; /* begun, ended */
} run;

typedef rnl_status (*scenario)(run *r);

/* Frees what a run holds, wherever it ended. */
void run_release(run *r);

/* config.yaml: from the rows to a model that is saved. */
rnl_status run_train(run *r, const rnl_options *how);
rnl_status run_train_and_save(run *r);

/* The model, and a configuration with generated rows. */
rnl_status run_use(run *r);

/* Training goes on from the last checkpoint, or the one before it. */
rnl_status run_go_on(run *r);

#endif
