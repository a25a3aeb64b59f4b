/*
 * Statistics of batch normalization: of the groups of a mini-batch, joined, moving, and of the
 * final pass.
 */
#include "engine/layers/batch_normalization_state.h"

#include "engine/base/number.h"

#include <math.h>

/* A variance beyond a float, of inputs
 * above 1.8e19, would make all outputs 0: as NaN it stops the run with this layer named. */
void rnl_normalization_measure(const rnl_normalization_state *state, const rnl_step *step,
                               rnl_columns_tile tile, rnl_normalization_group g)
{
    float *variance = state->variance + g.at + tile.first;
    step->kernels->column_moments(&(const rnl_column_moments){
        .rows = g.rows,
        .columns = tile.count,
        .x = rnl_matrix_view(state->input, g.first, tile.first),
        .mean = state->mean + g.at + tile.first,
        .variance = variance,
    });
    for (size_t j = 0; j < tile.count; ++j)
        variance[j] = isinf(variance[j]) ? NAN : variance[j];
}

/* The number of statistics by which rows are normalized: the first groups have one each. */
static size_t own_statistics(const rnl_normalization_state *state, const rnl_step *step)
{
    return state->by_blocks ? step->rows.blocks : 1;
}

void rnl_normalization_move(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                            rnl_columns_tile tile)
{
    const float *const sources[] = {state->mean, state->variance};
    float *const targets[] = {state->moving_mean->arrays[RNL_VALUES],
                              state->moving_variance->arrays[RNL_VALUES]};
    for (size_t s = 0; s < 2; ++s)
        for (size_t j = tile.first; j < tile.first + tile.count; ++j) {
            float value = 0;
            for (size_t i = 0; i < own_statistics(state, step); ++i) {
                const rnl_normalization_group g = rnl_normalization_group_of(state, step, rows, i);
                if (g.rows > 0)
                    value += sources[s][g.used + j] * ((float)g.measured / (float)rows);
            }
            targets[s][j] = targets[s][j] * state->momentum + value * (1 - state->momentum);
        }
}

/* Merges statistics of so many rows with those of the rows before (Chan, Golub and LeVeque 1979).
 */
static void add_to_pass(const rnl_normalization_state *state, rnl_columns_tile tile,
                        rnl_normalization_group g, size_t before)
{
    const double share = (double)g.measured / (double)(before + g.measured);
    for (size_t j = tile.first; j < tile.first + tile.count; ++j) {
        if (before == 0)
            state->pass_mean[j] = state->pass_squares[j] = 0;
        const double difference = (double)state->mean[g.used + j] - state->pass_mean[j];
        state->pass_mean[j] += difference * share;
        state->pass_squares[j] += (double)state->variance[g.used + j] * (double)g.measured +
                                  difference * difference * (double)before * share;
        state->moving_mean->arrays[RNL_VALUES][j] = (float)state->pass_mean[j];
        state->moving_variance->arrays[RNL_VALUES][j] =
            (float)(state->pass_squares[j] / (double)(before + g.measured));
    }
}

void rnl_normalization_add_to_pass(const rnl_normalization_state *state, const rnl_step *step,
                                   const rnl_batch *batch, rnl_columns_tile tile)
{
    size_t before = batch->begin;
    for (size_t i = 0; i < own_statistics(state, step); ++i) {
        const rnl_normalization_group g = rnl_normalization_group_of(state, step, batch->rows, i);
        if (g.rows > 0)
            add_to_pass(state, tile, g, before);
        before += g.measured;
    }
}

/* Statistics of a node of the tree of shards, columns of a tile. */
typedef struct node {
    double rows, *means, *squares;
} node;

static node node_of(const rnl_normalization_state *state, const rnl_step *step, size_t shard,
                    size_t column, double rows)
{
    const size_t columns = state->output.columns;
    double *means = state->joined + shard * columns + column;
    return (node){rows, means, means + step->rows.shards * columns};
}

/* Adds the right node to the left one. */
static void add_node(node *left, const node *right, size_t columns)
{
    const double rows = left->rows + right->rows, share = right->rows / rows;
    for (size_t j = 0; j < columns; ++j) {
        const double difference = right->means[j] - left->means[j];
        left->means[j] += difference * share;
        left->squares[j] += right->squares[j] + difference * difference * left->rows * share;
    }
    left->rows = rows;
}

/* The rows below a node that begins with this shard and spans so many. */
static double rows_below(const rnl_step *step, size_t rows, size_t shard, size_t span)
{
    const rnl_cut cut = rnl_cut_whole(step->rows);
    const rnl_shard last = rnl_cut_shard(cut, rows, rnl_least(shard + span, cut.shards) - 1);
    return (double)(last.first + last.filled - rnl_cut_shard(cut, rows, shard).first);
}

void rnl_normalization_join(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                            rnl_columns_tile tile)
{
    const size_t leaves = rnl_cut_used_shards(step->rows, rows);
    for (size_t s = 0; s < leaves; ++s) {
        const rnl_normalization_group g = rnl_normalization_group_of(state, step, rows, s);
        const node leaf = node_of(state, step, s, tile.first, (double)g.rows);
        for (size_t j = 0; j < tile.count; ++j) {
            leaf.means[j] = (double)state->mean[g.at + tile.first + j];
            leaf.squares[j] = (double)state->variance[g.at + tile.first + j] * leaf.rows;
        }
    }
    for (size_t half = 1; half < leaves; half *= 2)
        for (size_t s = 0; s + half < leaves; s += 2 * half) {
            const size_t right = s + half;
            node a = node_of(state, step, s, tile.first, rows_below(step, rows, s, half));
            const node b =
                node_of(state, step, right, tile.first, rows_below(step, rows, right, half));
            add_node(&a, &b, tile.count);
        }
    const node root = node_of(state, step, 0, tile.first, (double)rows);
    const size_t used = rnl_normalization_group_of(state, step, rows, 0).used + tile.first;
    for (size_t j = 0; j < tile.count; ++j) {
        state->mean[used + j] = (float)root.means[j];
        state->variance[used + j] = (float)(root.squares[j] / root.rows);
    }
}
