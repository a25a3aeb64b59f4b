/*
 * The dense layer in a step.  Row block r and column block c of the canonical cut give
 *
 * forward:   z = x_r W_c;  y_rc = f(z + b_c)
 * backward:  delta = (sum of upstream partials)_rc * f'(y_rc)
 *            copy r of the gradients: dW_c = x_r' delta, db_c = sum of delta's rows
 *            partial c of downstream: dx_r = delta W_c'
 *
 * Only the gradients need all rows of the block at once.  Forward and the way down are cut into
 * parts of the row block, tiles of their own, so that large mini-batches serve many workers.  Tiles
 * follow each other column block by column block, and in these row by row, so that a worker's
 * contiguous share keeps to few slices of the weights.
 */
#include "engine/layers/dense.h"

#include "engine/error.h"
#include "engine/model/activations.h"
#include "engine/model/constraints.h"
#include "engine/step/clip.h"
#include "engine/step/constrain.h"

#include <stdlib.h>
#include <string.h>

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
    rnl_matrix kept;                   /* slopes, in training, of an activation that keeps them */
    rnl_upstream upstream, downstream; /* downstream has 0 partials if nobody asks for it */
    size_t grid;                       /* column blocks x row blocks */
    size_t part_rows[RNL_PRODUCT_KINDS], parts[RNL_PRODUCT_KINDS]; /* of a row block */
    rnl_product_call **calls[RNL_PRODUCT_KINDS]; /* (column blocks, row blocks, parts) */
} dense_state;

/* A tile of one kind of product: a part of a row block in a column block. */
typedef struct place {
    rnl_product_kind kind;
    size_t row_block, column_block, part;
    size_t row, rows; /* of the tile */
    size_t column, columns;
} place;

static place place_of(const dense_state *state, const rnl_step *step, rnl_product_kind kind,
                      size_t tile)
{
    const size_t part = tile % state->parts[kind], block = tile / state->parts[kind];
    const size_t r = block % step->rows.blocks, c = block / step->rows.blocks;
    return (place){
        .kind = kind,
        .row_block = r,
        .column_block = c,
        .part = part,
        .row = r * step->rows.size + part * state->part_rows[kind],
        .rows = state->part_rows[kind],
        .column = rnl_cut_column(state->columns, c),
        .columns = rnl_cut_width(state->columns, c),
    };
}

static rnl_product_call **call_of(const dense_state *state, const rnl_step *step, place at)
{
    const size_t block = at.column_block * step->rows.blocks + at.row_block;
    return &state->calls[at.kind][block * state->parts[at.kind] + at.part];
}

static bool is_empty(const rnl_step *step, const rnl_step_worker *worker, place at)
{
    return rnl_cut_filled(step->rows, worker->batch.rows, at.row_block) == 0;
}

/* The place of the tile's z or delta in the buffer of the worker, which has room for all rows of
 * the block. */
static float *buffer_of(const rnl_step_worker *worker, place at)
{
    return worker->step->tile_buffers[worker->index] +
           at.part * at.rows * rnl_product_row_stride(at.columns);
}

static rnl_status bind_tile(const dense_state *state, rnl_step_worker *worker, place at)
{
    const rnl_step *step = worker->step;
    const dense_columns *columns = &state->blocks[at.column_block];
    const rnl_block *weights = columns->weights;
    float *tile = buffer_of(worker, at);
    rnl_product_buffers buffers = {
        .x = state->input->values + at.row * state->input->stride,
        .weights = weights->arrays[RNL_VALUES],
        .z = tile,
        .delta = tile,
    };
    if (at.kind == RNL_PRODUCT_BACKWARD_WEIGHTS)
        buffers.gradient = weights->gradients + at.row_block * weights->copy_distance;
    if (at.kind == RNL_PRODUCT_BACKWARD_DATA)
        buffers.dx = *state->downstream.values +
                     at.column_block * rnl_upstream_distance(step, &state->downstream) +
                     at.row * state->downstream.stride;
    return rnl_product_bind(call_of(state, step, at), columns->product, worker->product, at.kind,
                            &buffers);
}

static rnl_status bind_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    const dense_state *state = self;
    return bind_tile(state, worker, place_of(state, worker->step, RNL_PRODUCT_FORWARD, tile));
}

static rnl_status run_forward(void *self, size_t tile, rnl_step_worker *worker)
{
    const dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = place_of(state, step, RNL_PRODUCT_FORWARD, tile);
    if (is_empty(step, worker, at))
        return RNL_OK;
    RNL_TRY(rnl_product_execute(*call_of(state, step, at)));
    ++worker->tiles;
    state->activation.forward(&(const rnl_activation_forward){
        .rows = at.rows,
        .columns = at.columns,
        .z = buffer_of(worker, at),
        .z_stride = rnl_product_row_stride(at.columns),
        .bias = state->bias ? state->bias->arrays[RNL_VALUES] + at.column : NULL,
        .y = state->output.values + at.row * state->output.stride + at.column,
        .y_stride = state->output.stride,
        .kept = state->kept.values ? state->kept.values + at.row * state->output.stride + at.column
                                   : NULL,
        .alpha = state->activation.alpha,
    });
    return RNL_OK;
}

/* Into the buffer of the worker. */
static void compute_delta(const dense_state *state, rnl_step_worker *worker, place at)
{
    const rnl_step *step = worker->step;
    const size_t corner = at.row * state->output.stride + at.column;
    state->activation.backward(&(const rnl_activation_backward){
        .rows = at.rows,
        .columns = at.columns,
        .partials = state->upstream.partials,
        .upstream = *state->upstream.values + corner,
        .upstream_stride = state->upstream.stride,
        .partial_distance = rnl_upstream_distance(step, &state->upstream),
        .y = (state->kept.values ? state->kept.values : state->output.values) + corner,
        .y_stride = state->output.stride,
        .delta = buffer_of(worker, at),
        .delta_stride = rnl_product_row_stride(at.columns),
        .alpha = state->activation.alpha,
    });
}

static rnl_status make_gradients(const dense_state *state, rnl_step_worker *worker, place at)
{
    const rnl_step *step = worker->step;
    compute_delta(state, worker, at);
    if (state->bias)
        step->kernels->column_sums(&(const rnl_column_sums){
            .rows = at.rows,
            .columns = at.columns,
            .x = buffer_of(worker, at),
            .x_stride = rnl_product_row_stride(at.columns),
            .sums = state->bias->gradients + at.row_block * state->bias->copy_distance + at.column,
        });
    ++worker->tiles;
    return rnl_product_execute(*call_of(state, step, at));
}

/* Nobody else reads the tile's weights any more in this step. */
static void update_block(const dense_state *state, rnl_step_worker *worker, place at)
{
    const rnl_block *weights = state->blocks[at.column_block].weights;
    if (!weights->updated_by_tile)
        return;
    rnl_step_update(worker->step, worker, weights->index, 0, weights->count);
    if (state->bias)
        rnl_step_update(worker->step, worker, state->bias->index, at.column, at.columns);
}

/* The backward phase of a mini-batch of one row block: a tile is all that a column block has to do.
 */
static rnl_status bind_whole_backward(void *self, size_t block, rnl_step_worker *worker)
{
    const dense_state *state = self;
    const rnl_step *step = worker->step;
    RNL_TRY(bind_tile(state, worker, place_of(state, step, RNL_PRODUCT_BACKWARD_WEIGHTS, block)));
    if (state->downstream.partials == 0)
        return RNL_OK;
    return bind_tile(state, worker, place_of(state, step, RNL_PRODUCT_BACKWARD_DATA, block));
}

static rnl_status run_whole_backward(void *self, size_t block, rnl_step_worker *worker)
{
    const dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = place_of(state, step, RNL_PRODUCT_BACKWARD_WEIGHTS, block);
    RNL_TRY(make_gradients(state, worker, at));
    if (state->downstream.partials > 0)
        RNL_TRY(rnl_product_execute(state->calls[RNL_PRODUCT_BACKWARD_DATA][block]));
    update_block(state, worker, at);
    return RNL_OK;
}

/* The backward phase of more row blocks: for each block a tile of gradients, and then, if anybody
 * asks for them, the parts of the way down. */
static size_t tiles_of_block(const dense_state *state)
{
    return state->downstream.partials > 0 ? 1 + state->parts[RNL_PRODUCT_BACKWARD_DATA] : 1;
}

static place backward_place(const dense_state *state, const rnl_step *step, size_t tile)
{
    const size_t each = tiles_of_block(state), block = tile / each, rest = tile % each;
    if (rest == 0)
        return place_of(state, step, RNL_PRODUCT_BACKWARD_WEIGHTS, block);
    return place_of(state, step, RNL_PRODUCT_BACKWARD_DATA,
                    block * state->parts[RNL_PRODUCT_BACKWARD_DATA] + rest - 1);
}

static rnl_status bind_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const dense_state *state = self;
    return bind_tile(state, worker, backward_place(state, worker->step, tile));
}

/* A worker that makes the gradients of a block goes on with the delta in its buffer if it also has
 * parts of the way down; another computes the delta of its parts anew. */
static rnl_status run_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const dense_state *state = self;
    const rnl_step *step = worker->step;
    const place at = backward_place(state, step, tile);
    if (is_empty(step, worker, at))
        return RNL_OK;
    const rnl_delta_key key = {state, worker->batch.number, at.column_block, at.row_block};
    if (at.kind == RNL_PRODUCT_BACKWARD_WEIGHTS) {
        worker->delta = key;
        return make_gradients(state, worker, at);
    }
    if (memcmp(&worker->delta, &key, sizeof key) != 0)
        compute_delta(state, worker, at);
    ++worker->tiles;
    return rnl_product_execute(*call_of(state, step, at));
}

/* A tile of gradients weighs as much as all parts of the way down of its block. */
static size_t backward_owner(const void *self, size_t tile, size_t workers)
{
    const dense_state *state = self;
    const size_t each = tiles_of_block(state), block = tile / each, rest = tile % each;
    const double of_gradients = each > 1 ? 0.5 : 1, of_part = 0.5 / (double)(each - 1);
    const double middle =
        rest == 0 ? of_gradients / 2 : of_gradients + ((double)rest - 0.5) * of_part;
    return (size_t)(((double)block + middle) * (double)workers / (double)state->grid);
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
    for (rnl_product_kind kind = 0; kind < RNL_PRODUCT_KINDS; ++kind) {
        for (size_t i = 0; state->calls[kind] && i < state->grid * state->parts[kind]; ++i)
            rnl_product_call_free(state->calls[kind][i]);
        free(state->calls[kind]);
    }
    free(state->blocks);
}

static rnl_status plan_parts(dense_state *state, const rnl_step *step, rnl_product_kind kind,
                             size_t rows)
{
    state->part_rows[kind] = rows;
    state->parts[kind] = step->rows.size / rows;
    const size_t calls = state->grid * state->parts[kind];
    state->calls[kind] = calloc(calls, sizeof *state->calls[kind]);
    return state->calls[kind] ? RNL_OK : rnl_fail_memory(calls * sizeof *state->calls[kind]);
}

static rnl_status plan_grid(dense_state *state, const rnl_step *step)
{
    const size_t size = step->rows.size;
    state->columns = rnl_cut_columns(state->units);
    state->grid = state->columns.blocks * step->rows.blocks;
    state->blocks = calloc(state->columns.blocks, sizeof *state->blocks);
    if (!state->blocks)
        return rnl_fail_memory(state->columns.blocks * sizeof *state->blocks);
    RNL_TRY(plan_parts(state, step, RNL_PRODUCT_FORWARD, rnl_cut_forward_part(size)));
    if (step->training)
        RNL_TRY(plan_parts(state, step, RNL_PRODUCT_BACKWARD_WEIGHTS, size));
    if (step->training && state->layer->index > step->first_trainable)
        RNL_TRY(plan_parts(state, step, RNL_PRODUCT_BACKWARD_DATA, rnl_cut_backward_part(size)));
    return RNL_OK;
}

/* A block's product and its weights. */
static rnl_status plan_block(dense_state *state, rnl_step *step, size_t block)
{
    rnl_product_shape shape = {.fan_in = state->fan_in,
                               .units = rnl_cut_width(state->columns, block)};
    memcpy(shape.rows, state->part_rows, sizeof shape.rows);
    dense_columns *columns = &state->blocks[block];
    RNL_TRY(rnl_step_product(step, shape, &columns->product));
    rnl_step_need_tile(step, step->rows.size * rnl_product_row_stride(shape.units));
    return rnl_step_block(step, state->layer, RNL_DENSE_KERNEL,
                          rnl_product_packed_count(columns->product), &columns->weights);
}

static void bind_activation(dense_state *state, const rnl_kernels *kernels)
{
    const rnl_choice *activation = &rnl_dense_of(state->layer)->activation;
    if (state->layer->activation_in_loss)
        state->activation =
            (rnl_bound_activation){kernels->linear_forward, kernels->linear_backward, 0, false};
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
    RNL_TRY(plan_grid(state, step));
    bind_activation(state, step->kernels);
    for (size_t c = 0; c < state->columns.blocks; ++c)
        RNL_TRY(plan_block(state, step, c));
    if (rnl_dense_of(layer)->use_bias)
        RNL_TRY(rnl_step_block(step, layer, RNL_DENSE_BIAS, state->units, &state->bias));
    RNL_TRY(rnl_step_matrix(step, &state->output, state->units));
    if (step->training && state->activation.keeps_slope)
        RNL_TRY(rnl_step_matrix(step, &state->kept, state->units));
    RNL_TRY(rnl_phase_add(
        &step->preparation,
        (rnl_phase){.tiles = state->columns.blocks, .run = run_preparation, .self = state}));
    RNL_TRY(rnl_phase_add(&step->phases,
                          (rnl_phase){.tiles = state->grid * state->parts[RNL_PRODUCT_FORWARD],
                                      .bind = bind_forward,
                                      .run = run_forward,
                                      .self = state}));
    *output = &state->output;
    *planned = state;
    return RNL_OK;
}

static void place_update(const dense_state *state, const rnl_step *step, rnl_block *block,
                         size_t first, size_t blocks)
{
    block->first = first;
    block->blocks = blocks;
    block->grid = state->grid;
    block->updated_by_tile = step->rows.blocks == 1 && !rnl_step_clips(step);
}

static void place_updates(const dense_state *state, const rnl_step *step)
{
    const size_t rows = step->rows.blocks;
    for (size_t c = 0; c < state->columns.blocks; ++c)
        place_update(state, step, state->blocks[c].weights, c * rows, rows);
    if (state->bias)
        place_update(state, step, state->bias, 0, state->grid);
}

/* The group of each weight as its column block is packed, from 1: the number of its column in the
 * block, or of its row. */
static rnl_status label_weights(const dense_state *state, size_t block, bool by_column,
                                float *labels)
{
    const size_t columns = rnl_cut_width(state->columns, block);
    float *plain = malloc(state->fan_in * columns * sizeof *plain);
    if (!plain)
        return rnl_fail_memory(state->fan_in * columns * sizeof *plain);
    for (size_t i = 0; i < state->fan_in; ++i)
        for (size_t j = 0; j < columns; ++j)
            plain[i * columns + j] = (float)((by_column ? j : i) + 1);
    const rnl_status status =
        rnl_product_pack(state->blocks[block].product, plain, columns, labels);
    free(plain);
    return status;
}

/* The weights of a unit are in one column block, those of an input in all of them. */
static rnl_status constrain_blocks(const dense_state *state, rnl_step *step,
                                   rnl_labelled_block *blocks)
{
    const rnl_choice *constraint = &rnl_dense_of(state->layer)->kernel_constraint;
    const bool by_column = rnl_constraint_axis(constraint) == 0;
    for (size_t c = 0; c < state->columns.blocks; ++c) {
        const size_t count = state->blocks[c].weights->count;
        blocks[c].block = state->blocks[c].weights;
        if (rnl_constraint_of(constraint)->factor) {
            blocks[c].labels = calloc(count, sizeof *blocks[c].labels);
            if (!blocks[c].labels)
                return rnl_fail_memory(count * sizeof *blocks[c].labels);
            RNL_TRY(label_weights(state, c, by_column, blocks[c].labels));
        }
        if (by_column)
            RNL_TRY(rnl_step_constrain(step, constraint, &blocks[c], 1,
                                       rnl_cut_width(state->columns, c)));
    }
    return by_column
               ? RNL_OK
               : rnl_step_constrain(step, constraint, blocks, state->columns.blocks, state->fan_in);
}

static rnl_status plan_constraint(const dense_state *state, rnl_step *step)
{
    const size_t count = state->columns.blocks;
    if (!rnl_dense_of(state->layer)->kernel_constraint.kind)
        return RNL_OK;
    rnl_labelled_block *blocks = calloc(count, sizeof *blocks);
    if (!blocks)
        return rnl_fail_memory(count * sizeof *blocks);
    const rnl_status status = constrain_blocks(state, step, blocks);
    for (size_t c = 0; c < count; ++c)
        free(blocks[c].labels);
    free(blocks);
    return status;
}

rnl_status rnl_dense_plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                   rnl_upstream *downstream)
{
    dense_state *state = planned;
    state->upstream = *upstream;
    place_updates(state, step);
    RNL_TRY(plan_constraint(state, step));
    if (downstream) {
        downstream->partials = state->columns.blocks;
        state->downstream = *downstream;
    }
    if (step->rows.blocks == 1)
        return rnl_phase_add(&step->phases, (rnl_phase){.tiles = state->grid,
                                                        .bind = bind_whole_backward,
                                                        .run = run_whole_backward,
                                                        .self = state});
    return rnl_phase_add(&step->phases, (rnl_phase){.tiles = state->grid * tiles_of_block(state),
                                                    .bind = bind_backward,
                                                    .run = run_backward,
                                                    .owner = backward_owner,
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
