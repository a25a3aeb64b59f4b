/*
 * Autoencoders: the targets of a row are its scaled inputs (data.targets: inputs).
 */
#ifndef RNL_ENGINE_MODEL_MIRRORED_TARGETS_H
#define RNL_ENGINE_MODEL_MIRRORED_TARGETS_H

#include "engine/model/model.h"

/* Refuses what does not go with inputs as targets: other losses than those of values, another
 * number of outputs, a scaling of targets, r2_score. */
rnl_status rnl_mirrored_check(const rnl_model *model);

/* Refuses training rows whose scaled inputs are no probabilities, under a loss that needs such;
 * of rows that ranks hold by parts, this rank's. */
rnl_status rnl_mirrored_check_rows(const rnl_model *model, const rnl_dataset *train);

#endif
