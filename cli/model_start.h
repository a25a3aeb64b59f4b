/*
 * What a training begins with: a fresh model, or one with parameters of an earlier model.
 */
#ifndef RNL_CLI_MODEL_START_H
#define RNL_CLI_MODEL_START_H

#include "runnel/runnel.h"

#include <stdbool.h>

typedef struct rnl_model_start {
    const char *earlier; /* a model's path; NULL for a fresh model */
    unsigned how;        /* RNL_SKIP_MISMATCH, RNL_KEEP_OPTIMIZER */
    bool quiet;          /* what was taken is not told */
} rnl_model_start;

/* Loads these parts of the data, and creates the model. */
rnl_status rnl_model_begin(const rnl_model_start *start, rnl_config *config, unsigned parts,
                           rnl_data **data, rnl_model **model);

#endif
