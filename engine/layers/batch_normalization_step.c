/*
 * Batch normalization in a step.  A tile is a range of columns with all rows, so one phase computes
 * mean and variance and normalizes, and one phase computes the gradients: sums over the rows stay
 * within a tile, and it completes the gradients of gamma and beta.
 */
#include "engine/layers/batch_normalization.h"

#include "engine/base/error.h"
#include "engine/layers/columns.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/update.h"

#include <math.h>
#include <string.h>

typedef struct normalization_state {
    const rnl_layer *layer;
    float epsilon, momentum;
    bool by_shards, has_final_pass, frozen;
    rnl_column_cut cut;
    rnl_block *gamma, *beta; /* NULL without */
    rnl_block *moving_mean, *moving_variance;
    const rnl_matrix *input;
    rnl_matrix output;
    /* (groups, columns) of the mini-batch; training alone */
    float *mean, *variance, *gamma_sums, *beta_sums;
    /* (columns) of the final pass so far: means, and sums of squared differences from them */
    double *pass_mean, *pass_squares;
    rnl_upstream upstream, downstream; /* downstream has 0 partials if its gradient is not needed */
} normalization_state;

/* Rows that are normalized by the same statistics. */
typedef struct group {
    size_t first, rows;
    size_t at; /* offset of the group's statistics */
} group;

static size_t group_count(const normalization_state *state, const rnl_step *step, size_t rows)
{
    return state->by_shards ? rnl_cut_used(step->rows, rows) : 1;
}

static group group_of(const normalization_state *state, const rnl_step *step, size_t rows,
                      size_t number)
{
    if (!state->by_shards)
        return (group){0, rows, 0};
    return (group){number * step->rows.size, rnl_cut_filled(step->rows, rows, number),
                   number * state->output.columns};
}

static const float *values_from(const rnl_block *block, size_t column)
{
    return block ? block->arrays[RNL_VALUES] + column : NULL;
}

/* Computes mean and variance of the group's rows.  A variance beyond a float, of inputs
 * above 1.8e19, would make all outputs 0: as NaN it stops the run with this layer named. */
static void measure(const normalization_state *state, const rnl_step *step, rnl_columns_tile tile,
                    group g)
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

static void normalize(const normalization_state *state, const rnl_step *step, rnl_columns_tile tile,
                      group g, const float *mean, const float *variance)
{
    step->kernels->normalize(&(const rnl_normalize){
        .rows = g.rows,
        .columns = tile.count,
        .x = rnl_matrix_view(state->input, g.first, tile.first),
        .mean = mean,
        .variance = variance,
        .gamma = values_from(state->gamma, tile.first),
        .beta = values_from(state->beta, tile.first),
        .epsilon = state->epsilon,
        .y = rnl_matrix_at(&state->output, g.first, tile.first),
    });
}

/* Updates the moving averages; statistics by shards are averaged over the rows. */
static void move_statistics(const normalization_state *state, const rnl_step *step, size_t rows,
                            rnl_columns_tile tile)
{
    const float *const sources[] = {state->mean, state->variance};
    float *const targets[] = {state->moving_mean->arrays[RNL_VALUES],
                              state->moving_variance->arrays[RNL_VALUES]};
    for (size_t s = 0; s < 2; ++s)
        for (size_t j = tile.first; j < tile.first + tile.count; ++j) {
            float value = 0;
            for (size_t i = 0; i < group_count(state, step, rows); ++i) {
                const group g = group_of(state, step, rows, i);
                value += sources[s][g.at + j] * ((float)g.rows / (float)rows);
            }
            targets[s][j] = targets[s][j] * state->momentum + value * (1 - state->momentum);
        }
}

/* Merges a group's statistics with those of the groups before it (Chan, Golub and LeVeque 1979). */
static void join(const normalization_state *state, rnl_columns_tile tile, group g, size_t before)
{
    const double share = (double)g.rows / (double)(before + g.rows);
    for (size_t j = tile.first; j < tile.first + tile.count; ++j) {
        if (before == 0)
            state->pass_mean[j] = state->pass_squares[j] = 0;
        const double difference = (double)state->mean[g.at + j] - state->pass_mean[j];
        state->pass_mean[j] += difference * share;
        state->pass_squares[j] += (double)state->variance[g.at + j] * (double)g.rows +
                                  difference * difference * (double)before * share;
        state->moving_mean->arrays[RNL_VALUES][j] = (float)state->pass_mean[j];
        state->moving_variance->arrays[RNL_VALUES][j] =
            (float)(state->pass_squares[j] / (double)(before + g.rows));
    }
}

static bool measures(const normalization_state *state, const rnl_batch *batch)
{
    return !state->frozen && (batch->training || (batch->measuring && state->has_final_pass));
}

static void forward_by_rows(const normalization_state *state, const rnl_step *step,
                            const rnl_batch *batch, rnl_columns_tile tile)
{
    size_t before = batch->begin;
    for (size_t i = 0; i < group_count(state, step, batch->rows); ++i) {
        const group g = group_of(state, step, batch->rows, i);
        measure(state, step, tile, g);
        normalize(state, step, tile, g, state->mean + g.at + tile.first,
                  state->variance + g.at + tile.first);
        if (batch->measuring)
            join(state, tile, g, before);
        before += g.rows;
    }
    if (batch->training)
        move_statistics(state, step, batch->rows, tile);
}

/* Sets outputs or gradients of the rows that pad the last block to 0. */
static void clear_padding(const rnl_step *step, size_t rows, rnl_columns_tile tile, float *values,
                          size_t stride)
{
    const size_t end = rnl_cut_used(step->rows, rows) * step->rows.size;
    for (size_t i = rows; i < end; ++i)
        memset(values + i * stride + tile.first, 0, tile.count * sizeof *values);
}

static rnl_status run_forward(void *self, size_t number, rnl_step_worker *worker)
{
    const normalization_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_batch *batch = &worker->batch;
    const rnl_columns_tile tile = rnl_columns_of(state->cut, number);
    if (measures(state, batch))
        forward_by_rows(state, step, batch, tile);
    else
        normalize(state, step, tile, (group){0, batch->rows, 0},
                  values_from(state->moving_mean, tile.first),
                  values_from(state->moving_variance, tile.first));
    clear_padding(step, batch->rows, tile, state->output.values, state->output.stride);
    rnl_step_round(worker, &state->output, 0,
                   rnl_cut_used(step->rows, batch->rows) * step->rows.size, tile.first, tile.count);
    return RNL_OK;
}

/* Returns where the sum of upstream's partials goes: to the gradient with respect to the input, or
 * without one over upstream's first partial. */
static rnl_mutable_view sum_at(const normalization_state *state, size_t row, size_t column)
{
    return rnl_upstream_at(state->downstream.partials > 0 ? &state->downstream : &state->upstream,
                           row, column);
}

static void sum_gradients(const normalization_state *state, const rnl_step *step,
                          rnl_columns_tile tile, group g)
{
    const bool frozen = state->frozen;
    step->kernels->normalize_sums(&(const rnl_normalize_sums){
        .rows = g.rows,
        .columns = tile.count,
        .upstream = rnl_upstream_view(&state->upstream, g.first, tile.first),
        .x = rnl_matrix_view(state->input, g.first, tile.first),
        .mean =
            frozen ? values_from(state->moving_mean, tile.first) : state->mean + g.at + tile.first,
        .variance = frozen ? values_from(state->moving_variance, tile.first)
                           : state->variance + g.at + tile.first,
        .epsilon = state->epsilon,
        .dy = sum_at(state, g.first, tile.first),
        .gamma_gradient = state->gamma_sums + g.at + tile.first,
        .beta_gradient = state->beta_sums + g.at + tile.first,
    });
}

static void compute_input_gradient(const normalization_state *state, const rnl_step *step,
                                   rnl_columns_tile tile, group g)
{
    const bool frozen = state->frozen;
    step->kernels->normalize_backward(&(const rnl_normalize_backward){
        .rows = g.rows,
        .columns = tile.count,
        .x = rnl_matrix_view(state->input, g.first, tile.first),
        .mean =
            frozen ? values_from(state->moving_mean, tile.first) : state->mean + g.at + tile.first,
        .variance = frozen ? values_from(state->moving_variance, tile.first)
                           : state->variance + g.at + tile.first,
        .gamma = values_from(state->gamma, tile.first),
        .epsilon = state->epsilon,
        .gamma_gradient = frozen ? NULL : state->gamma_sums + g.at + tile.first,
        .beta_gradient = frozen ? NULL : state->beta_sums + g.at + tile.first,
        .dx = rnl_upstream_at(&state->downstream, g.first, tile.first),
    });
}

/* No other phase of this step reads these parameters any more. */
static void update(const normalization_state *state, rnl_step_worker *worker, size_t groups,
                   rnl_columns_tile tile, const rnl_block *block, const float *sums)
{
    if (!block || !block->trained)
        return;
    for (size_t j = tile.first; j < tile.first + tile.count; ++j) {
        block->gradients[j] = sums[j];
        for (size_t i = 1; i < groups; ++i)
            block->gradients[j] += sums[i * state->output.columns + j];
    }
    if (block->updated_by_tile)
        rnl_step_update(worker->step, worker, block->index, tile.first, tile.count,
                        block->gradients + tile.first);
}

static rnl_status run_backward(void *self, size_t number, rnl_step_worker *worker)
{
    const normalization_state *state = self;
    const rnl_step *step = worker->step;
    const size_t rows = worker->batch.rows;
    const rnl_columns_tile tile = rnl_columns_of(state->cut, number);
    const size_t groups = group_count(state, step, rows);
    for (size_t i = 0; i < groups; ++i) {
        const group g = group_of(state, step, rows, i);
        sum_gradients(state, step, tile, g);
        if (state->downstream.partials > 0)
            compute_input_gradient(state, step, tile, g);
    }
    if (state->downstream.partials > 0)
        clear_padding(step, rows, tile, *state->downstream.values, state->downstream.stride);
    update(state, worker, groups, tile, state->gamma, state->gamma_sums);
    update(state, worker, groups, tile, state->beta, state->beta_sums);
    return RNL_OK;
}

/* Lists the blocks of the layer's parameters, in their order. */
static size_t list_blocks(const normalization_state *state, rnl_block *blocks[4])
{
    rnl_block *const all[] = {state->gamma, state->beta, state->moving_mean,
                              state->moving_variance};
    size_t count = 0;
    for (size_t i = 0; i < 4; ++i)
        if (all[i])
            blocks[count++] = all[i];
    return count;
}

static rnl_status run_preparation(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const normalization_state *state = self;
    rnl_block *blocks[4];
    for (size_t i = 0; i < list_blocks(state, blocks); ++i)
        for (size_t a = 0; a < rnl_step_arrays(worker->step); ++a)
            if (blocks[i]->arrays[a] && blocks[i]->parameter->arrays[a])
                memcpy(blocks[i]->arrays[a], blocks[i]->parameter->arrays[a],
                       blocks[i]->count * sizeof(float));
    return RNL_OK;
}

static rnl_status plan_block(const normalization_state *state, rnl_step *step, size_t parameter,
                             rnl_block **block)
{
    if (parameter == RNL_ABSENT)
        return RNL_OK;
    RNL_TRY(rnl_step_block(step, state->layer, parameter, state->output.columns, block));
    RNL_TRY(rnl_step_gradients(step, *block));
    (*block)->updated_by_tile = !rnl_step_clips(step);
    return RNL_OK;
}

static rnl_status plan_blocks(normalization_state *state, rnl_step *step)
{
    const rnl_normalization_places at = rnl_normalization_places_of(state->layer);
    RNL_TRY(plan_block(state, step, at.gamma, &state->gamma));
    RNL_TRY(plan_block(state, step, at.beta, &state->beta));
    RNL_TRY(plan_block(state, step, at.moving_mean, &state->moving_mean));
    return plan_block(state, step, at.moving_variance, &state->moving_variance);
}

static rnl_status plan_statistics(normalization_state *state, rnl_step *step)
{
    const size_t columns = state->output.columns;
    const size_t groups = state->by_shards ? step->rows.blocks : 1;
    float **const arrays[] = {&state->mean, &state->variance, &state->gamma_sums,
                              &state->beta_sums};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i)
        RNL_TRY(rnl_arena_reserve(&step->arena, arrays[i], groups * columns, sizeof(float)));
    if (!state->has_final_pass)
        return RNL_OK;
    RNL_TRY(rnl_arena_reserve(&step->arena, &state->pass_mean, columns, sizeof(double)));
    return rnl_arena_reserve(&step->arena, &state->pass_squares, columns, sizeof(double));
}

rnl_status rnl_normalization_plan_forward(const rnl_layer *layer, rnl_step *step,
                                          const rnl_matrix *input, const rnl_matrix **output,
                                          void **planned)
{
    const rnl_batch_normalization *p = rnl_batch_normalization_of(layer);
    normalization_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->layer = layer;
    state->epsilon = (float)p->epsilon;
    state->momentum = (float)p->momentum;
    state->by_shards = rnl_normalization_by_shards(layer);
    state->has_final_pass = rnl_normalization_has_final_pass(layer);
    state->frozen = layer->frozen;
    state->cut = rnl_columns_cut(input->columns);
    state->input = input;
    RNL_TRY(rnl_step_output(step, &state->output, input->columns));
    RNL_TRY(plan_blocks(state, step));
    if (step->given.training)
        RNL_TRY(plan_statistics(state, step));
    RNL_TRY(rnl_phases_add(&step->preparation,
                           (rnl_phase){.tiles = 1, .run = run_preparation, .self = state}));
    *output = &state->output;
    *planned = state;
    return rnl_columns_phase_add(
        step, (rnl_phase){.name = "forward", .run = run_forward, .self = state}, state->cut, 16, 4);
}

rnl_status rnl_normalization_plan_backward(void *planned, rnl_step *step,
                                           const rnl_upstream *upstream, rnl_upstream *downstream)
{
    normalization_state *state = planned;
    state->upstream = *upstream;
    if (downstream) {
        downstream->partials = 1;
        state->downstream = *downstream;
    }
    return rnl_columns_phase_add(
        step, (rnl_phase){.name = "backward", .run = run_backward, .self = state}, state->cut, 28,
        8);
}

rnl_status rnl_normalization_collect(const void *planned, size_t array, rnl_layer *layer)
{
    const normalization_state *state = planned;
    rnl_block *blocks[4];
    for (size_t i = 0; i < list_blocks(state, blocks); ++i)
        if (blocks[i]->arrays[array])
            memcpy(layer->parameters[i].arrays[array], blocks[i]->arrays[array],
                   blocks[i]->count * sizeof(float));
    return RNL_OK;
}
