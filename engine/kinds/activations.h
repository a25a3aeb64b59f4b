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
    bool keeps_slope; /* in training, for the backward pass, which is given it in place of y */
} rnl_bound_activation;

/* The numbers that a function comes to or tends to. */
typedef struct rnl_reach {
    double least, most;
} rnl_reach;

/* The operations of rnl_activations. */
typedef struct rnl_activation {
    void (*bind)(rnl_bound_activation *bound, const rnl_kernels *kernels, const void *parameters);
    /* Softmax couples the units of a row: it serves only as the last layer's, fused with its loss.
     */
    bool only_with_loss;
    /* Of an S-shaped function: |f'| is under 2 % of its maximum at outputs that are not between
     * these; both 0 for the others. */
    float steep_above, steep_below;
    /* That suit it, the first of them for `auto`; NULL: rnl_glorot_initializers. */
    const char *const *initializers;
    double (*slope)(const void *parameters); /* below 0; NULL: none, or not one of its own */
    bool dies; /* 0 and flat for negative z: a unit may be 0 for every row, and then learns nothing
                */
    rnl_reach (*reach)(const void *parameters); /* NULL: all numbers */
} rnl_activation;

/* Names of initializers, by whom they are from; NULL ends them. */
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
