/*
 * The table of losses: the targets that each compares with, and what it asks of the last layer.
 */
#ifndef RNL_ENGINE_KINDS_LOSSES_H
#define RNL_ENGINE_KINDS_LOSSES_H

#include "engine/data/dataset.h"
#include "engine/schema/config.h"
#include "simd/kernels.h"

/* A loss ready to run on one instruction set. */
typedef struct rnl_bound_loss {
    void (*rows)(const rnl_loss_rows *rows);
    /* Probabilities from logits; NULL where the last layer's output is the prediction itself. */
    void (*probabilities)(const rnl_kernels *kernels, const rnl_softmax *rows);
    float threshold; /* of huber */
} rnl_bound_loss;

/* The operations of rnl_losses. */
typedef struct rnl_loss {
    rnl_target target;
    /* The name of the activation that the last layer must end with, computed together with the
     * loss from its logits; NULL: any that is not fused with a loss. */
    const char *fused_activation;
    void (*bind)(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters);
} rnl_loss;

static inline const rnl_loss *rnl_loss_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* An output is the probability of the second of two classes. */
bool rnl_loss_is_binary(const rnl_choice *loss);

/* The loss computes the last layer's activation. */
bool rnl_loss_fuses(const rnl_choice *loss, const rnl_choice *activation);

/* It compares outputs with numbers of any size, not with probabilities. */
bool rnl_loss_is_of_numbers(const rnl_choice *loss);

/* The classes that a network with this many outputs tells apart; 0 if it predicts values. */
size_t rnl_loss_classes(const rnl_choice *loss, size_t outputs);

#endif
