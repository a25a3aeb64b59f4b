#include "engine/step/shared.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/step/row_arrays.h"
#include "engine/step/shard_sum.h"

#include <string.h>

enum { TAG_ROOTS, TAG_ROWS, TAG_SUM }; /* 3 is that of shared_arrays.c */

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

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct row_header {
    uint64_t step;
    float learning_rate; /* which a caller's schedule could make another on each rank */
    uint32_t wishes;
} row_header;

typedef struct rnl_exchange {
    rnl_step *step;
    size_t root_count;
    rnl_shard_node *roots; /* (root_count) of all ranks, in their order */
    float **arrays;        /* (root_count) this rank's piece of each */
    size_t *root_ends;     /* (ranks) */
    size_t *piece_ends;    /* (ranks) in floats */
    size_t *byte_ends;     /* (ranks) the same in bytes */
    float *inbox;          /* this rank's piece of the others' roots */
    rnl_row_arrays rows;
    size_t *row_ends; /* (ranks) in bytes */
    char *messages;   /* of the rows, of all ranks */
    size_t parcel_room;
    rnl_parcel *parcels;
} rnl_exchange;

static size_t begin_of(const size_t *ends, size_t i)
{
    return i > 0 ? ends[i - 1] : 0;
}

static size_t size_of(const size_t *ends, size_t i)
{
    return ends[i] - begin_of(ends, i);
}

/* Copies a rank's rows into its message, or out of it. */
static void copy_rows(const rnl_exchange *e, size_t rank, bool out)
{
    const rnl_step *step = e->step;
    const rnl_shard_range shards = rnl_cut_rank(step->rows.shards, step->shared->ranks, rank);
    const size_t first = shards.first * rnl_cut_shard_rows(step->rows),
                 count = shards.count * rnl_cut_shard_rows(step->rows);
    rnl_row_arrays_copy(&e->rows, first, count,
                        e->messages + begin_of(e->row_ends, rank) + sizeof(row_header), out);
}

static void write_header(const rnl_exchange *e, uint64_t number)
{
    rnl_step_shared *s = e->step->shared;
    if (atomic_load_explicit(&e->step->given.model->stop, memory_order_relaxed))
        atomic_fetch_or(&s->wishes, RNL_WISH_STOP);
    const row_header header = {number, e->step->update.rates[number % 2].learning_rate,
                               atomic_load(&s->wishes)};
    memcpy(e->messages + begin_of(e->row_ends, s->rank), &header, sizeof header);
}

/* Ranks at different steps would be a mistake of this program. */
static rnl_status read_headers(const rnl_exchange *e, uint64_t number)
{
    rnl_step_shared *s = e->step->shared;
    unsigned agreed = 0;
    for (size_t r = 0; r < s->ranks; ++r) {
        row_header header;
        memcpy(&header, e->messages + begin_of(e->row_ends, r), sizeof header);
        if (header.step != number)
            return rnl_fail(RNL_JOB, "rank %zu is at step %llu, this one at step %llu", r,
                            (unsigned long long)header.step, (unsigned long long)number);
        if (header.learning_rate != e->step->update.rates[number % 2].learning_rate)
            return rnl_fail(RNL_JOB,
                            "rank %zu goes by a learning rate of %g, this one by %g: the "
                            "schedule has to be the same on all ranks",
                            r, (double)header.learning_rate,
                            (double)e->step->update.rates[number % 2].learning_rate);
        agreed |= header.wishes;
    }
    s->agreed = agreed;
    return RNL_OK;
}

/* ---- exchange -------------------------------------------------------------------------------- */

static size_t list_parcels(const rnl_exchange *e, size_t peer, rnl_parcel *parcels)
{
    const rnl_step_shared *s = e->step->shared;
    const size_t own = size_of(e->piece_ends, s->rank) * sizeof(float),
                 theirs = size_of(e->piece_ends, peer) * sizeof(float);
    size_t count = 0;
    for (size_t k = 0; k < s->own_count; ++k)
        parcels[count++] =
            (rnl_parcel){peer, TAG_ROOTS, false,
                         s->gradients + k * s->distance + begin_of(e->piece_ends, peer), theirs};
    for (size_t k = begin_of(e->root_ends, peer); k < e->root_ends[peer]; ++k)
        parcels[count++] = (rnl_parcel){peer, TAG_ROOTS, true, e->arrays[k], own};
    parcels[count++] =
        (rnl_parcel){peer, TAG_ROWS, false, e->messages + begin_of(e->row_ends, s->rank),
                     size_of(e->row_ends, s->rank)};
    parcels[count++] = (rnl_parcel){peer, TAG_ROWS, true, e->messages + begin_of(e->row_ends, peer),
                                    size_of(e->row_ends, peer)};
    return count;
}

static rnl_status run_exchange(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const rnl_exchange *e = self;
    const rnl_step_shared *s = worker->step->shared;
    size_t count = 0;
    write_header(e, worker->batch.number);
    copy_rows(e, s->rank, false);
    for (size_t i = 1; i < s->ranks; ++i)
        count += list_parcels(e, (s->rank + i) % s->ranks, e->parcels + count);
    rnl_job_stand_at(s->job, worker->batch.number);
    if (!rnl_job_exchange(s->job, e->parcels, count))
        return rnl_fail_job(s->job);
    RNL_TRY(read_headers(e, worker->batch.number));
    for (size_t r = 0; r < s->ranks; ++r)
        if (r != s->rank)
            copy_rows(e, r, true);
    return RNL_OK;
}

/* ---- sum ------------------------------------------------------------------------------------- */

/* The root that begins with this shard and spans so many, or NULL. */
static float *root_of(const rnl_exchange *e, rnl_shard_node node)
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
    return is_root ? e->arrays[low] : NULL;
}

/* Sums a node's part of the piece into its first root's array, which it returns; NULL without
 * leaves. */
static float *sum_node(const rnl_exchange *e, size_t leaves, rnl_shard_node node, size_t at,
                       size_t count)
{
    const size_t half = node.span / 2;
    if (node.first >= leaves)
        return NULL;
    float *root = root_of(e, node);
    if (root)
        return root + at;
    float *left = sum_node(e, leaves, (rnl_shard_node){node.first, half}, at, count);
    const float *right = sum_node(e, leaves, (rnl_shard_node){node.first + half, half}, at, count);
    if (right)
        rnl_shard_sum_add(e->step->kernels, count, right, left);
    return left;
}

static rnl_status run_sum(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_exchange *e = self;
    const rnl_step *step = worker->step;
    const rnl_step_shared *s = step->shared;
    const size_t piece = size_of(e->piece_ends, s->rank);
    const size_t begin = rnl_least(tile * RNL_UPDATE_SLICE, piece),
                 count = rnl_least(piece - begin, RNL_UPDATE_SLICE);
    if (count == 0)
        return RNL_OK;
    const float *sum = sum_node(e, rnl_cut_used_shards(step->rows, worker->batch.rows),
                                (rnl_shard_node){0, step->rows.shards}, begin, count);
    float *to = s->gradients + begin_of(e->piece_ends, s->rank) + begin;
    if (sum != to)
        memcpy(to, sum, count * sizeof *to);
    return RNL_OK;
}

static rnl_status run_gather(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const rnl_exchange *e = self;
    const rnl_step_shared *s = worker->step->shared;
    return rnl_job_gather(s->job, TAG_SUM, s->gradients, e->byte_ends) ? RNL_OK
                                                                       : rnl_fail_job(s->job);
}

/* ---- planning -------------------------------------------------------------------------------- */

static rnl_status allocate(rnl_exchange *e, const rnl_step_shared *s)
{
    rnl_step *step = e->step;
    e->parcel_room = s->ranks * (s->own_count + 2) + e->root_count;
    e->arrays = rnl_step_allocate(step, (e->root_count + 1) * sizeof *e->arrays, NULL);
    e->roots = rnl_step_allocate(step, (e->root_count + 1) * sizeof *e->roots, NULL);
    e->parcels = rnl_step_allocate(step, e->parcel_room * sizeof *e->parcels, NULL);
    return e->arrays && e->roots && e->parcels ? RNL_OK : rnl_fail_memory(e->parcel_room);
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
        const size_t begin = begin_of(e->root_ends, r);
        rnl_shard_roots(rnl_cut_rank(e->step->rows.shards, s->ranks, r), roots);
        memcpy(e->roots + begin, roots, (e->root_ends[r] - begin) * sizeof *roots);
    }
    e->roots[e->root_count] = (rnl_shard_node){SIZE_MAX, 0};
    return RNL_OK;
}

/* Pieces of whole cache lines, as even as that allows. */
static void cut_pieces(rnl_exchange *e, const rnl_step_shared *s)
{
    const size_t lines = s->distance / RNL_CUT_MULTIPLE;
    for (size_t r = 0; r < s->ranks; ++r) {
        e->piece_ends[r] = (r + 1) * lines / s->ranks * RNL_CUT_MULTIPLE;
        e->byte_ends[r] = e->piece_ends[r] * sizeof(float);
    }
}

static rnl_status plan_messages(rnl_exchange *e, const rnl_step_shared *s)
{
    rnl_step *step = e->step;
    size_t bytes = 0;
    rnl_row_arrays_list(&e->rows, step, false);
    for (size_t r = 0; r < s->ranks; ++r) {
        const size_t shards = rnl_cut_rank(step->rows.shards, s->ranks, r).count;
        bytes += sizeof(row_header) + shards * rnl_cut_shard_rows(step->rows) * e->rows.bytes;
        e->row_ends[r] = bytes;
    }
    e->messages = rnl_step_allocate(step, bytes, NULL);
    return e->messages ? RNL_OK : rnl_fail_memory(bytes);
}

static rnl_status plan_memory(rnl_exchange *e, rnl_step_shared *s)
{
    rnl_step *step = e->step;
    const size_t own = s->own_count * s->distance,
                 inbox = (e->root_count - s->own_count) * size_of(e->piece_ends, s->rank);
    step->memory.gradients += (own - s->distance + inbox) * sizeof(float);
    RNL_TRY(rnl_arena_reserve(&step->arena, &s->gradients, own, sizeof(float)));
    return rnl_arena_reserve(&step->arena, &e->inbox, inbox, sizeof(float));
}

/* A rank receives its piece of each root of the others; then all other pieces of the sum. */
static rnl_phase_cost exchange_cost(const rnl_exchange *e, const rnl_step_shared *s)
{
    const size_t piece = size_of(e->byte_ends, s->rank), rows = e->row_ends[s->ranks - 1];
    return (rnl_phase_cost){
        .waits = 1,
        .received =
            (double)((e->root_count - s->own_count) * piece + rows - size_of(e->row_ends, s->rank)),
    };
}

static rnl_phase_cost gather_cost(const rnl_exchange *e, const rnl_step_shared *s)
{
    const size_t all = e->byte_ends[s->ranks - 1], own = size_of(e->byte_ends, s->rank);
    return (rnl_phase_cost){.waits = 1, .received = (double)(all - own)};
}

static rnl_status add_phases(rnl_exchange *e, const rnl_step_shared *s)
{
    const double bytes = (double)size_of(e->byte_ends, s->rank);
    const size_t tiles = rnl_divide_up(size_of(e->piece_ends, s->rank), RNL_UPDATE_SLICE);
    rnl_phase_list *phases = &e->step->phases;
    RNL_TRY(rnl_phases_add(phases, (rnl_phase){.name = "exchange",
                                               .tiles = 1,
                                               .run = run_exchange,
                                               .self = e,
                                               .cost = exchange_cost(e, s)}));
    if (tiles > 0)
        RNL_TRY(
            rnl_phases_add(phases, (rnl_phase){.name = "sum",
                                               .tiles = tiles,
                                               .run = run_sum,
                                               .self = e,
                                               .cost = {.bytes = bytes * (double)e->root_count}}));
    return rnl_phases_add(phases, (rnl_phase){.name = "gather sum",
                                              .tiles = 1,
                                              .run = run_gather,
                                              .self = e,
                                              .cost = gather_cost(e, s)});
}

rnl_status rnl_plan_exchange(rnl_step *step)
{
    rnl_step_shared *s = step->shared;
    if (!s)
        return RNL_OK;
    rnl_exchange *e = rnl_step_allocate(step, sizeof *e, NULL);
    size_t *const ends = rnl_step_allocate(step, 4 * s->ranks * sizeof *ends, NULL);
    if (!e || !ends)
        return rnl_fail_memory(4 * s->ranks * sizeof *ends);
    *e = (rnl_exchange){.step = step,
                        .root_ends = ends,
                        .piece_ends = ends + s->ranks,
                        .byte_ends = ends + 2 * s->ranks,
                        .row_ends = ends + 3 * s->ranks};
    s->exchange = e;
    RNL_TRY(list_roots(e, s));
    cut_pieces(e, s);
    RNL_TRY(plan_messages(e, s));
    RNL_TRY(plan_memory(e, s));
    return add_phases(e, s);
}

void rnl_shared_bind(rnl_step *step)
{
    const rnl_step_shared *s = step->shared;
    if (!s)
        return;
    const rnl_exchange *e = s->exchange;
    const size_t piece = size_of(e->piece_ends, s->rank), own = begin_of(e->root_ends, s->rank);
    for (size_t i = 0; i < step->blocks.count; ++i)
        if (step->blocks.items[i]->gradients_shared)
            step->blocks.items[i]->gradients = s->gradients + step->blocks.items[i]->gradients_at;
    float *inbox = e->inbox;
    for (size_t k = 0; k < e->root_count; ++k) {
        const bool is_own = k >= own && k < own + s->own_count;
        e->arrays[k] =
            is_own ? s->gradients + (k - own) * s->distance + begin_of(e->piece_ends, s->rank)
                   : inbox;
        inbox += is_own ? 0 : piece;
    }
}
