/*
 * Batch normalization in a step.  A tile is a range of columns with all rows, so one phase computes
 * mean and variance and normalizes, and one phase computes the gradients: sums over the rows stay
 * within a tile, and it completes the gradients of gamma and beta.
 */
#include "engine/layers/batch_normalization.h"

#include "engine/base/error.h"
#include "engine/layers/batch_normalization_state.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/shard_sum.h"
#include "engine/step/shared.h"
#include "engine/step/update.h"

#include <string.h>

typedef void group_visitor(const rnl_normalization_state *state, const rnl_step *step,
                           rnl_columns_tile tile, rnl_normalization_group g);

static void each_group(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                       rnl_columns_tile tile, group_visitor *visit)
{
    for (size_t i = 0; i < rnl_normalization_groups(state, step); ++i) {
        const rnl_normalization_group g = rnl_normalization_group_of(state, step, rows, i);
        if (g.rows > 0 && rnl_normalization_is_own(state, step, i))
            visit(state, step, tile, g);
    }
}

static const float *values_from(const rnl_block *block, size_t column)
{
    return block ? block->arrays[RNL_VALUES] + column : NULL;
}

static void normalize(const rnl_normalization_state *state, const rnl_step *step,
                      rnl_columns_tile tile, rnl_normalization_group g, const float *mean,
                      const float *variance)
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

static void normalize_group(const rnl_normalization_state *state, const rnl_step *step,
                            rnl_columns_tile tile, rnl_normalization_group g)
{
    normalize(state, step, tile, g, state->mean + g.used + tile.first,
              state->variance + g.used + tile.first);
}

static bool measures(const rnl_normalization_state *state, const rnl_batch *batch)
{
    return !state->frozen && (batch->training || (batch->measuring && state->has_final_pass));
}

static void forward_by_rows(const rnl_normalization_state *state, const rnl_step *step,
                            const rnl_batch *batch, rnl_columns_tile tile)
{
    if (!rnl_cut_is_shared(step->rows))
        each_group(state, step, batch->rows, tile, rnl_normalization_measure);
    if (rnl_normalization_joins(state, step))
        rnl_normalization_join(state, step, batch->rows, tile);
    each_group(state, step, batch->rows, tile, normalize_group);
    if (batch->measuring)
        rnl_normalization_add_to_pass(state, step, batch, tile);
    if (batch->training)
        rnl_normalization_move(state, step, batch->rows, tile);
}

/* Measures the groups where ranks exchange their statistics before rows are normalized. */
static rnl_status run_measure(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_normalization_state *state = self;
    const rnl_step *step = worker->step;
    if (measures(state, &worker->batch) && rnl_cut_is_shared(step->rows))
        each_group(state, step, worker->batch.rows, rnl_columns_of(state->cut, number),
                   rnl_normalization_measure);
    return RNL_OK;
}

/* Sets outputs or gradients of the rows that pad the shards' last blocks to 0. */
static void clear_padding(const rnl_step *step, size_t rows, rnl_columns_tile tile, float *values,
                          size_t stride)
{
    for (size_t s = 0; s < step->rows.shards; ++s) {
        const rnl_shard shard = rnl_cut_shard(step->rows, rows, s);
        for (size_t i = shard.row + shard.filled; i < shard.row + shard.used; ++i)
            memset(values + i * stride + tile.first, 0, tile.count * sizeof *values);
    }
}

static void normalize_by_averages(const rnl_normalization_state *state, const rnl_step *step,
                                  size_t rows, rnl_columns_tile tile)
{
    for (size_t s = 0; s < step->rows.shards; ++s) {
        const rnl_shard shard = rnl_cut_shard(step->rows, rows, s);
        normalize(state, step, tile,
                  (rnl_normalization_group){.first = shard.row, .rows = shard.filled},
                  values_from(state->moving_mean, tile.first),
                  values_from(state->moving_variance, tile.first));
    }
}

static void round_rows(const rnl_normalization_state *state, rnl_step_worker *worker,
                       rnl_columns_tile tile)
{
    const rnl_step *step = worker->step;
    for (size_t s = 0; s < step->rows.shards; ++s) {
        const rnl_shard shard = rnl_cut_shard(step->rows, worker->batch.rows, s);
        rnl_step_round(worker, &state->output, shard.row, shard.used, tile.first, tile.count);
    }
}

static rnl_status run_forward(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_normalization_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_batch *batch = &worker->batch;
    const rnl_columns_tile tile = rnl_columns_of(state->cut, number);
    if (measures(state, batch))
        forward_by_rows(state, step, batch, tile);
    else
        normalize_by_averages(state, step, batch->rows, tile);
    clear_padding(step, batch->rows, tile, state->output.values, state->output.stride);
    round_rows(state, worker, tile);
    return RNL_OK;
}

/* Returns where the sum of upstream's partials goes: to the gradient with respect to the input, or
 * without one over upstream's first partial. */
static rnl_mutable_view sum_at(const rnl_normalization_state *state, size_t row, size_t column)
{
    return rnl_upstream_at(state->downstream.partials > 0 ? &state->downstream : &state->upstream,
                           row, column);
}

static void sum_gradients(const rnl_normalization_state *state, const rnl_step *step,
                          rnl_columns_tile tile, rnl_normalization_group g)
{
    const bool frozen = state->frozen;
    step->kernels->normalize_sums(&(const rnl_normalize_sums){
        .rows = g.rows,
        .columns = tile.count,
        .upstream = rnl_upstream_view(&state->upstream, g.first, tile.first),
        .x = rnl_matrix_view(state->input, g.first, tile.first),
        .mean = frozen ? values_from(state->moving_mean, tile.first)
                       : state->mean + g.used + tile.first,
        .variance = frozen ? values_from(state->moving_variance, tile.first)
                           : state->variance + g.used + tile.first,
        .epsilon = state->epsilon,
        .dy = sum_at(state, g.first, tile.first),
        .gamma_gradient = state->gamma_sums + g.at + tile.first,
        .beta_gradient = state->beta_sums + g.at + tile.first,
    });
}

/* Sums of joined groups are in the place of the first. */
static void compute_input_gradient(const rnl_normalization_state *state, const rnl_step *step,
                                   rnl_columns_tile tile, rnl_normalization_group g)
{
    const bool frozen = state->frozen;
    const size_t sums_at = state->by_blocks ? g.at : 0;
    step->kernels->normalize_backward(&(const rnl_normalize_backward){
        .rows = g.rows,
        .columns = tile.count,
        .measured = g.measured,
        .x = rnl_matrix_view(state->input, g.first, tile.first),
        .mean = frozen ? values_from(state->moving_mean, tile.first)
                       : state->mean + g.used + tile.first,
        .variance = frozen ? values_from(state->moving_variance, tile.first)
                           : state->variance + g.used + tile.first,
        .gamma = values_from(state->gamma, tile.first),
        .epsilon = state->epsilon,
        .gamma_gradient = frozen ? NULL : state->gamma_sums + sums_at + tile.first,
        .beta_gradient = frozen ? NULL : state->beta_sums + sums_at + tile.first,
        .dx = rnl_upstream_at(&state->downstream, g.first, tile.first),
    });
}

/* Sums the groups of a shard in their order, and the shards in their tree, into the first. */
static void sum_groups(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                       rnl_columns_tile tile, float *sums)
{
    const size_t columns = state->output.columns,
                 each = rnl_normalization_groups(state, step) / step->rows.shards;
    const size_t leaves = rnl_cut_used_shards(step->rows, rows);
    for (size_t s = 0; s < leaves; ++s)
        for (size_t i = 1; i < each; ++i)
            for (size_t j = tile.first;
                 rnl_normalization_group_of(state, step, rows, s * each + i).rows > 0 &&
                 j < tile.first + tile.count;
                 ++j)
                sums[s * each * columns + j] += sums[(s * each + i) * columns + j];
    rnl_shard_sum_arrays(sums + tile.first, each * columns, leaves, tile.count);
}

/* No other phase of this step reads these parameters any more. */
static void update(rnl_step_worker *worker, rnl_columns_tile tile, const rnl_block *block,
                   const float *sums)
{
    if (!block || !block->trained)
        return;
    memcpy(block->gradients + tile.first, sums + tile.first, tile.count * sizeof *sums);
    if (block->updated_by_tile)
        rnl_step_update(worker->step, worker, block->index, tile.first, tile.count,
                        block->gradients + tile.first);
}

static void sum_all_groups(const rnl_normalization_state *state, const rnl_step *step, size_t rows,
                           rnl_columns_tile tile)
{
    sum_groups(state, step, rows, tile, state->gamma_sums);
    sum_groups(state, step, rows, tile, state->beta_sums);
}

/* Sums gradients of the groups where ranks exchange the sums. */
static rnl_status run_sums(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_normalization_state *state = self;
    if (rnl_cut_is_shared(worker->step->rows))
        each_group(state, worker->step, worker->batch.rows, rnl_columns_of(state->cut, number),
                   sum_gradients);
    return RNL_OK;
}

/* Row blocks read their own sums before these become those of all rows. */
static rnl_status run_backward(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_normalization_state *state = self;
    const rnl_step *step = worker->step;
    const size_t rows = worker->batch.rows;
    const rnl_columns_tile tile = rnl_columns_of(state->cut, number);
    const bool goes_on = state->downstream.partials > 0;
    if (state->frozen || !rnl_cut_is_shared(step->rows))
        each_group(state, step, rows, tile, sum_gradients);
    if (!state->by_blocks)
        sum_all_groups(state, step, rows, tile);
    if (goes_on)
        each_group(state, step, rows, tile, compute_input_gradient);
    if (state->by_blocks)
        sum_all_groups(state, step, rows, tile);
    if (goes_on)
        clear_padding(step, rows, tile, *state->downstream.values, state->downstream.stride);
    update(worker, tile, state->gamma, state->gamma_sums);
    update(worker, tile, state->beta, state->beta_sums);
    return RNL_OK;
}

/* Lists the blocks of the layer's parameters, in their order. */
static size_t list_blocks(const rnl_normalization_state *state, rnl_block *blocks[4])
{
    rnl_block *const all[] = {state->gamma, state->beta, state->moving_mean,
                              state->moving_variance};
    size_t count = 0;
    for (size_t i = 0; i < 4; ++i)
        if (all[i])
            blocks[count++] = all[i];
    return count;
}

void rnl_normalization_place(const void *planned, size_t array)
{
    const rnl_normalization_state *state = planned;
    rnl_block *blocks[4];
    for (size_t i = 0; i < list_blocks(state, blocks); ++i)
        if (blocks[i]->arrays[array] && blocks[i]->parameter->arrays[array])
            memcpy(blocks[i]->arrays[array], blocks[i]->parameter->arrays[array],
                   blocks[i]->count * sizeof(float));
}

static rnl_status run_preparation(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    for (size_t a = 0; a < rnl_step_prepared_arrays(worker->step); ++a)
        rnl_normalization_place(self, a);
    return RNL_OK;
}

static rnl_status plan_block(const rnl_normalization_state *state, rnl_step *step, size_t parameter,
                             rnl_block **block)
{
    if (parameter == RNL_ABSENT)
        return RNL_OK;
    RNL_TRY(rnl_step_block(step, state->layer, parameter, state->output.columns, block));
    RNL_TRY(rnl_step_whole_gradients(step, *block));
    rnl_step_place_update(step, *block, false);
    return RNL_OK;
}

static rnl_status plan_blocks(rnl_normalization_state *state, rnl_step *step)
{
    const rnl_normalization_places at = rnl_normalization_places_of(state->layer);
    RNL_TRY(plan_block(state, step, at.gamma, &state->gamma));
    RNL_TRY(plan_block(state, step, at.beta, &state->beta));
    RNL_TRY(plan_block(state, step, at.moving_mean, &state->moving_mean));
    return plan_block(state, step, at.moving_variance, &state->moving_variance);
}

static rnl_status plan_statistics(rnl_normalization_state *state, rnl_step *step)
{
    const size_t columns = state->output.columns;
    const size_t groups = rnl_normalization_groups(state, step),
                 joined = rnl_normalization_joins(state, step);
    float **const arrays[] = {&state->mean, &state->variance, &state->gamma_sums,
                              &state->beta_sums};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i)
        RNL_TRY(
            rnl_arena_reserve(&step->arena, arrays[i], (groups + joined) * columns, sizeof(float)));
    if (joined)
        RNL_TRY(
            rnl_arena_reserve(&step->arena, &state->joined, 2 * groups * columns, sizeof(double)));
    if (!state->has_final_pass)
        return RNL_OK;
    RNL_TRY(rnl_arena_reserve(&step->arena, &state->pass_mean, columns, sizeof(double)));
    return rnl_arena_reserve(&step->arena, &state->pass_squares, columns, sizeof(double));
}

/* Adds a phase that measures this rank's groups, and one that exchanges what it measured. */
static rnl_status plan_exchange(rnl_normalization_state *state, rnl_step *step, rnl_phase phase,
                                float **first, float **second)
{
    if (!step->shared || state->frozen)
        return RNL_OK;
    const size_t count =
        rnl_normalization_groups(state, step) / step->rows.shards * state->output.columns;
    phase.self = state;
    RNL_TRY(rnl_columns_phase_add(step, phase, state->cut, 8, 4));
    return rnl_plan_shared_arrays(step, (const rnl_shared_array[]){{first, count}, {second, count}},
                                  2);
}

rnl_status rnl_normalization_plan_forward(const rnl_layer *layer, rnl_step *step,
                                          const rnl_matrix *input, const rnl_matrix **output,
                                          void **planned)
{
    const rnl_batch_normalization *p = rnl_batch_normalization_of(layer);
    rnl_normalization_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->layer = layer;
    state->epsilon = (float)p->epsilon;
    state->momentum = (float)p->momentum;
    state->by_blocks = rnl_normalization_by_shards(layer);
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
    RNL_TRY(plan_exchange(state, step, (rnl_phase){.name = "measure", .run = run_measure},
                          &state->mean, &state->variance));
    return rnl_columns_phase_add(
        step, (rnl_phase){.name = "forward", .run = run_forward, .self = state}, state->cut, 16, 4);
}

rnl_status rnl_normalization_plan_backward(void *planned, rnl_step *step,
                                           const rnl_upstream *upstream, rnl_upstream *downstream)
{
    rnl_normalization_state *state = planned;
    state->upstream = *upstream;
    if (downstream) {
        downstream->partials = 1;
        state->downstream = *downstream;
    }
    RNL_TRY(plan_exchange(state, step, (rnl_phase){.name = "sums", .run = run_sums},
                          &state->gamma_sums, &state->beta_sums));
    return rnl_columns_phase_add(
        step, (rnl_phase){.name = "backward", .run = run_backward, .self = state}, state->cut, 28,
        8);
}

rnl_status rnl_normalization_collect(const void *planned, size_t array, rnl_layer *layer)
{
    const rnl_normalization_state *state = planned;
    rnl_block *blocks[4];
    for (size_t i = 0; i < list_blocks(state, blocks); ++i)
        if (blocks[i]->arrays[array])
            memcpy(layer->parameters[i].arrays[array], blocks[i]->arrays[array],
                   blocks[i]->count * sizeof(float));
    return RNL_OK;
}
