#include "engine/step/phases.h"

#include "engine/error.h"

#include <math.h>

/* Small enough to share among many workers and to stay in the L1 cache, large enough to be worth a
 * call. */
#define SLICE 4096

typedef struct slice {
    const rnl_block *block;
    size_t block_index;
    size_t begin, count;
} slice;

typedef struct update_state {
    size_t count;
    slice slices[];
} update_state;

static float *slot(const slice *s, size_t index)
{
    float *array = s->block->arrays[RNL_FIRST_SLOT + index];
    return array ? array + s->begin : NULL;
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
    for (size_t k = 0; k < update->copies; ++k)
        if (!all_finite(update->gradients + k * update->copy_distance, update->count))
            return RNL_TROUBLE_GRADIENT;
    return all_finite(update->weights, s->count) ? RNL_TROUBLE_STATE : RNL_TROUBLE_VALUES;
}

/* Keeps the earliest trouble: of the first step, and there of the first block. */
static void note_trouble(rnl_step *step, const slice *s, const rnl_update *update, uint64_t number)
{
    const uint64_t found = rnl_trouble_pack(number, s->block_index, trouble_of(s, update));
    uint64_t earliest = atomic_load(&step->trouble);
    while (found < earliest && !atomic_compare_exchange_weak(&step->trouble, &earliest, found))
        ;
}

static rnl_status run_update(void *self, size_t tile, rnl_step_worker *worker)
{
    const update_state *state = self;
    rnl_step *step = worker->step;
    const slice *s = &state->slices[tile];
    const rnl_block *block = s->block;
    float check;
    const rnl_update update = {
        .count = s->count,
        .weights = block->arrays[RNL_VALUES] + s->begin,
        .gradients = block->gradients + s->begin,
        .copies = rnl_cut_used(step->rows, worker->batch.rows),
        .copy_distance = block->copy_distance,
        .velocity = slot(s, 0),
        .squares = slot(s, 1),
        .learning_rate = step->rates[worker->batch.number % 2],
        .momentum = step->optimizer.momentum,
        .beta_2 = step->optimizer.beta_2,
        .epsilon = step->optimizer.epsilon,
        .check = &check,
    };
    step->optimizer.update(&update);
    if (check != 0)
        note_trouble(step, s, &update, worker->batch.number);
    return RNL_OK;
}

rnl_status rnl_plan_update(rnl_step *step)
{
    size_t count = 0;
    for (size_t i = 0; i < step->block_count; ++i)
        count += (step->blocks[i]->count + SLICE - 1) / SLICE;
    const size_t bytes = sizeof(update_state) + count * sizeof(slice);
    update_state *state = rnl_step_allocate(step, bytes, NULL);
    if (!state)
        return rnl_fail_memory(bytes);
    for (size_t i = 0; i < step->block_count; ++i) {
        const rnl_block *block = step->blocks[i];
        for (size_t begin = 0; begin < block->count; begin += SLICE)
            state->slices[state->count++] = (slice){
                block, i, begin, block->count - begin < SLICE ? block->count - begin : SLICE};
    }
    return rnl_phase_add(&step->phases,
                         (rnl_phase){.tiles = count, .run = run_update, .self = state});
}
