#include "engine/step/shared_state.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/base/memory.h"
#include "engine/step/shared_exchange.h"

#include <stdlib.h>
#include <string.h>

/* An array of a layer's blocks on its way between the model of rank 0 and the ranks' pieces. */
typedef struct transfer {
    const rnl_step *step;
    const rnl_step_shared *shared;
    bool collects; /* or places */
    size_t layer, array;
    float *whole; /* rank 0: of all its blocks, one behind the other */
    float **kept; /* (blocks) rank 0: its own pieces, while the whole is in their place */
    size_t parcel_count;
    rnl_parcel *parcels;
} transfer;

static bool takes_part(const transfer *t, const rnl_block *block)
{
    return block->layer->index == t->layer && block->trained;
}

/* What all ranks update alike, rank 0 has. */
static bool travels(const transfer *t, const rnl_block *block)
{
    return takes_part(t, block) && (rnl_block_is_gathered(block) || !t->collects);
}

static size_t count_numbers(const transfer *t)
{
    size_t count = 0;
    for (size_t i = 0; i < t->step->blocks.count; ++i)
        if (takes_part(t, t->step->blocks.items[i]))
            count += t->step->blocks.items[i]->count;
    return count;
}

static void add_parcel(transfer *t, size_t peer, bool receives, float *numbers, size_t count)
{
    t->parcels[t->parcel_count++] =
        (rnl_parcel){peer, RNL_TAG_STATE, receives, numbers, count * sizeof *numbers};
}

/* Rank 0 exchanges each rank's part of a block, and copies its own. */
static void list_parts(transfer *t, const rnl_block *block, float *whole)
{
    for (size_t r = 1; r < t->shared->ranks && travels(t, block); ++r) {
        const rnl_block_part part = rnl_shared_part(t->step, block, r);
        add_parcel(t, r, t->collects, whole + part.begin, part.count);
    }
    float *own = block->arrays[t->array], *place = whole + block->own.begin;
    memcpy(t->collects ? place : own, t->collects ? own : place, block->own.count * sizeof *own);
}

static rnl_status exchange(transfer *t)
{
    float *whole = t->whole;
    t->parcel_count = 0;
    for (size_t i = 0; i < t->step->blocks.count; ++i) {
        const rnl_block *block = t->step->blocks.items[i];
        if (t->shared->rank > 0 && travels(t, block))
            add_parcel(t, 0, !t->collects, block->arrays[t->array], block->own.count);
        if (t->shared->rank > 0 || !takes_part(t, block))
            continue;
        list_parts(t, block, whole);
        whole += block->count;
    }
    return rnl_job_exchange(t->shared->job, t->parcels, t->parcel_count)
               ? RNL_OK
               : rnl_fail_job(t->shared->job);
}

/* Lets the layer's blocks point to the whole, or to their pieces again. */
static void point_to(const transfer *t, bool whole)
{
    float *at = t->whole;
    for (size_t i = 0; i < t->step->blocks.count; ++i) {
        rnl_block *block = t->step->blocks.items[i];
        if (!takes_part(t, block))
            continue;
        if (whole)
            t->kept[i] = block->arrays[t->array];
        block->arrays[t->array] = whole ? at : t->kept[i];
        at += block->count;
    }
}

static rnl_status collect(transfer *t, rnl_layer *layer)
{
    RNL_TRY(exchange(t));
    if (t->shared->rank > 0)
        return RNL_OK;
    point_to(t, true);
    const rnl_status status =
        rnl_layer_operations_of(layer)->collect(t->step->layers.states[t->layer], t->array, layer);
    point_to(t, false);
    return status;
}

static rnl_status place(transfer *t, const rnl_layer *layer)
{
    if (t->shared->rank == 0) {
        memset(t->whole, 0, count_numbers(t) * sizeof *t->whole);
        point_to(t, true);
        rnl_layer_operations_of(layer)->place(t->step->layers.states[t->layer], t->array);
        point_to(t, false);
    }
    return exchange(t);
}

static rnl_status transfer_layer(transfer *t, rnl_layer *layer)
{
    if (count_numbers(t) == 0)
        return RNL_OK;
    for (t->array = RNL_FIRST_SLOT; t->array < rnl_step_arrays(t->step); ++t->array)
        RNL_TRY(t->collects ? collect(t, layer) : place(t, layer));
    return RNL_OK;
}

static rnl_status transfer_all(transfer *t, rnl_layer *layers)
{
    rnl_status status = RNL_OK;
    for (t->layer = 0; status == RNL_OK && t->layer < t->step->layers.count; ++t->layer)
        status = transfer_layer(t, &layers[t->layer]);
    return status;
}

static rnl_status allocate(transfer *t)
{
    const rnl_step *step = t->step;
    const size_t blocks = step->blocks.count + 1;
    size_t most = 0;
    for (t->layer = 0; t->shared->rank == 0 && t->layer < step->layers.count; ++t->layer)
        most = count_numbers(t) > most ? count_numbers(t) : most;
    RNL_TRY(rnl_check_memory("a layer of the optimizer's state", most * sizeof *t->whole));
    t->whole = malloc((most + 1) * sizeof *t->whole);
    t->kept = calloc(blocks, sizeof *t->kept);
    t->parcels = calloc(blocks * t->shared->ranks, sizeof *t->parcels);
    return t->whole && t->kept && t->parcels ? RNL_OK : rnl_fail_memory(most * sizeof *t->whole);
}

static rnl_status run(const rnl_step *step, rnl_layer *layers, bool collects)
{
    transfer t = {.step = step, .shared = step->shared, .collects = collects};
    rnl_status status = allocate(&t);
    if (status == RNL_OK)
        status = transfer_all(&t, layers);
    free(t.whole);
    free(t.kept);
    free(t.parcels);
    return rnl_job_tell_failure(step->shared->job, status);
}

rnl_status rnl_shared_collect_state(const rnl_step *step, rnl_model *model)
{
    return run(step, model->layers, true);
}

rnl_status rnl_shared_place_state(const rnl_step *step)
{
    const rnl_model *model = step->given.model;
    return step->shared && rnl_position_optimizer_step(&model->position) > 0
               ? run(step, model->layers, false)
               : RNL_OK;
}

rnl_status rnl_shared_follow(const rnl_step *step, bool *decision)
{
    const rnl_step_shared *s = step->shared;
    if (!s)
        return RNL_OK;
    rnl_parcel *parcels = s->exchange->parcels;
    const size_t count = s->rank == 0 ? s->ranks - 1 : 1;
    for (size_t i = 0; i < count; ++i)
        parcels[i] = (rnl_parcel){s->rank == 0 ? i + 1 : 0, RNL_TAG_LEADER, s->rank > 0, decision,
                                  sizeof *decision};
    return rnl_job_exchange(s->job, parcels, count) ? RNL_OK : rnl_fail_job(s->job);
}
