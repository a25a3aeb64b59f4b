/*
 * A model from a file that is either a configuration or a model.
 */
#ifndef RNL_CLI_MODEL_SOURCE_H
#define RNL_CLI_MODEL_SOURCE_H

#include "cli/arguments.h"

#include <stdbool.h>

/* Loads what the first operand names, with the overrides.  Each complains about a failure and
 * returns an exit code. */
int rnl_arguments_load_config(const rnl_arguments *arguments, rnl_config **config);
int rnl_arguments_load_model(const rnl_arguments *arguments, rnl_model **model);

/* The file is there and begins as a model does. */
bool rnl_is_model_file(const char *path);

/* Opens it with the overrides of the arguments.  A configuration's training data give the shape of
 * a row. */
rnl_status rnl_model_open(rnl_model **model, const char *path, const rnl_arguments *arguments);

#endif
