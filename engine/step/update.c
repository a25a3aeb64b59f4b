#include "engine/step/update.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/regularizers.h"
#include "engine/step/penalty.h"

#include <math.h>

#define SLICE RNL_UPDATE_SLICE

typedef struct slice {
    const rnl_block *block;
    size_t begin, count;
    float *gradients; /* (count); of a planned slice the block's, which are not there yet */
} slice;

typedef struct update_state {
    size_t count;
    slice slices[];
} update_state;

void rnl_step_bind_optimizer(rnl_step *step)
{
    const rnl_choice *optimizer = step->given.model->phase.optimizer;
    rnl_optimizer_of(optimizer)->bind(&step->update.optimizer, step->kernels,
                                      optimizer->parameters);
}

/* Writes the rates of one parity: other workers may still read those of the step before. */
void rnl_step_set_rates(rnl_step *step, uint64_t number, uint64_t of_optimizer,
                        rnl_scheduled scheduled, double momentum_product)
{
    step->update.rates[number % 2] =
        rnl_optimizer_rates(step->given.model->phase.optimizer, &step->update.optimizer,
                            of_optimizer, scheduled, momentum_product);
}

/* Counted from 1; 0 for none. */
static float *slot(const slice *s, size_t number)
{
    const rnl_block *block = s->block;
    return number > 0 ? block->arrays[RNL_FIRST_SLOT + number - 1] + (s->begin - block->own.begin)
                      : NULL;
}

static bool all_finite(const float *values, size_t count)
{
    bool all = true;
    for (size_t i = 0; values && i < count; ++i)
        all &= isfinite(values[i]) != 0;
    return all;
}

static rnl_trouble trouble_of(const slice *s, const rnl_update *update)
{
    if (!all_finite(update->gradients, update->count))
        return RNL_TROUBLE_GRADIENT;
    return all_finite(update->weights, s->count) ? RNL_TROUBLE_STATE : RNL_TROUBLE_VALUES;
}

/* Keeps the earliest trouble: the first step's, and within a step the first block's. */
static void note_trouble(rnl_step *step, const slice *s, const rnl_update *update, uint64_t number)
{
    const uint64_t found = rnl_trouble_pack(number, s->block->index, trouble_of(s, update));
    uint64_t earliest = atomic_load(&step->update.trouble);
    while (found < earliest &&
           !atomic_compare_exchange_weak(&step->update.trouble, &earliest, found))
        ;
}

/* Applies soft thresholding by the distance that a constant slope of l1 moves a weight in a
 * step. */
static void shrink(const rnl_step *step, const rnl_update *update, double threshold)
{
    float divisors[SLICE];
    if (!step->update.optimizer.divisors) {
        step->kernels->shrink(
            &(const rnl_shrink){update->count, update->weights, (float)threshold});
        return;
    }
    step->update.optimizer.divisors(update, divisors);
    for (size_t i = 0; i < update->count; ++i) {
        const float w = update->weights[i], size = fabsf(w), most = (float)threshold / divisors[i];
        update->weights[i] = size <= most ? 0 : copysignf(size - most, w);
    }
}

static float rate_factor_of(const rnl_block *block)
{
    const float own = block->parameter->learning_rate_factor;
    return own > 0 ? own : block->layer->learning_rate_factor;
}

static void update_slice(rnl_step *step, const rnl_step_worker *worker, const slice *s)
{
    const rnl_block *block = s->block;
    const rnl_step_rates *rates = &step->update.rates[worker->batch.number % 2];
    const float factor = rate_factor_of(block);
    const bool clips = rnl_step_clips(step);
    float check;
    const rnl_update update = {
        .count = s->count,
        .weights = block->arrays[RNL_VALUES] + s->begin,
        .gradients = s->gradients,
        .velocity = slot(s, step->update.optimizer.velocity),
        .squares = slot(s, step->update.optimizer.squares),
        .means = slot(s, step->update.optimizer.means),
        .learning_rate = factor * rates->learning_rate,
        .gradient_rate = factor * rates->gradient_rate,
        .root_scale = rates->root_scale,
        .decay = factor * rates->decay,
        .momentum = rates->velocity_share,
        .beta_2 = step->update.optimizer.beta_2,
        .epsilon = step->update.optimizer.epsilon,
        .check = &check,
    };
    if (block->penalties[0] && !clips)
        rnl_penalty_add_slope(step, block, worker->batch.rows, s->begin, s->count, s->gradients);
    for (size_t i = 0; clips && i < 2 && block->clip_factors[i] != 1; ++i)
        step->kernels->multiply(
            &(const rnl_multiply){s->count, s->gradients, &block->clip_factors[i], true});
    step->update.optimizer.update(&update);
    const rnl_regularizer regularizer = rnl_regularizer_of(block->parameter->regularizer);
    if (regularizer.proximal)
        shrink(step, &update, (double)factor * rates->lasting_rate * regularizer.l1);
    if (check != 0)
        note_trouble(step, s, &update, worker->batch.number);
}

void rnl_step_update(rnl_step *step, const rnl_step_worker *worker, size_t block_index,
                     size_t begin, size_t count, float *gradients)
{
    const rnl_block *block = step->blocks.items[block_index];
    if (!block->trained)
        return;
    for (size_t at = begin; at < begin + count; at += SLICE) {
        const size_t left = begin + count - at;
        const slice s = {block, at, rnl_least(left, SLICE), gradients + (at - begin)};
        update_slice(step, worker, &s);
    }
    if (block->penalties[0] && !rnl_penalty_is_late(block))
        rnl_penalty_measure(step, block, worker->batch.number + 1, begin, count);
}

static rnl_status run_update(void *self, size_t tile, rnl_step_worker *worker)
{
    const update_state *state = self;
    const slice *s = &state->slices[tile];
    rnl_step_update(worker->step, worker, s->block->index, s->begin, s->count,
                    s->block->gradients + s->begin);
    return RNL_OK;
}

double rnl_step_update_bytes(const rnl_step *step, double parameters, double gradient_passes)
{
    const double arrays = 1 + (double)rnl_optimizer_slots(step->given.model->phase.optimizer);
    return parameters * sizeof(float) * (2 * arrays + gradient_passes);
}

static size_t slices_of(const rnl_block *block)
{
    return block->updated_by_tile || !block->trained ? 0 : rnl_divide_up(block->own.count, SLICE);
}

rnl_status rnl_plan_update(rnl_step *step)
{
    size_t count = 0;
    double parameters = 0;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const size_t slices = slices_of(step->blocks.items[i]);
        count += slices;
        parameters += slices > 0 ? (double)step->blocks.items[i]->own.count : 0;
    }
    if (count == 0)
        return RNL_OK;
    const size_t bytes = sizeof(update_state) + count * sizeof(slice);
    update_state *state = rnl_step_allocate(step, bytes, NULL);
    if (!state)
        return rnl_fail_memory(bytes);
    for (size_t i = 0; i < step->blocks.count; ++i) {
        const rnl_block *block = step->blocks.items[i];
        for (size_t k = 0; k < slices_of(block); ++k) {
            const size_t left = block->own.count - k * SLICE;
            state->slices[state->count++] =
                (slice){block, block->own.begin + k * SLICE, rnl_least(left, SLICE), NULL};
        }
    }
    return rnl_phases_add(&step->phases,
                          (rnl_phase){.name = "update",
                                      .tiles = count,
                                      .run = run_update,
                                      .self = state,
                                      .cost = {.bytes = rnl_step_update_bytes(step, parameters, 1),
                                               .shared = parameters * sizeof(float)}});
}
