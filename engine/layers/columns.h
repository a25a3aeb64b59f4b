/*
 * Tiles of columns over all rows of the mini-batch, for layers with sums over the rows.
 */
#ifndef RNL_ENGINE_LAYERS_COLUMNS_H
#define RNL_ENGINE_LAYERS_COLUMNS_H

#include "engine/step/step.h"

/* The columns of a tile.  A column's result does not depend on the other columns of its tile, so
 * any width would give the same results. */
typedef struct rnl_columns_tile {
    size_t first, count;
} rnl_columns_tile;

/* Cuts as evenly as whole cache lines allow. */
static inline rnl_column_cut rnl_columns_cut(size_t columns)
{
    enum { AT_MOST = 32 };
    return (rnl_column_cut){(columns + AT_MOST - 1) / AT_MOST, columns};
}

static inline rnl_columns_tile rnl_columns_of(rnl_column_cut cut, size_t tile)
{
    return (rnl_columns_tile){rnl_cut_column(cut, tile), rnl_cut_width(cut, tile)};
}

/* Adds a phase with such tiles.  For each element of (padded rows, columns) it reads and writes so
 * many bytes, of which `shared` may have been written by another worker. */
static inline rnl_status rnl_columns_phase_add(rnl_step *step, rnl_phase phase, rnl_column_cut cut,
                                               double bytes, double shared)
{
    const double values = (double)(step->padded_rows * cut.units);
    phase.tiles = cut.blocks;
    phase.cost = (rnl_phase_cost){.bytes = bytes * values, .shared = shared * values};
    return rnl_phases_add(&step->phases, phase);
}

#endif
