/*
 * Advice before training about layers that do not fit together.
 */
#ifndef RNL_ENGINE_TRAINING_ADVICE_H
#define RNL_ENGINE_TRAINING_ADVICE_H

#include "engine/model/model.h"

/* Logs initializers that do not suit their activation, and warns of what prevents a network with
 * selu from normalizing itself (Klambauer et al. 2017), and of dropout that drops everything. */
void rnl_advise(const rnl_model *model, const rnl_dataset *rows, const rnl_options *options);

#endif
