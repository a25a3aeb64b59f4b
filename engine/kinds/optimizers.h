/*
 * The table of optimizers: their parameters, their state per weight, and their kernels.
 */
#ifndef RNL_ENGINE_KINDS_OPTIMIZERS_H
#define RNL_ENGINE_KINDS_OPTIMIZERS_H

#include "engine/kinds/schedules.h"
#include "engine/schema/schema.h"
#include "simd/kernels.h"

/* An optimizer ready to run on one instruction set. */
typedef struct rnl_bound_optimizer {
    void (*update)(const rnl_update *slice);
    /* Computes the divisors of the gradients of an updated slice; NULL: there are none. */
    void (*divisors)(const rnl_update *slice, float *divisors);
    double learning_rate, momentum; /* as configured; momentum: beta_1 of the adam family;
                                       learning_rate 0: a range test finds it */
    float beta_2, epsilon;
    /* Slots of the state, from 1, of the kernel's arrays; 0: none. */
    uint8_t velocity, squares, means;
} rnl_bound_optimizer;

/* Values that change from step to step, computed once by one worker; see rnl_update. */
typedef struct rnl_step_rates {
    /* The schedule's values, before the optimizer adapts them to its kernel. */
    double rate, momentum;
    bool momentum_changes;

    /* A constant gradient of 1 moves a weight by this in each step, times the inverse of its
     * divisor; with momentum, once the velocity has converged. */
    double lasting_rate;

    float learning_rate, velocity_share; /* the kernel's momentum */
    float gradient_rate, root_scale, decay;
    double momentum_product; /* product of the momenta of all steps up to this one, if they
                                change */
} rnl_step_rates;

/* The operations of rnl_optimizers. */
typedef struct rnl_optimizer {
    size_t (*slots)(const void *parameters);
    void (*bind)(rnl_bound_optimizer *bound, const rnl_kernels *kernels, const void *parameters);
    /* Computes the rates of step `number`, from 1, as the kernel takes them.  On entry, `rates`
     * holds those of the schedule, and the momentum product of the step before, 1 at first.  NULL:
     * unchanged. */
    void (*rates)(const void *parameters, uint64_t number, rnl_step_rates *rates);
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

/* Returns the learning rate as configured; 0: a range test finds it. */
double rnl_optimizer_learning_rate(const rnl_choice *choice);

/* Tests if the velocity never decays: momentum 1. */
bool rnl_optimizer_never_slows(const rnl_choice *choice);

/* Returns the rates of step `number`, from 1, under the schedule, after a step with this momentum
 * product. */
rnl_step_rates rnl_optimizer_rates(const rnl_choice *choice, const rnl_bound_optimizer *bound,
                                   uint64_t number, rnl_scheduled scheduled,
                                   double momentum_product);

#endif
