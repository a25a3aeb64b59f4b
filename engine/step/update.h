/*
 * The optimizer, applied to parameters whose gradients are complete.
 */
#ifndef RNL_ENGINE_STEP_UPDATE_H
#define RNL_ENGINE_STEP_UPDATE_H

#include "engine/kinds/schedules.h"
#include "engine/step/step.h"

/* Chooses the optimizer's functions. */
void rnl_step_bind_optimizer(rnl_step *step);

/* Sets the rates of a step from the schedule's, given the momentum product of the step before, and
 * the number of the step as the optimizer counts; called by one worker before the barrier that
 * begins the step. */
void rnl_step_set_rates(rnl_step *step, uint64_t number, uint64_t of_optimizer,
                        rnl_scheduled scheduled, double momentum_product);

/* Updates a part of a block whose gradients, (count), are complete, after adding its penalty's
 * slope. */
void rnl_step_update(rnl_step *step, const rnl_step_worker *worker, size_t block_index,
                     size_t begin, size_t count, float *gradients);

/* Returns the bytes that an update of so many parameters reads and writes: value and optimizer
 * state once each way, the gradient `gradient_passes` times. */
double rnl_step_update_bytes(const rnl_step *step, double parameters, double gradient_passes);

/* Adds the phase that updates, in slices, what no backward tile updates. */
rnl_status rnl_plan_update(rnl_step *step);

#endif
