/*
 * Which rank sums and updates what: pieces of all gradients, as even as chunks of their blocks
 * allow.
 */
#include "engine/step/shared_exchange.h"

#include "engine/base/number.h"

size_t rnl_region_of(const rnl_step *step, const rnl_block *block)
{
    if (!block->trained)
        return RNL_TIED;
    return block->layer->index > step->first_trainable ? RNL_EARLY : RNL_LATE;
}

static bool is_in(const rnl_exchange *e, const rnl_block *block, size_t region)
{
    return block->gradients_shared && rnl_region_of(e->step, block) == region;
}

static void place_blocks(rnl_exchange *e, size_t region)
{
    rnl_step_shared *s = e->step->shared;
    e->regions[region].begin = s->distance;
    for (size_t i = 0; i < e->step->blocks.count; ++i) {
        rnl_block *block = e->step->blocks.items[i];
        if (!is_in(e, block, region))
            continue;
        block->gradients_at = s->distance;
        s->distance += rnl_in_lines(block->count);
    }
    e->regions[region].count = s->distance - e->regions[region].begin;
}

/* The end of a chunk at or before a place: norms are summed chunk by chunk. */
static size_t end_before(const rnl_exchange *e, size_t region, size_t place)
{
    const size_t begin = e->regions[region].begin;
    for (size_t i = 0; i < e->step->blocks.count; ++i) {
        const rnl_block *block = e->step->blocks.items[i];
        const size_t at = block->gradients_at - begin;
        if (is_in(e, block, region) && place >= at && place < at + rnl_in_lines(block->count))
            return at + (place - at) / RNL_SIZES_IN_FLOAT * RNL_SIZES_IN_FLOAT;
    }
    return place;
}

static void cut_pieces(const rnl_exchange *e, size_t region)
{
    const rnl_region *r = &e->regions[region];
    const size_t ranks = e->step->shared->ranks, lines = r->count / RNL_CUT_MULTIPLE;
    for (size_t i = 0; i < ranks; ++i) {
        r->ends[i] = end_before(e, region, (i + 1) * lines / ranks * RNL_CUT_MULTIPLE);
        r->byte_ends[i] = r->ends[i] * sizeof(float);
    }
}

rnl_block_part rnl_shared_part(const rnl_step *step, const rnl_block *block, size_t rank)
{
    if (!step->shared || !rnl_block_is_gathered(block))
        return (rnl_block_part){0, block->count};
    const rnl_region *region = &step->shared->exchange->regions[rnl_region_of(step, block)];
    const size_t at = block->gradients_at - region->begin, begin = rnl_begin_of(region->ends, rank),
                 first = begin > at ? begin - at : 0,
                 end =
                     region->ends[rank] > at ? rnl_least(region->ends[rank] - at, block->count) : 0;
    return end > first ? (rnl_block_part){first, end - first} : (rnl_block_part){0, 0};
}

/* Weights lie as their gradients do, so that a piece is one message. */
static rnl_status reserve_blocks(const rnl_exchange *e)
{
    rnl_step *step = e->step;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        rnl_block *block = step->blocks.items[i];
        if (!block->trained)
            continue;
        block->own = rnl_shared_part(step, block, step->shared->rank);
        if (!rnl_block_is_gathered(block))
            RNL_TRY(rnl_arena_reserve(&step->arena, &block->arrays[RNL_VALUES], block->count,
                                      sizeof(float)));
        RNL_TRY(rnl_step_reserve_state(step, block));
    }
    return RNL_OK;
}

rnl_status rnl_shared_lay_out(rnl_exchange *e)
{
    for (size_t region = 0; region < RNL_REGIONS; ++region) {
        place_blocks(e, region);
        cut_pieces(e, region);
    }
    RNL_TRY(reserve_blocks(e));
    return rnl_arena_reserve(&e->step->arena, &e->weights, e->regions[RNL_TIED].begin,
                             sizeof(float));
}
