/*
 * Digests of the rows that a training is made with, by which a checkpoint knows them again.
 */
#ifndef RNL_ENGINE_DATA_DATA_DIGEST_H
#define RNL_ENGINE_DATA_DATA_DIGEST_H

#include "engine/data/dataset.h"
#include "engine/storage/digest.h"

/* Inputs, targets and sample weights of the training and of the validation rows, and a blank or a
 * final 0 behind each. */
#define RNL_DATA_DIGESTS     6
#define RNL_DATA_DIGEST_TEXT (RNL_DATA_DIGESTS * (RNL_DIGEST_DIGITS + 1))

rnl_status rnl_data_digest(char text[RNL_DATA_DIGEST_TEXT], const rnl_data *data);

bool rnl_is_data_digest(const char *text);

/* "the targets of the validation rows": the first that differs; NULL if all are the same. */
const char *rnl_data_digest_difference(const char *before, const char *now, bool *of_validation);

#endif
