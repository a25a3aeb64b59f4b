/*
 * The table of activations: their parameters and the kernels that compute them.
 */
#ifndef RNL_ENGINE_KINDS_ACTIVATIONS_H
#define RNL_ENGINE_KINDS_ACTIVATIONS_H

#include "engine/schema/schema.h"
#include "simd/kernels.h"

/* An activation ready to run on one instruction set. */
typedef struct rnl_bound_activation {
    void (*forward)(const rnl_activation_forward *tile);
    void (*backward)(const rnl_activation_backward *tile);
    float alpha;
    bool keeps_slope; /* in training, for the backward pass, which reads it instead of y */
    const void *self; /* what a formula or a callback is made of */
} rnl_bound_activation;

/* The range of a function, limits included. */
typedef struct rnl_reach {
    double least, most;
} rnl_reach;

/* The operations of rnl_activations. */
typedef struct rnl_activation {
    void (*bind)(rnl_bound_activation *bound, const rnl_kernels *kernels, const void *parameters);
    /* Softmax couples the units of a row, so it serves only as the last activation, fused with its
     * loss. */
    bool only_with_loss;
    /* S-shaped functions: |f'| is below 2 % of its maximum at outputs outside of these bounds; both
     * 0 for other functions. */
    float steep_above, steep_below;
    /* Suitable ones, the first for `auto`; NULL: rnl_glorot_initializers. */
    const char *const *initializers;
    double (*slope)(const void *parameters); /* below 0; NULL: none, or none that is constant */
    bool dies; /* 0 and flat for negative z: a unit may be 0 for every row, and then it learns
                  nothing */
    rnl_reach (*reach)(const void *parameters); /* NULL: all numbers */
} rnl_activation;

/* Names of initializers, grouped by their authors; NULL ends each list. */
extern const char *const rnl_he_initializers[], *const rnl_lecun_initializers[],
                                                    *const rnl_glorot_initializers[];

static inline bool rnl_activation_is_s_shaped(const rnl_activation *activation)
{
    return activation->steep_above < activation->steep_below;
}

static inline const rnl_activation *rnl_activation_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

rnl_reach rnl_activation_reach(const rnl_choice *activation);

#endif
