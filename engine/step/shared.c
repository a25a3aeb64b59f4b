#include "engine/step/shared_exchange.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/step/shard_sum.h"

#include <string.h>

size_t rnl_shard_roots(rnl_shard_range range, rnl_shard_node roots[RNL_MOST_ROOTS])
{
    size_t count = 0;
    for (size_t first = range.first, end = range.first + range.count; first < end;) {
        size_t span = 1;
        while (first % (2 * span) == 0 && first + 2 * span <= end)
            span *= 2;
        roots[count++] = (rnl_shard_node){first, span};
        first += span;
    }
    return count;
}

void rnl_step_take_all(rnl_step *step, bool all)
{
    const rnl_step_shared *s = step->shared;
    if (!s)
        return;
    step->rows = rnl_cut_whole(step->rows);
    if (all)
        return;
    step->rows.before = s->shards.first;
    step->rows.behind = step->rows.shards - s->shards.first - s->shards.count;
}

rnl_status rnl_step_share(rnl_step *step)
{
    rnl_job *job = step->given.job;
    if (!step->given.training || !(job || step->given.ranks_foreseen > 1))
        return RNL_OK;
    rnl_step_shared *s = rnl_step_allocate(step, sizeof *s, NULL);
    if (!s)
        return rnl_fail_memory(sizeof *s);
    s->job = job;
    s->rank = job ? rnl_job_own_rank(job) : 0;
    s->ranks = job ? rnl_job_count(job) : step->given.ranks_foreseen;
    s->shards = rnl_cut_rank(rnl_step_shards(step), s->ranks, s->rank);
    s->own_count = rnl_shard_roots(s->shards, s->own);
    step->shared = s;
    return RNL_OK;
}

/* ---- exchange -------------------------------------------------------------------------------- */

static size_t list_roots_of(const rnl_exchange *e, const rnl_region *region, size_t peer,
                            rnl_parcel *parcels)
{
    const rnl_step_shared *s = e->step->shared;
    float *theirs = s->gradients + region->begin + rnl_begin_of(region->ends, peer);
    size_t count = 0;
    for (size_t k = 0; k < s->own_count; ++k)
        parcels[count++] = (rnl_parcel){peer, RNL_TAG_ROOTS, false, theirs + k * s->distance,
                                        rnl_size_of(region->byte_ends, peer)};
    for (size_t k = rnl_begin_of(e->root_ends, peer); k < e->root_ends[peer]; ++k)
        parcels[count++] = (rnl_parcel){peer, RNL_TAG_ROOTS, true, region->arrays[k],
                                        rnl_size_of(region->byte_ends, s->rank)};
    return count;
}

static size_t list_rows(const rnl_exchange *e, size_t peer, rnl_parcel parcels[2])
{
    const rnl_row_messages *rows = &e->rows;
    const size_t own = e->step->shared->rank;
    parcels[0] =
        (rnl_parcel){peer, RNL_TAG_ROWS, false, rows->bytes + rnl_begin_of(rows->ends, own),
                     rnl_size_of(rows->ends, own)};
    parcels[1] =
        (rnl_parcel){peer, RNL_TAG_ROWS, true, rows->bytes + rnl_begin_of(rows->ends, peer),
                     rnl_size_of(rows->ends, peer)};
    return 2;
}

/* What leaves before the gradients of the first layer are computed, or behind them. */
static size_t list_parcels(const rnl_exchange *e, bool early)
{
    const rnl_step_shared *s = e->step->shared;
    size_t count = 0;
    for (size_t i = 1; i < s->ranks; ++i) {
        const size_t peer = (s->rank + i) % s->ranks;
        for (size_t k = 0; k < RNL_REGIONS; ++k)
            if ((k != RNL_LATE) == early)
                count += list_roots_of(e, &e->regions[k], peer, e->parcels + count);
        if (!early)
            count += list_rows(e, peer, e->parcels + count);
    }
    return count;
}

static rnl_status run_early_exchange(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile, (void)self;
    const rnl_step_shared *s = worker->step->shared;
    rnl_job_stand_at(s->job, worker->batch.number);
    return rnl_job_start(s->job, s->exchange->parcels, list_parcels(s->exchange, true))
               ? RNL_OK
               : rnl_fail_job(s->job);
}

static rnl_status run_exchange(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const rnl_exchange *e = self;
    const rnl_step_shared *s = worker->step->shared;
    rnl_rows_write(e, worker->batch.number);
    rnl_job_stand_at(s->job, worker->batch.number);
    if (!rnl_job_exchange(s->job, e->parcels, list_parcels(e, false)))
        return rnl_fail_job(s->job);
    return rnl_rows_read(e, worker->batch.number);
}

static bool has_early_gradients(const rnl_step *step)
{
    bool any = false;
    for (size_t i = 0; i < step->blocks.count; ++i)
        any |= step->blocks.items[i]->gradients_shared &&
               rnl_region_of(step, step->blocks.items[i]) != RNL_LATE;
    return any;
}

/* It waits for all gradients so far; nobody waits for it. */
rnl_status rnl_plan_early_exchange(rnl_step *step)
{
    if (!step->shared || !has_early_gradients(step))
        return RNL_OK;
    rnl_phases_end_trailing(&step->phases);
    return rnl_phases_add(&step->phases, (rnl_phase){.name = "send gradients",
                                                     .tiles = 1,
                                                     .run = run_early_exchange,
                                                     .trails = RNL_TRAILS_HERE,
                                                     .cost = {.sends = true}});
}

/* ---- sum ------------------------------------------------------------------------------------- */

/* The number of the root that begins with this shard and spans so many; that of all if none. */
static size_t root_of(const rnl_exchange *e, rnl_shard_node node)
{
    size_t low = 0, high = e->root_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (e->roots[middle].first < node.first)
            low = middle + 1;
        else
            high = middle;
    }
    const bool is_root = e->roots[low].first == node.first && e->roots[low].span == node.span;
    return is_root ? low : e->root_count;
}

/* A part of this rank's piece of a region. */
typedef struct summed {
    const rnl_exchange *exchange;
    const rnl_region *region;
    size_t leaves;
    rnl_block_part part;
} summed;

/* Sums a node's part of the piece into its first root's array, which it returns; NULL without
 * leaves. */
static float *sum_node(const summed *s, rnl_shard_node node)
{
    const size_t half = node.span / 2;
    if (node.first >= s->leaves)
        return NULL;
    const size_t root = root_of(s->exchange, node);
    if (root < s->exchange->root_count)
        return s->region->arrays[root] + s->part.begin;
    float *left = sum_node(s, (rnl_shard_node){node.first, half});
    const float *right = sum_node(s, (rnl_shard_node){node.first + half, half});
    if (right)
        rnl_shard_sum_add(s->exchange->step->kernels, s->part.count, right, left);
    return left;
}

static size_t slices_of(const rnl_region *region, size_t rank)
{
    return rnl_divide_up(rnl_size_of(region->ends, rank), RNL_UPDATE_SLICE);
}

/* Tiles are the slices of this rank's pieces. */
static rnl_status run_sum(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_exchange *e = self;
    const rnl_step *step = worker->step;
    const rnl_step_shared *s = step->shared;
    const rnl_region *region = e->regions;
    for (; tile >= slices_of(region, s->rank); ++region)
        tile -= slices_of(region, s->rank);
    const size_t begin = tile * RNL_UPDATE_SLICE, left = rnl_size_of(region->ends, s->rank) - begin;
    const summed sum = {e,
                        region,
                        rnl_cut_used_shards(step->rows, worker->batch.rows),
                        {begin, rnl_least(left, RNL_UPDATE_SLICE)}};
    const float *from = sum_node(&sum, (rnl_shard_node){0, step->rows.shards});
    float *to = s->gradients + region->begin + rnl_begin_of(region->ends, s->rank) + begin;
    if (from != to)
        memcpy(to, from, sum.part.count * sizeof *to);
    return RNL_OK;
}

/* ---- planning -------------------------------------------------------------------------------- */

static rnl_status allocate(rnl_exchange *e, const rnl_step_shared *s)
{
    rnl_step *step = e->step;
    const size_t parcels =
        s->ranks * (RNL_REGIONS * s->own_count + 10) + RNL_REGIONS * e->root_count;
    e->roots = rnl_step_allocate(step, (e->root_count + 1) * sizeof *e->roots, NULL);
    e->parcels = rnl_step_allocate(step, parcels * sizeof *e->parcels, NULL);
    e->troubles = rnl_step_allocate(step, s->ranks * sizeof *e->troubles, NULL);
    if (!e->roots || !e->parcels || !e->troubles)
        return rnl_fail_memory(parcels * sizeof *e->parcels);
    for (size_t i = 0; i < RNL_REGIONS; ++i) {
        float **arrays = rnl_step_allocate(step, (e->root_count + 1) * sizeof *arrays, NULL);
        if (!arrays)
            return rnl_fail_memory(e->root_count * sizeof *arrays);
        e->regions[i].arrays = arrays;
    }
    return RNL_OK;
}

static rnl_status list_roots(rnl_exchange *e, const rnl_step_shared *s)
{
    rnl_shard_node roots[RNL_MOST_ROOTS];
    for (size_t r = 0; r < s->ranks; ++r) {
        e->root_count += rnl_shard_roots(rnl_cut_rank(e->step->rows.shards, s->ranks, r), roots);
        e->root_ends[r] = e->root_count;
    }
    RNL_TRY(allocate(e, s));
    for (size_t r = 0; r < s->ranks; ++r) {
        const size_t begin = rnl_begin_of(e->root_ends, r);
        rnl_shard_roots(rnl_cut_rank(e->step->rows.shards, s->ranks, r), roots);
        memcpy(e->roots + begin, roots, (e->root_ends[r] - begin) * sizeof *roots);
    }
    e->roots[e->root_count] = (rnl_shard_node){SIZE_MAX, 0};
    return RNL_OK;
}

static rnl_status plan_memory(rnl_exchange *e, rnl_step_shared *s)
{
    rnl_step *step = e->step;
    const size_t own = s->own_count * s->distance;
    step->memory.gradients += (own - s->distance) * sizeof(float);
    RNL_TRY(rnl_arena_reserve(&step->arena, &s->gradients, own, sizeof(float)));
    for (size_t i = 0; i < RNL_REGIONS; ++i) {
        const size_t inbox =
            (e->root_count - s->own_count) * rnl_size_of(e->regions[i].ends, s->rank);
        step->memory.gradients += inbox * sizeof(float);
        RNL_TRY(rnl_arena_reserve(&step->arena, &e->regions[i].inbox, inbox, sizeof(float)));
    }
    return RNL_OK;
}

/* A rank receives its piece of each root of the others. */
static rnl_phase_cost exchange_cost(const rnl_exchange *e, const rnl_step_shared *s)
{
    const size_t rows = e->rows.ends[s->ranks - 1] - rnl_size_of(e->rows.ends, s->rank);
    const size_t roots = e->root_count - s->own_count;
    size_t piece = 0;
    for (size_t i = 0; i < RNL_REGIONS; ++i)
        piece += rnl_size_of(e->regions[i].byte_ends, s->rank);
    const size_t early = piece - rnl_size_of(e->regions[RNL_LATE].byte_ends, s->rank);
    return (rnl_phase_cost){
        .waits = 1,
        .received = (double)(roots * piece + rows),
        .early = (double)(roots * early),
    };
}

static rnl_status add_sum(rnl_exchange *e, const rnl_step_shared *s)
{
    size_t tiles = 0, bytes = 0;
    for (size_t i = 0; i < RNL_REGIONS; ++i) {
        tiles += slices_of(&e->regions[i], s->rank);
        bytes += rnl_size_of(e->regions[i].byte_ends, s->rank);
    }
    if (tiles == 0)
        return RNL_OK;
    return rnl_phases_add(&e->step->phases,
                          (rnl_phase){.name = "sum",
                                      .tiles = tiles,
                                      .run = run_sum,
                                      .self = e,
                                      .cost = {.bytes = (double)(bytes * e->root_count)}});
}

static rnl_status add_phases(rnl_exchange *e, const rnl_step_shared *s)
{
    RNL_TRY(rnl_phases_add(&e->step->phases, (rnl_phase){.name = "exchange",
                                                         .tiles = 1,
                                                         .run = run_exchange,
                                                         .self = e,
                                                         .cost = exchange_cost(e, s)}));
    return add_sum(e, s);
}

rnl_status rnl_plan_exchange(rnl_step *step)
{
    rnl_step_shared *s = step->shared;
    if (!s)
        return RNL_OK;
    rnl_exchange *e = rnl_step_allocate(step, sizeof *e, NULL);
    const size_t numbers = (2 + 2 * RNL_REGIONS) * s->ranks;
    size_t *ends = rnl_step_allocate(step, numbers * sizeof *ends, NULL);
    if (!e || !ends)
        return rnl_fail_memory(numbers * sizeof *ends);
    *e = (rnl_exchange){.step = step, .root_ends = ends, .rows.ends = ends + s->ranks};
    for (size_t i = 0; i < RNL_REGIONS; ++i) {
        e->regions[i].ends = ends + (2 + 2 * i) * s->ranks;
        e->regions[i].byte_ends = ends + (3 + 2 * i) * s->ranks;
    }
    s->exchange = e;
    RNL_TRY(list_roots(e, s));
    RNL_TRY(rnl_shared_lay_out(e));
    RNL_TRY(rnl_rows_plan(e));
    RNL_TRY(plan_memory(e, s));
    return add_phases(e, s);
}

static void bind_region(const rnl_exchange *e, const rnl_region *region)
{
    const rnl_step_shared *s = e->step->shared;
    const size_t own = rnl_begin_of(e->root_ends, s->rank),
                 piece = rnl_size_of(region->ends, s->rank);
    float *inbox = region->inbox,
          *roots = s->gradients + region->begin + rnl_begin_of(region->ends, s->rank);
    for (size_t k = 0; k < e->root_count; ++k) {
        const bool is_own = k >= own && k < own + s->own_count;
        region->arrays[k] = is_own ? roots + (k - own) * s->distance : inbox;
        inbox += is_own ? 0 : piece;
    }
}

void rnl_shared_bind(rnl_step *step)
{
    const rnl_step_shared *s = step->shared;
    if (!s)
        return;
    for (size_t i = 0; i < step->blocks.count; ++i) {
        rnl_block *block = step->blocks.items[i];
        if (block->gradients_shared)
            block->gradients = s->gradients + block->gradients_at;
        if (rnl_block_is_gathered(block))
            block->arrays[RNL_VALUES] = s->exchange->weights + block->gradients_at;
    }
    for (size_t i = 0; i < RNL_REGIONS; ++i)
        bind_region(s->exchange, &s->exchange->regions[i]);
}
