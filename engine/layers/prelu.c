/*
 * Parametric ReLU (He, Zhang, Ren and Sun 2015): y = z where z is at least 0, else alpha z, with a
 * learned alpha for each unit.  In the backward phase a tile is a range of columns with all rows,
 * so it completes the slopes' gradients.
 */
#include "engine/layers/columns.h"
#include "engine/layers/layers.h"
#include "engine/layers/rate_factor.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/predictor/predictor.h"
#include "engine/schema/config.h"
#include "engine/step/mixed_precision.h"
#include "engine/step/shard_sum.h"
#include "engine/step/shared.h"
#include "engine/step/update.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ALPHA };

const rnl_field rnl_prelu_fields[] = {
    {.key = "initial_slope",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_prelu, initial_slope),
     .fallback = "0.0",
     .minimum = -1e6,
     .maximum = 1e6,
     .help = "slope below 0 that learning begins with"},
    RNL_TRAINABLE_FIELD(rnl_prelu),
    RNL_RATE_FACTOR_FIELD(rnl_prelu),
    {.key = NULL},
};

typedef struct prelu_state {
    const rnl_layer *layer;
    rnl_column_cut cut;
    rnl_block *slopes;
    float *sums; /* (shards, columns) gradients of the slopes */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_upstream upstream, downstream; /* downstream has 0 partials if its gradient is not needed */
} prelu_state;

static rnl_status build(rnl_layer *layer)
{
    const rnl_prelu *p = layer->choice->parameters;
    layer->output = layer->input;
    rnl_layer_set_training(layer, p->trainable, p->learning_rate_factor);
    layer->parameters[layer->parameter_count++] =
        (rnl_parameter){.name = "alpha", .rank = 1, .size = {rnl_shape_features(&layer->input)}};
    return RNL_OK;
}

static void initialize(rnl_layer *layer, uint64_t seed)
{
    (void)seed;
    const rnl_prelu *p = layer->choice->parameters;
    const rnl_parameter *alpha = &layer->parameters[ALPHA];
    for (size_t i = 0; i < rnl_parameter_count(alpha); ++i)
        alpha->arrays[RNL_VALUES][i] = (float)p->initial_slope;
}

static void run_shard_forward(const prelu_state *state, rnl_step_worker *worker, rnl_shard shard,
                              rnl_columns_tile tile)
{
    worker->step->kernels->learned_slope_forward(&(const rnl_learned_slope){
        .rows = shard.used,
        .columns = tile.count,
        .z = rnl_matrix_view(state->input, shard.row, tile.first),
        .slopes = state->slopes->arrays[RNL_VALUES] + tile.first,
        .y = rnl_matrix_at(&state->output, shard.row, tile.first),
    });
    rnl_step_round(worker, &state->output, shard.row, shard.used, tile.first, tile.count);
}

static rnl_status run_forward(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_cut rows = worker->step->rows;
    for (size_t s = 0; s < rnl_cut_used_shards(rows, worker->batch.rows); ++s)
        run_shard_forward(self, worker, rnl_cut_shard(rows, worker->batch.rows, s),
                          rnl_columns_of(((const prelu_state *)self)->cut, number));
    return RNL_OK;
}

/* Rows that pad the last block have gradients of 0, and add nothing. */
static void run_shard_backward(const prelu_state *state, const rnl_step *step, rnl_shard shard,
                               rnl_columns_tile tile, float *sums)
{
    const rnl_upstream *delta =
        state->downstream.partials > 0 ? &state->downstream : &state->upstream;
    step->kernels->learned_slope_backward(&(const rnl_learned_slope_backward){
        .rows = shard.used,
        .columns = tile.count,
        .upstream = rnl_upstream_view(&state->upstream, shard.row, tile.first),
        .z = rnl_matrix_view(state->input, shard.row, tile.first),
        .slopes = state->slopes->arrays[RNL_VALUES] + tile.first,
        .delta = rnl_upstream_at(delta, shard.row, tile.first),
        .slope_gradient = sums,
    });
}

/* Sums below each root of this rank's shards. */
static void keep_roots(const prelu_state *state, const rnl_step *step, rnl_columns_tile tile,
                       size_t leaves)
{
    const rnl_step_shared *shared = step->shared;
    const size_t columns = state->output.columns;
    for (size_t k = 0; k < shared->own_count && shared->own[k].first < leaves; ++k) {
        const rnl_shard_node root = shared->own[k];
        float *sums = state->sums + root.first * columns + tile.first;
        rnl_shard_sum_arrays(sums, columns, rnl_least(root.span, leaves - root.first), tile.count);
        memcpy(state->slopes->gradients + k * shared->distance + tile.first, sums,
               tile.count * sizeof *sums);
    }
}

static void update(const prelu_state *state, rnl_step_worker *worker, rnl_columns_tile tile,
                   size_t leaves)
{
    const rnl_block *slopes = state->slopes;
    float *sums = state->sums + tile.first;
    if (!slopes->trained)
        return;
    if (worker->step->shared) {
        keep_roots(state, worker->step, tile, leaves);
        return;
    }
    rnl_shard_sum_arrays(sums, state->output.columns, leaves, tile.count);
    memcpy(slopes->gradients + tile.first, sums, tile.count * sizeof *sums);
    if (slopes->updated_by_tile)
        rnl_step_update(worker->step, worker, slopes->index, tile.first, tile.count,
                        slopes->gradients + tile.first);
}

static rnl_status run_backward(void *self, size_t number, rnl_step_worker *worker)
{
    const prelu_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_columns_tile tile = rnl_columns_of(state->cut, number);
    const size_t rows = worker->batch.rows, columns = state->output.columns,
                 leaves = rnl_cut_used_shards(step->rows, rows);
    float *sums = state->sums + tile.first;
    for (size_t s = 0; s < leaves; ++s)
        run_shard_backward(state, step, rnl_cut_shard(step->rows, rows, s), tile,
                           sums + s * columns);
    update(state, worker, tile, leaves);
    return RNL_OK;
}

static void place(const void *planned, size_t array)
{
    const prelu_state *state = planned;
    const float *from = state->layer->parameters[ALPHA].arrays[array];
    if (from && state->slopes->arrays[array])
        memcpy(state->slopes->arrays[array], from, state->slopes->count * sizeof *from);
}

static rnl_status run_preparation(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    for (size_t a = 0; a < rnl_step_prepared_arrays(worker->step); ++a)
        place(self, a);
    return RNL_OK;
}

static rnl_status plan_forward(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                               const rnl_matrix **output, void **planned)
{
    prelu_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->layer = layer;
    state->input = input;
    state->cut = rnl_columns_cut(input->columns);
    RNL_TRY(rnl_step_output(step, &state->output, input->columns));
    RNL_TRY(rnl_step_block(step, layer, ALPHA, input->columns, &state->slopes));
    RNL_TRY(rnl_step_gradients(step, state->slopes));
    if (step->given.training)
        RNL_TRY(rnl_arena_reserve(&step->arena, &state->sums, step->rows.shards * input->columns,
                                  sizeof(float)));
    rnl_step_place_update(step, state->slopes, false);
    RNL_TRY(rnl_phases_add(&step->preparation,
                           (rnl_phase){.tiles = 1, .run = run_preparation, .self = state}));
    *output = &state->output;
    *planned = state;
    return rnl_columns_phase_add(
        step, (rnl_phase){.name = "forward", .run = run_forward, .self = state}, state->cut, 8, 4);
}

static rnl_status plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                rnl_upstream *downstream)
{
    prelu_state *state = planned;
    state->upstream = *upstream;
    if (downstream) {
        downstream->partials = 1;
        state->downstream = *downstream;
    }
    return rnl_columns_phase_add(
        step, (rnl_phase){.name = "backward", .run = run_backward, .self = state}, state->cut, 16,
        4);
}

static rnl_status collect(const void *planned, size_t array, rnl_layer *layer)
{
    const prelu_state *state = planned;
    if (state->slopes->arrays[array])
        memcpy(layer->parameters[ALPHA].arrays[array], state->slopes->arrays[array],
               state->slopes->count * sizeof(float));
    return RNL_OK;
}

/* ---- inference ------------------------------------------------------------------------------- */

typedef struct prelu_inference {
    size_t columns;
    float *slopes;
} prelu_inference;

static void run_inference(const void *self, const rnl_stage_rows *rows)
{
    const prelu_inference *prelu = self;
    rows->kernels->learned_slope_forward(&(const rnl_learned_slope){
        .rows = rows->rows,
        .columns = prelu->columns,
        .z = rows->x,
        .slopes = prelu->slopes,
        .y = rows->y,
    });
}

static void fill_inference(void *self, const rnl_layer *layer)
{
    const prelu_inference *prelu = self;
    memcpy(prelu->slopes, layer->parameters[ALPHA].arrays[RNL_VALUES],
           prelu->columns * sizeof *prelu->slopes);
}

static rnl_status plan_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    prelu_inference *prelu = calloc(1, sizeof *prelu);
    if (!prelu)
        return rnl_fail_memory(sizeof *prelu);
    prelu->columns = rnl_shape_features(&layer->output);
    RNL_TRY(rnl_predictor_add(
        predictor, prelu->columns,
        (rnl_stage){.self = prelu, .fill = fill_inference, .run = run_inference}));
    return rnl_arena_reserve(&predictor->arena, &prelu->slopes, prelu->columns, sizeof(float));
}

const rnl_layer_operations rnl_prelu_operations = {
    .keeps_units = true,
    .build = build,
    .initialize = initialize,
    .plan_forward = plan_forward,
    .plan_inference = plan_inference,
    .plan_backward = plan_backward,
    .collect = collect,
    .place = place,
};
