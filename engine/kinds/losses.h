/*
 * The table of losses: their targets, and the last layer that each requires.
 */
#ifndef RNL_ENGINE_KINDS_LOSSES_H
#define RNL_ENGINE_KINDS_LOSSES_H

#include "engine/data/dataset.h"
#include "engine/schema/config.h"
#include "simd/kernels.h"

#define RNL_MOST_QUANTILES 100

/* A loss ready to run on one instruction set. */
typedef struct rnl_bound_loss {
    void (*rows)(const rnl_loss_rows *rows);
    /* Computes predictions from outputs: probabilities from logits, or quantiles in order; NULL if
     * the last layer's output is the prediction itself. */
    void (*probabilities)(const rnl_kernels *kernels, const rnl_softmax *rows);
    float threshold; /* of huber */
    float smoothing; /* of the targets of cross-entropies */
    float quantiles[RNL_MOST_QUANTILES];
} rnl_bound_loss;

/* The operations of rnl_losses. */
typedef struct rnl_loss {
    rnl_target target;
    /* The activation that the last layer must end with, which the loss computes from the logits;
     * NULL: any that is not fused with a loss. */
    const char *fused_activation;
    void (*bind)(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters);
    /* An activation that the loss computes, too, where the last layer ends with it, by
     * `bind_joined`; NULL: none. */
    const char *joined_activation;
    void (*bind_joined)(rnl_bound_loss *bound, const rnl_kernels *kernels, const void *parameters);
    bool counts; /* targets are numbers from 0 up, whose scale is part of the loss */
    /* The quantiles that the outputs are of the only target; NULL: none. */
    const rnl_number_list *(*quantiles)(const void *parameters);
} rnl_loss;

static inline const rnl_loss *rnl_loss_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* Binds the loss of a network whose last activation it computes, or not. */
void rnl_loss_bind(rnl_bound_loss *bound, const rnl_choice *loss, bool activation_in_loss,
                   const rnl_kernels *kernels);

/* Tests if an output is the probability of the second of two classes. */
bool rnl_loss_is_binary(const rnl_choice *loss);

/* Tests if the loss computes the last layer's activation. */
bool rnl_loss_fuses(const rnl_choice *loss, const rnl_choice *activation);

/* Tests if the loss compares outputs with numbers of any size, not with probabilities. */
bool rnl_loss_is_of_numbers(const rnl_choice *loss);

/* Tests if the loss is defined by differences, so that targets may be scaled. */
bool rnl_loss_scales_targets(const rnl_choice *loss);

/* Returns the quantiles that the outputs are of the only target, or NULL. */
const rnl_number_list *rnl_loss_quantiles(const rnl_choice *loss);

/* Returns the number of target values of a row of a network with this many outputs. */
size_t rnl_loss_targets(const rnl_choice *loss, size_t outputs);

/* Returns the output that is the median, or SIZE_MAX if none is. */
size_t rnl_loss_median(const rnl_choice *loss);

/* Sorts a row's quantiles, which may have crossed. */
void rnl_quantiles_sort(float *row, size_t count);

/* Returns the number of classes of a network with this many outputs; 0 if it predicts values. */
size_t rnl_loss_classes(const rnl_choice *loss, size_t outputs);

#endif
