#include "engine/step/phases.h"

#include "engine/error.h"

/* Small enough to share among many workers and to stay in the L1 cache, large enough to be worth a
 * call. */
#define SLICE 4096

typedef struct slice {
    const rnl_block *block;
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

static rnl_status run_update(void *self, size_t tile, rnl_step_worker *worker)
{
    const update_state *state = self;
    const rnl_step *step = worker->step;
    const slice *s = &state->slices[tile];
    const rnl_block *block = s->block;
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
    };
    step->optimizer.update(&update);
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
            state->slices[state->count++] =
                (slice){block, begin, block->count - begin < SLICE ? block->count - begin : SLICE};
    }
    return rnl_phase_add(&step->phases,
                         (rnl_phase){.tiles = count, .run = run_update, .self = state});
}
