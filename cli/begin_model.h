/*
 * What a training begins with: a fresh model, or one with parameters of an earlier model.
 */
#ifndef RNL_CLI_BEGIN_MODEL_H
#define RNL_CLI_BEGIN_MODEL_H

#include "runnel/runnel.h"

#include <stdbool.h>

typedef struct rnl_model_beginning {
    const char *earlier; /* a model's path; NULL for a fresh model */
    unsigned how;        /* RNL_SKIP_MISMATCH, RNL_KEEP_OPTIMIZER */
    bool quiet;          /* what was taken is not told */
    rnl_job *job; /* whose ranks all begin, each with its rows; NULL: this process is alone */
} rnl_model_beginning;

/* Loads these parts of the data, and creates the model. */
rnl_status rnl_model_begin(const rnl_model_beginning *start, rnl_config *config, unsigned parts,
                           rnl_data **data, rnl_model **model);

#endif
