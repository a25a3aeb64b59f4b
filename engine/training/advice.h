/*
 * What is told before training about layers that do not go well together.
 */
#ifndef RNL_ENGINE_TRAINING_ADVICE_H
#define RNL_ENGINE_TRAINING_ADVICE_H

#include "engine/model/model.h"

/* Notes initializers that do not suit their activation, and warns of what keeps a network with selu
 * from normalizing itself (Klambauer et al. 2017), and of dropout that leaves nothing. */
void rnl_advise(const rnl_model *model, const rnl_dataset *rows, const rnl_options *options);

#endif
