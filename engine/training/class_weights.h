/*
 * The configuration's class weights, by class number.
 */
#ifndef RNL_ENGINE_TRAINING_CLASS_WEIGHTS_H
#define RNL_ENGINE_TRAINING_CLASS_WEIGHTS_H

#include "engine/model/model.h"

/* (classes) weights, 1 where none is given; NULL if none is given at all.  `balanced` gives every
 * class of the training rows the same part in their mean: rows / (classes x rows of the class).
 * The caller frees them.  Refuses a class that the model does not have. */
rnl_status rnl_class_weights_create(float **weights, const rnl_model *model,
                                    const rnl_dataset *train);

#endif
