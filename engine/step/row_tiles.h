/*
 * Tiles of a few whole rows of a part, for phases that compute each row, or each element,
 * independently.
 */
#ifndef RNL_ENGINE_STEP_ROW_TILES_H
#define RNL_ENGINE_STEP_ROW_TILES_H

#include "engine/base/number.h"
#include "engine/step/step.h"

#include <string.h>

/* Any number gives the same results: a row does not depend on the other rows of its tile. */
#define RNL_ROWS_PER_TILE 8

/* The rows of a tile: [begin, filled) belong to the mini-batch, [filled, end) pad the last block of
 * their shard. */
typedef struct rnl_row_tile {
    size_t begin, filled, end;
    size_t number; /* of the first row in the mini-batch */
} rnl_row_tile;

static inline size_t rnl_row_tiles_per_part(size_t part_rows)
{
    return rnl_divide_up(part_rows, RNL_ROWS_PER_TILE);
}

static inline size_t rnl_row_tiles_in(rnl_cut rows)
{
    return rnl_cut_parts(rows) * rnl_row_tiles_per_part(rnl_cut_part(rows.size));
}

/* Adds a phase with such tiles.  For each element of (padded rows, columns) it reads and writes so
 * many bytes, of which 4 may have been written by another worker. */
static inline rnl_status rnl_row_phase_add(rnl_step *step, rnl_phase phase, size_t columns,
                                           double bytes)
{
    const size_t parts = rnl_cut_own_parts(step->rows).count;
    const double values = (double)(rnl_step_own_rows(step) * columns);
    phase.tiles = rnl_row_tiles_in(step->rows);
    phase.waits = RNL_WAITS_FOR_SHARED;
    phase.cost = (rnl_phase_cost){
        .tiles = parts * rnl_row_tiles_per_part(rnl_cut_part(step->rows.size)),
        .row_parts = parts,
        .bytes = bytes * values,
        .shared = 4 * values,
    };
    return rnl_phases_add(&step->phases, phase);
}

/* The rows of `count` tiles of one part. */
static inline rnl_row_tile rnl_row_tiles_of(const rnl_step *step, const rnl_batch *batch,
                                            size_t tile, size_t count)
{
    const size_t per_part = rnl_row_tiles_per_part(step->part_rows);
    const size_t part = tile / per_part * step->part_rows, part_end = part + step->part_rows;
    const rnl_shard shard =
        rnl_cut_shard(step->rows, batch->rows, part / rnl_cut_shard_rows(step->rows));
    const size_t used = shard.row + shard.used;
    const size_t first = part + tile % per_part * RNL_ROWS_PER_TILE;
    const size_t begin = rnl_least(first, used), last = rnl_least(used, part_end);
    const size_t end = rnl_least(last, begin + count * RNL_ROWS_PER_TILE);
    const size_t filled = rnl_least(end, shard.row + shard.filled);
    return (rnl_row_tile){begin, filled < begin ? begin : filled, end,
                          shard.first + (begin - shard.row)};
}

static inline rnl_row_tile rnl_row_tile_of(const rnl_step *step, const rnl_batch *batch,
                                           size_t tile)
{
    return rnl_row_tiles_of(step, batch, tile, 1);
}

/* Sets padding rows to 0. */
static inline void rnl_row_tile_clear(rnl_row_tile rows, float *values, size_t stride)
{
    memset(values + rows.filled * stride, 0, (rows.end - rows.filled) * stride * sizeof *values);
}

#endif
