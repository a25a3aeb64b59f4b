/*
 * The table of optimizers: their parameters, their state per weight, and their kernels.
 */
#ifndef RNL_ENGINE_TRAINING_OPTIMIZERS_H
#define RNL_ENGINE_TRAINING_OPTIMIZERS_H

#include "engine/config/schema.h"
#include "simd/kernels.h"

/* An optimizer ready to run on one instruction set. */
typedef struct rnl_bound_optimizer {
    void (*update)(const rnl_update *slice);
    float learning_rate; /* as configured */
    float momentum;
    float beta_2, epsilon;
} rnl_bound_optimizer;

/* The operations of rnl_optimizers. */
typedef struct rnl_optimizer {
    size_t (*slots)(const void *parameters);
    void (*bind)(rnl_bound_optimizer *bound, const rnl_kernels *kernels, const void *parameters);
    /* The learning rate of step `number`, from 1, as the kernel takes it; NULL: as configured. */
    float (*rate)(const void *parameters, uint64_t number);
} rnl_optimizer;

static inline const rnl_optimizer *rnl_optimizer_of(const rnl_choice *choice)
{
    return choice->kind->operations;
}

/* Floats of state for each weight. */
static inline size_t rnl_optimizer_slots(const rnl_choice *choice)
{
    return rnl_optimizer_of(choice)->slots(choice->parameters);
}

#endif
