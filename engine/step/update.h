/*
 * The optimizer on parameters whose gradients are complete.
 */
#ifndef RNL_ENGINE_STEP_UPDATE_H
#define RNL_ENGINE_STEP_UPDATE_H

#include "engine/kinds/schedules.h"
#include "engine/step/step.h"

/* Chooses the optimizer's functions. */
void rnl_step_bind_optimizer(rnl_step *step);

/* Sets the rates of a step, as the schedule has them, after a step with this momentum product;
 * called by one worker before the barrier that begins it. */
void rnl_step_set_rates(rnl_step *step, uint64_t number, rnl_scheduled scheduled,
                        double momentum_product);

/* The optimizer on a part of a block whose gradients, (count), are complete; a penalty joins them.
 */
void rnl_step_update(rnl_step *step, const rnl_step_worker *worker, size_t block_index,
                     size_t begin, size_t count, float *gradients);

/* Bytes that an update of so many parameters reads and writes: value and state of the optimizer
 * both ways, and the gradient `gradient_passes` times. */
double rnl_step_update_bytes(const rnl_step *step, double parameters, double gradient_passes);

/* The phase that updates, in slices, what no backward tile updates. */
rnl_status rnl_plan_update(rnl_step *step);

#endif
