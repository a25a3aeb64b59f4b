/*
 * Rows of the mini-batch, shared out as tiles of a few whole rows: for phases that compute each
 * row, or each element, by itself.
 */
#ifndef RNL_ENGINE_STEP_ROW_TILES_H
#define RNL_ENGINE_STEP_ROW_TILES_H

#include "engine/step/step.h"

#include <string.h>

/* A row's result does not depend on the rows beside it: any number would do. */
#define RNL_ROWS_PER_TILE 8

/* The rows of a tile: [begin, filled) belong to the mini-batch, [filled, end) pad its last block.
 */
typedef struct rnl_row_tile {
    size_t begin, filled, end;
} rnl_row_tile;

static inline size_t rnl_row_tiles_in(size_t padded_rows)
{
    return (padded_rows + RNL_ROWS_PER_TILE - 1) / RNL_ROWS_PER_TILE;
}

static inline rnl_row_tile rnl_row_tile_of(const rnl_step *step, const rnl_batch *batch,
                                           size_t tile)
{
    const size_t used = rnl_cut_used(step->rows, batch->rows) * step->rows.size;
    const size_t begin = tile * RNL_ROWS_PER_TILE < used ? tile * RNL_ROWS_PER_TILE : used;
    const size_t end = used - begin < RNL_ROWS_PER_TILE ? used : begin + RNL_ROWS_PER_TILE;
    const size_t filled = end < batch->rows ? end : batch->rows;
    return (rnl_row_tile){begin, filled < begin ? begin : filled, end};
}

/* Sets the rows that pad to 0. */
static inline void rnl_row_tile_clear(rnl_row_tile rows, float *values, size_t stride)
{
    memset(values + rows.filled * stride, 0, (rows.end - rows.filled) * stride * sizeof *values);
}

#endif
