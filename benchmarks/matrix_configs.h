/*
 * A configuration with other activations, optimizers and normalizations.
 */
#ifndef RNL_BENCHMARKS_MATRIX_CONFIGS_H
#define RNL_BENCHMARKS_MATRIX_CONFIGS_H

#include "runnel/runnel.h"

#include <jansson.h>

/* The configuration as JSON; *layers: how many of its layers have an activation that may be
 * another, all but the last one and those without (linear) or with one that goes with the loss. */
rnl_status rnl_matrix_read(json_t **document, size_t *layers, const rnl_config *config);

/* Each sets one choice, as it stands in a configuration, in a copy of the document.  The
 * normalization stands behind each of the layers above; null: none. */
void rnl_matrix_set_optimizer(json_t *document, json_t *optimizer);
void rnl_matrix_set_activation(json_t *document, json_t *activation);
void rnl_matrix_add_normalization(json_t *document, json_t *normalization);

#endif
