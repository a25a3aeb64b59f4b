/*
 * Layers with one learned factor for each unit: scale, y = s x, and parametric ReLU (He, Zhang, Ren
 * and Sun 2015), y = z where z is at least 0, else alpha z.  In the backward phase a tile is a
 * range of columns with all rows, so it completes the factors' gradients.
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

enum { FACTORS };

typedef struct factor_kernels {
    void (*forward)(const rnl_learned_factors *);
    void (*backward)(const rnl_learned_factors_backward *);
} factor_kernels;

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

const rnl_field rnl_scale_fields[] = {
    RNL_TRAINABLE_FIELD(rnl_scale),
    RNL_RATE_FACTOR_FIELD(rnl_scale),
    {.key = NULL},
};

typedef struct factors_state {
    const rnl_layer *layer;
    factor_kernels kernels;
    rnl_column_cut cut;
    rnl_block *factors;
    float *sums; /* (shards, columns) gradients of the factors */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_upstream upstream, downstream; /* downstream has 0 partials if its gradient is not needed */
} factors_state;

static rnl_status build_factors(rnl_layer *layer, const char *name)
{
    layer->output = layer->input;
    layer->parameters[layer->parameter_count++] =
        (rnl_parameter){.name = name, .rank = 1, .size = {rnl_shape_features(&layer->input)}};
    return RNL_OK;
}

static rnl_status build_prelu(rnl_layer *layer)
{
    const rnl_prelu *p = layer->choice->parameters;
    rnl_layer_set_training(layer, p->trainable, p->learning_rate_factor);
    return build_factors(layer, "alpha");
}

static rnl_status build_scale(rnl_layer *layer)
{
    const rnl_scale *p = layer->choice->parameters;
    rnl_layer_set_training(layer, p->trainable, p->learning_rate_factor);
    return build_factors(layer, "scale");
}

static void fill(rnl_layer *layer, float value)
{
    const rnl_parameter *factors = &layer->parameters[FACTORS];
    for (size_t i = 0; i < rnl_parameter_count(factors); ++i)
        factors->arrays[RNL_VALUES][i] = value;
}

static void initialize_prelu(rnl_layer *layer, uint64_t seed)
{
    (void)seed;
    fill(layer, (float)((const rnl_prelu *)layer->choice->parameters)->initial_slope);
}

static void initialize_scale(rnl_layer *layer, uint64_t seed)
{
    (void)seed;
    fill(layer, 1);
}

static bool scales(const rnl_layer *layer)
{
    return rnl_layer_operations_of(layer) == &rnl_scale_operations;
}

static factor_kernels kernels_of(bool scales, const rnl_kernels *kernels)
{
    if (scales)
        return (factor_kernels){kernels->factors_forward, kernels->factors_backward};
    return (factor_kernels){kernels->learned_slope_forward, kernels->learned_slope_backward};
}

static void run_shard_forward(const factors_state *state, rnl_step_worker *worker, rnl_shard shard,
                              rnl_columns_tile tile)
{
    state->kernels.forward(&(const rnl_learned_factors){
        .rows = shard.used,
        .columns = tile.count,
        .z = rnl_matrix_view(state->input, shard.row, tile.first),
        .factors = state->factors->arrays[RNL_VALUES] + tile.first,
        .y = rnl_matrix_at(&state->output, shard.row, tile.first),
    });
    rnl_step_round(worker, &state->output, shard.row, shard.used, tile.first, tile.count);
}

static rnl_status run_forward(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_cut rows = worker->step->rows;
    for (size_t s = 0; s < rnl_cut_used_shards(rows, worker->batch.rows); ++s)
        run_shard_forward(self, worker, rnl_cut_shard(rows, worker->batch.rows, s),
                          rnl_columns_of(((const factors_state *)self)->cut, number));
    return RNL_OK;
}

/* Rows that pad the last block have gradients of 0, and add nothing. */
static void run_shard_backward(const factors_state *state, rnl_shard shard, rnl_columns_tile tile,
                               float *sums)
{
    const rnl_upstream *delta =
        state->downstream.partials > 0 ? &state->downstream : &state->upstream;
    state->kernels.backward(&(const rnl_learned_factors_backward){
        .rows = shard.used,
        .columns = tile.count,
        .upstream = rnl_upstream_view(&state->upstream, shard.row, tile.first),
        .z = rnl_matrix_view(state->input, shard.row, tile.first),
        .factors = state->factors->arrays[RNL_VALUES] + tile.first,
        .delta = rnl_upstream_at(delta, shard.row, tile.first),
        .gradient = sums,
    });
}

/* Sums below each root of this rank's shards. */
static void keep_roots(const factors_state *state, const rnl_step *step, rnl_columns_tile tile,
                       size_t leaves)
{
    const rnl_step_shared *shared = step->shared;
    const size_t columns = state->output.columns;
    for (size_t k = 0; k < shared->own_count && shared->own[k].first < leaves; ++k) {
        const rnl_shard_node root = shared->own[k];
        float *sums = state->sums + root.first * columns + tile.first;
        rnl_shard_sum_arrays(sums, columns, rnl_least(root.span, leaves - root.first), tile.count);
        memcpy(state->factors->gradients + k * shared->distance + tile.first, sums,
               tile.count * sizeof *sums);
    }
}

static void update(const factors_state *state, rnl_step_worker *worker, rnl_columns_tile tile,
                   size_t leaves)
{
    const rnl_block *factors = state->factors;
    float *sums = state->sums + tile.first;
    if (!factors->trained)
        return;
    if (worker->step->shared) {
        keep_roots(state, worker->step, tile, leaves);
        return;
    }
    rnl_shard_sum_arrays(sums, state->output.columns, leaves, tile.count);
    memcpy(factors->gradients + tile.first, sums, tile.count * sizeof *sums);
    if (factors->updated_by_tile)
        rnl_step_update(worker->step, worker, factors->index, tile.first, tile.count,
                        factors->gradients + tile.first);
}

static rnl_status run_backward(void *self, size_t number, rnl_step_worker *worker)
{
    const factors_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_columns_tile tile = rnl_columns_of(state->cut, number);
    const size_t rows = worker->batch.rows, columns = state->output.columns,
                 leaves = rnl_cut_used_shards(step->rows, rows);
    float *sums = state->sums + tile.first;
    for (size_t s = 0; s < leaves; ++s)
        run_shard_backward(state, rnl_cut_shard(step->rows, rows, s), tile, sums + s * columns);
    update(state, worker, tile, leaves);
    return RNL_OK;
}

static void place(const void *planned, size_t array)
{
    const factors_state *state = planned;
    const float *from = state->layer->parameters[FACTORS].arrays[array];
    if (from && state->factors->arrays[array])
        memcpy(state->factors->arrays[array], from, state->factors->count * sizeof *from);
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
    factors_state *state = rnl_step_allocate(step, sizeof *state, NULL);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->layer = layer;
    state->kernels = kernels_of(scales(layer), step->kernels);
    state->input = input;
    state->cut = rnl_columns_cut(input->columns);
    RNL_TRY(rnl_step_output(step, &state->output, input->columns));
    RNL_TRY(rnl_step_block(step, layer, FACTORS, input->columns, &state->factors));
    RNL_TRY(rnl_step_gradients(step, state->factors));
    if (step->given.training)
        RNL_TRY(rnl_arena_reserve(&step->arena, &state->sums, step->rows.shards * input->columns,
                                  sizeof(float)));
    rnl_step_place_update(step, state->factors, false);
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
    factors_state *state = planned;
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
    const factors_state *state = planned;
    if (state->factors->arrays[array])
        memcpy(layer->parameters[FACTORS].arrays[array], state->factors->arrays[array],
               state->factors->count * sizeof(float));
    return RNL_OK;
}

/* ---- inference ------------------------------------------------------------------------------- */

typedef struct factors_inference {
    size_t columns;
    bool scales;
    float *factors;
} factors_inference;

static void run_inference(const void *self, const rnl_stage_rows *rows)
{
    const factors_inference *stage = self;
    kernels_of(stage->scales, rows->kernels)
        .forward(&(const rnl_learned_factors){
            .rows = rows->rows,
            .columns = stage->columns,
            .z = rows->x,
            .factors = stage->factors,
            .y = rows->y,
        });
}

static void fill_inference(void *self, const rnl_layer *layer)
{
    const factors_inference *stage = self;
    memcpy(stage->factors, layer->parameters[FACTORS].arrays[RNL_VALUES],
           stage->columns * sizeof *stage->factors);
}

static rnl_status plan_inference(const rnl_layer *layer, rnl_predictor *predictor)
{
    factors_inference *stage = calloc(1, sizeof *stage);
    if (!stage)
        return rnl_fail_memory(sizeof *stage);
    stage->columns = rnl_shape_features(&layer->output);
    stage->scales = scales(layer);
    RNL_TRY(rnl_predictor_add(
        predictor, stage->columns,
        (rnl_stage){.self = stage, .fill = fill_inference, .run = run_inference}));
    return rnl_arena_reserve(&predictor->arena, &stage->factors, stage->columns, sizeof(float));
}

#define OPERATIONS(name)                                                                           \
    const rnl_layer_operations rnl_##name##_operations = {                                         \
        .keeps_units = true,                                                                       \
        .build = build_##name,                                                                     \
        .initialize = initialize_##name,                                                           \
        .plan_forward = plan_forward,                                                              \
        .plan_inference = plan_inference,                                                          \
        .plan_backward = plan_backward,                                                            \
        .collect = collect,                                                                        \
        .place = place,                                                                            \
    };

OPERATIONS(prelu)
OPERATIONS(scale)
