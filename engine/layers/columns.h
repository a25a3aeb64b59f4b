/*
 * Columns of a matrix over the mini-batch, shared out as tiles that see all of its rows: for layers
 * with sums over the rows.
 */
#ifndef RNL_ENGINE_LAYERS_COLUMNS_H
#define RNL_ENGINE_LAYERS_COLUMNS_H

#include "engine/step/step.h"

/* The columns of a tile.  A column's result does not depend on the columns beside it: any width
 * would do. */
typedef struct rnl_columns_tile {
    size_t first, count;
} rnl_columns_tile;

/* As even as whole cache lines allow. */
static inline rnl_column_cut rnl_columns_cut(size_t columns)
{
    enum { AT_MOST = 32 };
    return (rnl_column_cut){(columns + AT_MOST - 1) / AT_MOST, columns};
}

static inline rnl_columns_tile rnl_columns_of(rnl_column_cut cut, size_t tile)
{
    return (rnl_columns_tile){rnl_cut_column(cut, tile), rnl_cut_width(cut, tile)};
}

/* Adds a phase that goes by such tiles, and for each value of (padded rows, columns) reads and
 * writes so many bytes, `shared` of which another worker may have written. */
static inline rnl_status rnl_columns_phase_add(rnl_step *step, rnl_phase phase, rnl_column_cut cut,
                                               double bytes, double shared)
{
    const double values = (double)(step->padded_rows * cut.units);
    phase.tiles = cut.blocks;
    phase.cost = (rnl_phase_cost){.bytes = bytes * values, .shared = shared * values};
    return rnl_phases_add(&step->phases, phase);
}

#endif
