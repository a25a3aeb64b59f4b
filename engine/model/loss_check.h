/*
 * Checks of a loss against the last layer of a network, and against the targets of rows.
 */
#ifndef RNL_ENGINE_MODEL_LOSS_CHECK_H
#define RNL_ENGINE_MODEL_LOSS_CHECK_H

#include "engine/kinds/losses.h"
#include "engine/model/layer.h"

/* Refuses a last layer that does not fit the loss. `activation` may be NULL. */
rnl_status rnl_loss_check(const rnl_choice *loss, const rnl_choice *activation,
                          const rnl_layer *last);

/* Refuses rows whose targets do not fit the loss of a network with this many outputs. */
rnl_status rnl_loss_check_rows(const rnl_choice *loss, const rnl_dataset *dataset, size_t outputs);

#endif
