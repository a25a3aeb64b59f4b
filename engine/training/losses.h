/*
 * The table of losses, and what a loss asks of the last layer.
 */
#ifndef RNL_ENGINE_TRAINING_LOSSES_H
#define RNL_ENGINE_TRAINING_LOSSES_H

#include "engine/model/layer.h"
#include "simd/kernels.h"

/* The operations of rnl_losses. */
typedef struct rnl_loss {
    /* The name of the activation that the last layer must end with, computed together with the
     * loss from its logits. */
    const char *fused_activation;
    void (*bind)(void (**kernel)(const rnl_cross_entropy *), const rnl_kernels *kernels);
} rnl_loss;

static inline const rnl_loss *rnl_loss_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* Refuses a last layer that does not fit the loss. `activation` may be NULL. */
rnl_status rnl_loss_check(const rnl_choice *loss, const rnl_choice *activation,
                          const rnl_layer *last);

#endif
