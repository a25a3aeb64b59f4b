/*
 * Batch normalization in a step: its state, and how rows are measured (batch_normalization_step.c
 * describes the phases).
 *
 * Rows are measured in groups: all of them, the shards of a mini-batch, whose statistics are then
 * joined, or row blocks, each of which keeps its own.
 */
#ifndef RNL_ENGINE_LAYERS_BATCH_NORMALIZATION_STATE_H
#define RNL_ENGINE_LAYERS_BATCH_NORMALIZATION_STATE_H

#include "engine/layers/columns.h"

typedef struct rnl_normalization_state {
    const rnl_layer *layer;
    float epsilon, momentum;
    bool by_blocks, has_final_pass, frozen;
    rnl_column_cut cut;
    rnl_block *gamma, *beta; /* NULL without */
    rnl_block *moving_mean, *moving_variance;
    const rnl_matrix *input;
    rnl_matrix output;
    /* (groups, columns) of the mini-batch, and where groups are joined once more those of all;
     * training alone */
    float *mean, *variance, *gamma_sums, *beta_sums;
    double *joined; /* (2, groups, columns) means and squared differences that are being joined */
    /* (columns) of the final pass so far: means, and sums of squared differences from them */
    double *pass_mean, *pass_squares;
    rnl_upstream upstream, downstream; /* downstream has 0 partials if its gradient is not needed */
} rnl_normalization_state;

/* Rows that are measured together. */
typedef struct rnl_normalization_group {
    size_t first, rows;
    size_t measured; /* rows that have the statistics by which these are normalized, */
    size_t used;     /* and their offset */
    size_t at;       /* offset of what is measured of these */
} rnl_normalization_group;

static inline size_t rnl_normalization_groups(const rnl_normalization_state *state,
                                              const rnl_step *step)
{
    return state->by_blocks ? step->rows.blocks : step->rows.shards;
}

/* Tests if statistics of groups become those of all rows. */
static inline bool rnl_normalization_joins(const rnl_normalization_state *state,
                                           const rnl_step *step)
{
    return !state->by_blocks && step->rows.shards > 1;
}

/* Tests if this rank has the rows of a group. */
static inline bool rnl_normalization_is_own(const rnl_normalization_state *state,
                                            const rnl_step *step, size_t number)
{
    const rnl_cut rows = step->rows;
    const size_t shard = number / (rnl_normalization_groups(state, step) / rows.shards);
    return shard >= rows.before && shard < rows.shards - rows.behind;
}

/* Whoever has its rows. */
static inline rnl_normalization_group
rnl_normalization_group_of(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                           size_t number)
{
    const size_t columns = state->output.columns, at = number * columns;
    const rnl_cut cut = rnl_cut_whole(step->rows);
    if (state->by_blocks) {
        const size_t filled = rnl_cut_filled(cut, rows, number);
        return (rnl_normalization_group){number * step->rows.size, filled, filled, at, at};
    }
    const rnl_shard shard = rnl_cut_shard(cut, rows, number);
    return (rnl_normalization_group){
        shard.row, shard.filled, rows,
        rnl_normalization_joins(state, step) ? step->rows.shards * columns : 0, at};
}

/* ---- statistics (batch_normalization_statistics.c) ------------------------------------------- */

/* Computes mean and variance of the group's rows. */
void rnl_normalization_measure(const rnl_normalization_state *state, const rnl_step *step,
                               rnl_columns_tile tile, rnl_normalization_group g);

/* Joins what was measured of the shards, in double, in the order of their tree. */
void rnl_normalization_join(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                            rnl_columns_tile tile);

/* Updates the moving averages by a mini-batch; statistics of row blocks are averaged over the
 * rows. */
void rnl_normalization_move(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                            rnl_columns_tile tile);

/* Adds a mini-batch to the final pass. */
void rnl_normalization_add_to_pass(const rnl_normalization_state *state, const rnl_step *step,
                                   const rnl_batch *batch, rnl_columns_tile tile);

#endif
