#include "engine/step/step.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"

#include <stdlib.h>
#include <string.h>

typedef struct rnl_owned {
    void *memory;
    void (*release)(void *);
} rnl_owned;

/* Room for one more item at the end of a growing array, or NULL. */
static void *grow(void **items, size_t *count, size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        const size_t larger = 2 * *capacity + 16;
        void *grown = realloc(*items, larger * size);
        if (!grown)
            return NULL;
        *items = grown;
        *capacity = larger;
    }
    void *item = (char *)*items + (*count)++ * size;
    memset(item, 0, size);
    return item;
}

void *rnl_step_allocate(rnl_step *step, size_t size, void (*release)(void *))
{
    rnl_owned *owned = grow((void **)&step->owned.items, &step->owned.count, &step->owned.capacity,
                            sizeof *step->owned.items);
    if (!owned)
        return NULL;
    owned->memory = calloc(1, size);
    owned->release = release;
    return owned->memory;
}

rnl_product rnl_step_product(const rnl_step *step, rnl_product_shape shape)
{
    if (step->onednn)
        rnl_product_need(&shape, step->onednn);
    return (rnl_product){shape, step->kernels};
}

rnl_status rnl_step_block(rnl_step *step, const rnl_layer *layer, size_t parameter, size_t count,
                          rnl_block **block)
{
    rnl_block *created = rnl_step_allocate(step, sizeof *created, NULL);
    rnl_block **added = grow((void **)&step->blocks.items, &step->blocks.count,
                             &step->blocks.capacity, sizeof *step->blocks.items);
    if (!created || !added)
        return rnl_fail_memory(sizeof *created);
    *added = created;
    created->index = step->blocks.count - 1;
    created->layer = layer;
    created->parameter = &layer->parameters[parameter];
    created->count = count;
    created->own = (rnl_block_part){0, count};
    created->trained = step->given.training && !layer->frozen && !created->parameter->fixed;
    step->memory.parameters += count * sizeof(float);
    *block = created;
    if (step->shared && created->trained)
        return RNL_OK;
    RNL_TRY(rnl_arena_reserve(&step->arena, &created->arrays[RNL_VALUES], count, sizeof(float)));
    return rnl_step_reserve_state(step, created);
}

rnl_status rnl_step_reserve_state(rnl_step *step, rnl_block *block)
{
    const size_t arrays = block->trained ? rnl_step_arrays(step) : RNL_FIRST_SLOT;
    step->memory.optimizer += (arrays - RNL_FIRST_SLOT) * block->own.count * sizeof(float);
    for (size_t a = RNL_FIRST_SLOT; a < arrays; ++a)
        RNL_TRY(
            rnl_arena_reserve(&step->arena, &block->arrays[a], block->own.count, sizeof(float)));
    return RNL_OK;
}

rnl_status rnl_step_gradients(rnl_step *step, rnl_block *block)
{
    if (!step->shared)
        return rnl_step_whole_gradients(step, block);
    if (!block->trained && !block->layer->tied_to)
        return RNL_OK;
    step->memory.gradients += block->count * sizeof(float);
    block->gradients_shared = true;
    return RNL_OK;
}

rnl_status rnl_step_whole_gradients(rnl_step *step, rnl_block *block)
{
    if (!block->trained)
        return RNL_OK;
    step->memory.gradients += block->count * sizeof(float);
    return rnl_arena_reserve(&step->arena, &block->gradients, block->count, sizeof(float));
}

bool rnl_step_keeps_gradients(const rnl_step *step)
{
    return rnl_step_updates_late(step) || step->given.inspecting;
}

rnl_status rnl_step_matrix(rnl_step *step, rnl_matrix *matrix, size_t columns)
{
    matrix->columns = columns;
    matrix->stride = rnl_product_row_stride(columns);
    return rnl_arena_reserve(&step->arena, &matrix->values, step->padded_rows * matrix->stride,
                             sizeof(float));
}

void rnl_step_need_tile(rnl_step *step, size_t floats)
{
    if (step->buffers.tile_floats < floats)
        step->buffers.tile_floats = floats;
}

void rnl_step_release(rnl_step *step)
{
    rnl_job_drop(step->given.job);
    for (size_t i = step->owned.count; i-- > 0;) {
        if (step->owned.items[i].release && step->owned.items[i].memory)
            step->owned.items[i].release(step->owned.items[i].memory);
        free(step->owned.items[i].memory);
    }
    free(step->owned.items);
    free(step->blocks.items);
    rnl_phases_release(&step->phases);
    rnl_phases_release(&step->preparation);
    rnl_phases_release(&step->probes);
    rnl_arena_release(&step->arena);
    rnl_onednn_free(step->onednn);
}
