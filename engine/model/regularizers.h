/*
 * The table of regularizers: penalties on the size of parameters, added to the loss.
 */
#ifndef RNL_ENGINE_MODEL_REGULARIZERS_H
#define RNL_ENGINE_MODEL_REGULARIZERS_H

#include "engine/config/schema.h"

/* The parameters of every kind: the penalty is l1 sum |w| + l2 sum w^2. */
typedef struct rnl_regularizer {
    double l1, l2;
} rnl_regularizer;

/* All 0 where nothing was chosen. */
static inline rnl_regularizer rnl_regularizer_of(const rnl_choice *choice)
{
    return choice && choice->kind ? *(const rnl_regularizer *)choice->parameters
                                  : (rnl_regularizer){0};
}

#endif
