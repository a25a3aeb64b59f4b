/*
 * Predictions as CSV and .npy; `runnel help predict` documents what they hold.
 */
#ifndef RNL_CLI_PREDICTION_FILE_H
#define RNL_CLI_PREDICTION_FILE_H

#include <runnel/runnel.h>

#include <stdbool.h>

/* Writes to the file, which appears whole or not at all, or to standard output if path is NULL.
 * Complains and returns false if that fails. */
bool rnl_prediction_write(const rnl_prediction *prediction, const rnl_model *model,
                          bool probabilities, const char *path);

#endif
