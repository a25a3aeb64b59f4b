/*
 * The dense layer in a step.  Tiles are numbered column block by column block, so that a worker's
 * contiguous share keeps to few slices of the weights.
 *
 * Forward, tile (r, c):   z = x_r W_c;  y_rc = f(z + b_c)
 * Backward, tile (r, c):  delta = (sum of upstream partials)_rc * f'(y_rc)
 *                         copy r of the gradients: dW_c = x_r' delta, db_c = sum of delta's rows
 *                         partial c of downstream: dx_r = delta W_c'
 */
#include "engine/layers/dense.h"

#include "engine/error.h"
#include "engine/model/activations.h"

#include <stdlib.h>
#include <string.h>

typedef struct dense_tile {
    rnl_product_call *forward, *backward_weights, *backward_data;
} dense_tile;

/* A column block. */
typedef struct dense_columns {
    rnl_product *product;
    rnl_block *weights;
} dense_columns;

typedef struct dense_state {
    const rnl_layer *layer;
    size_t fan_in, units;
    rnl_column_cut columns;
    rnl_bound_activation activation;
    dense_columns *blocks; /* (column blocks) */
    rnl_block *bias;       /* NULL without */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_upstream upstream, downstream; /* downstream has 0 partials if nobody asks for it */
    size_t tile_count;
    dense_tile *tiles;
} dense_state;

/* Where a tile lies. */
typedef struct place {
    size_t row_block, column_block;
    size_t row, column; /* the first of the tile */
    size_t columns;
} place;

static place place_of(const dense_state *state, const rnl_step *step, size_t tile)
{
    const size_t r = tile % step->rows.blocks;
    const size_t c = tile / step->rows.blocks;
    return (place){
        .row_block = r,
        .column_block = c,
        .row = r * step->rows.size,
        .column = rnl_cut_column(state->columns, c),
        .columns = rnl_cut_width(state->columns, c),
    };
}

static bool is_empty(const rnl_step *step, const rnl_step_worker *worker, place at)
{
    return rnl_cut_filled(step->rows, worker->batch.rows, at.row_block) == 0;
}

static rnl_status bind_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = place_of(state, step, tile);
    const rnl_product_buffers buffers = {
        .x = state->input->values + at.row * state->input->stride,
        .weights = state->blocks[at.column_block].weights->arrays[RNL_VALUES],
        .z = step->tile_buffers[worker->index],
    };
    return rnl_product_bind(&state->tiles[tile].forward, state->blocks[at.column_block].product,
                            worker->product, RNL_PRODUCT_FORWARD, &buffers);
}

static rnl_status run_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = place_of(state, step, tile);
    if (is_empty(step, worker, at))
        return RNL_OK;
    RNL_TRY(rnl_product_execute(state->tiles[tile].forward));
    ++worker->tiles;
    state->activation.forward(&(const rnl_activation_forward){
        .rows = step->rows.size,
        .columns = at.columns,
        .z = step->tile_buffers[worker->index],
        .z_stride = rnl_product_row_stride(at.columns),
        .bias = state->bias ? state->bias->arrays[RNL_VALUES] + at.column : NULL,
        .y = state->output.values + at.row * state->output.stride + at.column,
        .y_stride = state->output.stride,
        .alpha = state->activation.alpha,
    });
    return RNL_OK;
}

static rnl_status bind_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = place_of(state, step, tile);
    const rnl_block *weights = state->blocks[at.column_block].weights;
    rnl_product_buffers buffers = {
        .x = state->input->values + at.row * state->input->stride,
        .weights = weights->arrays[RNL_VALUES],
        .delta = step->tile_buffers[worker->index],
        .gradient = weights->gradients + at.row_block * weights->copy_distance,
    };
    RNL_TRY(rnl_product_bind(&state->tiles[tile].backward_weights,
                             state->blocks[at.column_block].product, worker->product,
                             RNL_PRODUCT_BACKWARD_WEIGHTS, &buffers));
    if (state->downstream.partials == 0)
        return RNL_OK;
    buffers.dx = *state->downstream.values +
                 at.column_block * rnl_upstream_distance(step, &state->downstream) +
                 at.row * state->downstream.stride;
    return rnl_product_bind(&state->tiles[tile].backward_data,
                            state->blocks[at.column_block].product, worker->product,
                            RNL_PRODUCT_BACKWARD_DATA, &buffers);
}

/* Nobody else reads the tile's weights any more in this step. */
static void update_tile(const dense_state *state, rnl_step_worker *worker, place at)
{
    const rnl_block *weights = state->blocks[at.column_block].weights;
    rnl_step_update(worker->step, worker, weights->index, 0, weights->count);
    if (state->bias)
        rnl_step_update(worker->step, worker, state->bias->index, at.column, at.columns);
}

static rnl_status run_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = place_of(state, step, tile);
    if (is_empty(step, worker, at))
        return RNL_OK;
    float *delta = step->tile_buffers[worker->index];
    const size_t corner = at.row * state->output.stride + at.column;
    const size_t stride = rnl_product_row_stride(at.columns);
    state->activation.backward(&(const rnl_activation_backward){
        .rows = step->rows.size,
        .columns = at.columns,
        .partials = state->upstream.partials,
        .upstream = *state->upstream.values + corner,
        .upstream_stride = state->upstream.stride,
        .partial_distance = rnl_upstream_distance(step, &state->upstream),
        .y = state->output.values + corner,
        .y_stride = state->output.stride,
        .delta = delta,
        .delta_stride = stride,
        .alpha = state->activation.alpha,
    });
    if (state->bias)
        step->kernels->column_sums(&(const rnl_column_sums){
            .rows = step->rows.size,
            .columns = at.columns,
            .x = delta,
            .x_stride = stride,
            .sums = state->bias->gradients + at.row_block * state->bias->copy_distance + at.column,
        });
    RNL_TRY(rnl_product_execute(state->tiles[tile].backward_weights));
    if (state->tiles[tile].backward_data)
        RNL_TRY(rnl_product_execute(state->tiles[tile].backward_data));
    ++worker->tiles;
    if (state->blocks[at.column_block].weights->updated_by_tile)
        update_tile(state, worker, at);
    return RNL_OK;
}

/* Packs the layer's plain kernel into the column block, and with the first one the bias; likewise
 * the optimizer's state, if training goes on where it once stood. */
static rnl_status run_preparation(void *self, size_t column_block, rnl_step_worker *worker)
{
    const dense_state *state = self;
    const rnl_parameter *parameters = state->layer->parameters;
    for (size_t a = 0; a < rnl_step_arrays(worker->step); ++a) {
        const float *kernel = parameters[RNL_DENSE_KERNEL].arrays[a];
        if (kernel)
            RNL_TRY(rnl_product_pack(state->blocks[column_block].product,
                                     kernel + rnl_cut_column(state->columns, column_block),
                                     state->units, state->blocks[column_block].weights->arrays[a]));
        if (kernel && state->bias && column_block == 0)
            memcpy(state->bias->arrays[a], parameters[RNL_DENSE_BIAS].arrays[a],
                   state->units * sizeof(float));
    }
    return RNL_OK;
}

static void release(void *memory)
{
    dense_state *state = memory;
    for (size_t i = 0; i < state->tile_count; ++i) {
        rnl_product_call_free(state->tiles[i].forward);
        rnl_product_call_free(state->tiles[i].backward_weights);
        rnl_product_call_free(state->tiles[i].backward_data);
    }
    free(state->tiles);
    free(state->blocks);
}

/* A block's product and its weights. */
static rnl_status plan_block(dense_state *state, rnl_step *step, size_t block)
{
    const rnl_product_shape shape = {
        .rows = step->rows.size,
        .fan_in = state->fan_in,
        .units = rnl_cut_width(state->columns, block),
        .training = step->training,
        .backward_data = step->training && state->layer->index > step->first_trainable,
    };
    dense_columns *columns = &state->blocks[block];
    RNL_TRY(rnl_step_product(step, shape, &columns->product));
    rnl_step_need_tile(step, shape.rows * rnl_product_row_stride(shape.units));
    return rnl_step_block(step, state->layer, RNL_DENSE_KERNEL,
                          rnl_product_packed_count(columns->product), &columns->weights);
}

static void bind_activation(dense_state *state, const rnl_kernels *kernels)
{
    const rnl_choice *activation = &rnl_dense_of(state->layer)->activation;
    if (state->layer->activation_in_loss)
        state->activation =
            (rnl_bound_activation){kernels->linear_forward, kernels->linear_backward, 0};
    else
        rnl_activation_of(activation)->bind(&state->activation, kernels, activation->parameters);
}

rnl_status rnl_dense_plan_forward(const rnl_layer *layer, rnl_step *step, const rnl_matrix *input,
                                  const rnl_matrix **output, void **planned)
{
    dense_state *state = rnl_step_allocate(step, sizeof *state, release);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->layer = layer;
    state->input = input;
    state->fan_in = input->columns;
    state->units = layer->output.size[0];
    state->columns = rnl_cut_columns(state->units);
    const size_t tiles = state->columns.blocks * step->rows.blocks;
    state->blocks = calloc(state->columns.blocks, sizeof *state->blocks);
    state->tiles = calloc(tiles, sizeof *state->tiles);
    if (!state->blocks || !state->tiles)
        return rnl_fail_memory(tiles * sizeof *state->tiles);
    state->tile_count = tiles;

    bind_activation(state, step->kernels);
    for (size_t c = 0; c < state->columns.blocks; ++c)
        RNL_TRY(plan_block(state, step, c));
    if (rnl_dense_of(layer)->use_bias)
        RNL_TRY(rnl_step_block(step, layer, RNL_DENSE_BIAS, state->units, &state->bias));
    RNL_TRY(rnl_step_matrix(step, &state->output, state->units));
    RNL_TRY(rnl_phase_add(
        &step->preparation,
        (rnl_phase){.tiles = state->columns.blocks, .run = run_preparation, .self = state}));
    RNL_TRY(rnl_phase_add(&step->phases, (rnl_phase){.tiles = state->tile_count,
                                                     .bind = bind_forward,
                                                     .run = run_forward,
                                                     .self = state}));
    *output = &state->output;
    *planned = state;
    return RNL_OK;
}

static void place_update(const dense_state *state, const rnl_step *step, rnl_block *block,
                         size_t first_tile, size_t tile_count)
{
    block->first_tile = first_tile;
    block->tile_count = tile_count;
    block->phase_tiles = state->tile_count;
    block->updated_by_tile = step->rows.blocks == 1;
}

static void place_updates(const dense_state *state, const rnl_step *step)
{
    const size_t rows = step->rows.blocks;
    for (size_t c = 0; c < state->columns.blocks; ++c)
        place_update(state, step, state->blocks[c].weights, c * rows, rows);
    if (state->bias)
        place_update(state, step, state->bias, 0, state->tile_count);
}

rnl_status rnl_dense_plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                   rnl_upstream *downstream)
{
    dense_state *state = planned;
    state->upstream = *upstream;
    place_updates(state, step);
    if (downstream) {
        downstream->partials = state->columns.blocks;
        state->downstream = *downstream;
    }
    return rnl_phase_add(&step->phases, (rnl_phase){.tiles = state->tile_count,
                                                    .bind = bind_backward,
                                                    .run = run_backward,
                                                    .self = state});
}

rnl_status rnl_dense_collect(const void *planned, size_t array, rnl_layer *layer)
{
    const dense_state *state = planned;
    for (size_t c = 0; c < state->columns.blocks; ++c)
        RNL_TRY(rnl_product_unpack(
            state->blocks[c].product, state->blocks[c].weights->arrays[array],
            layer->parameters[RNL_DENSE_KERNEL].arrays[array] + rnl_cut_column(state->columns, c),
            state->units));
    if (state->bias)
        memcpy(layer->parameters[RNL_DENSE_BIAS].arrays[array], state->bias->arrays[array],
               state->units * sizeof(float));
    return RNL_OK;
}
