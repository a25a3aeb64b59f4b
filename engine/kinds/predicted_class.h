/*
 * The class that a row of logits predicts.
 */
#ifndef RNL_ENGINE_KINDS_PREDICTED_CLASS_H
#define RNL_ENGINE_KINDS_PREDICTED_CLASS_H

#include "simd/kernels.h"

/* Finds the most probable of so many classes for each row of logits; RNL_NO_CLASS where their
 * probabilities are NaN.  A single logit or probability stands for the second of two classes. */
void rnl_predict_classes(const rnl_kernels *kernels, size_t classes, const rnl_largest *logits);

#endif
