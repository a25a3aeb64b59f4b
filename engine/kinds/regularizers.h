/*
 * The table of regularizers: penalties on the size of parameters, added to the loss.
 */
#ifndef RNL_ENGINE_KINDS_REGULARIZERS_H
#define RNL_ENGINE_KINDS_REGULARIZERS_H

#include "engine/schema/schema.h"

/* The parameters of every kind: the penalty is l1 sum |w| + l2 sum w^2. */
typedef struct rnl_regularizer {
    double l1, l2;
    bool proximal; /* l1 acts after the update, by soft thresholding, instead of by its slope */
    bool by_rows;  /* the penalty is divided by the rows of the mini-batch */
} rnl_regularizer;

/* How a kind differs from a plain penalty (its operations). */
typedef struct rnl_regularizer_way {
    bool proximal, by_rows;
    double l2_factor; /* of the l2 that is written */
} rnl_regularizer_way;

/* Returns the choice's penalty, all 0 without a choice. */
static inline rnl_regularizer rnl_regularizer_of(const rnl_choice *choice)
{
    if (!choice || !choice->kind)
        return (rnl_regularizer){0};
    rnl_regularizer regularizer = *(const rnl_regularizer *)choice->parameters;
    const rnl_regularizer_way *way = choice->kind->operations;
    if (!way)
        return regularizer;
    regularizer.proximal = way->proximal;
    regularizer.by_rows = way->by_rows;
    regularizer.l2 *= way->l2_factor;
    return regularizer;
}

#endif
