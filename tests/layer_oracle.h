/*
 * An independent oracle of every kind of layer, forward alone, in double precision and plain loops:
 * the loss of a mini-batch as a function of the parameters, for central differences.
 */
#ifndef RNL_TESTS_LAYER_ORACLE_H
#define RNL_TESTS_LAYER_ORACLE_H

#include "engine/model/model.h"

#define LAYER_ORACLE_LAYERS     32
#define LAYER_ORACLE_PARAMETERS 4

typedef struct layer_oracle {
    const rnl_model *model;
    size_t rows, row_block; /* of the mini-batch; rows of a block of the canonical cut */
    uint32_t step;          /* whose random numbers are drawn; 0: as outside of training */
    double *parameters[LAYER_ORACLE_LAYERS][LAYER_ORACLE_PARAMETERS];
    double *outputs[LAYER_ORACLE_LAYERS]; /* of each layer, as of the last loss */
} layer_oracle;

/* With the parameters that the model has now. */
layer_oracle layer_oracle_create(const rnl_model *model, size_t rows, uint32_t step);
void layer_oracle_release(layer_oracle *oracle);

/* The mean over the rows of the cross-entropy of the softmax of the last outputs, and the
 * penalties, for x (rows, features) and labels (rows). */
double layer_oracle_loss(layer_oracle *oracle, const float *x, const int32_t *labels);

/* The same, where no parameter of a layer before this one has changed since the last loss. */
double layer_oracle_loss_from(layer_oracle *oracle, size_t layer, const float *x,
                              const int32_t *labels);

#endif
