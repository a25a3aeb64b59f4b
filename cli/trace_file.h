/*
 * trace.csv: every parameter of a small model, before the first step and after every Nth one.
 */
#ifndef RNL_CLI_TRACE_FILE_H
#define RNL_CLI_TRACE_FILE_H

#include "cli/history.h"

typedef struct rnl_trace {
    rnl_history file;
    const rnl_model *model;
    size_t every;       /* steps */
    size_t count;       /* of parameters */
    rnl_figure *values; /* (1 + count) the step, then every parameter */
    char (*names)[RNL_PARAMETER_NAME + 48];
    bool open;
} rnl_trace;

/* Makes or continues the file of a model that is about to train, or to go on; false, and complains,
 * if that fails. */
bool rnl_trace_open(rnl_trace *trace, const char *path, const rnl_model *model, size_t every);

/* Adds a line if the step's turn has come; called by on_step.  False if the parameters cannot be
 * read, which rnl_message tells. */
bool rnl_trace_step(rnl_trace *trace, const rnl_progress *progress);

/* Complains and returns false if anything could not be written. */
bool rnl_trace_close(rnl_trace *trace);

#endif
