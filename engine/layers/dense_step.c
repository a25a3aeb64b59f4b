#include "engine/layers/dense_state.h"

#include "engine/error.h"
#include "engine/model/activations.h"
#include "engine/model/constraints.h"
#include "engine/step/constrain.h"
#include "threading/assignment.h"

#include <stdlib.h>
#include <string.h>

static rnl_product_call **forward_call(const rnl_dense_state *state, size_t block, size_t part)
{
    return &state->forward_calls[block * state->cut.parts + part];
}

static rnl_product_shape forward_shape(const rnl_dense_state *state,
                                       const rnl_dense_columns *columns)
{
    return (rnl_product_shape){state->cut.part_rows, state->fan_in, columns->count,
                               state->input->stride};
}

static rnl_status bind_forward(const rnl_dense_state *state, size_t block, size_t part,
                               rnl_step_worker *worker)
{
    const rnl_dense_columns *columns = &state->blocks[block];
    return rnl_product_bind(
        forward_call(state, block, part),
        rnl_step_product(worker->step, forward_shape(state, columns)), worker->product,
        state->input->values + part * state->cut.part_rows * state->input->stride,
        columns->weights->arrays[RNL_VALUES], worker->step->tile_buffers[worker->index]);
}

static rnl_status run_forward(const rnl_dense_state *state, size_t block, size_t part,
                              rnl_step_worker *worker)
{
    const rnl_step *step = worker->step;
    const rnl_dense_columns *columns = &state->blocks[block];
    const size_t row = part * state->cut.part_rows;
    const bool filled = rnl_cut_filled(step->rows, worker->batch.rows, row / step->rows.size) > 0;
    if (worker->batch.training)
        rnl_dense_turn_part(state, step, block, part, filled);
    if (!filled)
        return RNL_OK;
    RNL_TRY(rnl_product_execute(*forward_call(state, block, part)));
    const size_t corner = row * state->output.stride + columns->first;
    state->activation.forward(&(const rnl_activation_forward){
        .rows = state->cut.part_rows,
        .columns = columns->count,
        .z = step->tile_buffers[worker->index],
        .z_stride = rnl_product_row_stride(columns->count),
        .bias = state->bias ? state->bias->arrays[RNL_VALUES] + columns->first : NULL,
        .y = state->output.values + corner,
        .y_stride = state->output.stride,
        .kept = state->kept.values ? state->kept.values + corner : NULL,
        .alpha = state->activation.alpha,
    });
    return RNL_OK;
}

/* What other workers have made is the inputs of a layer cut by columns, and the weights of another,
 * which transposes its inputs and weights in training, too. */
static rnl_phase_cost forward_cost(const rnl_dense_state *state, const rnl_step *step, size_t parts)
{
    const double rows = (double)(parts * state->cut.part_rows), fan_in = (double)state->fan_in,
                 units = (double)state->units;
    const size_t index = state->layer->index;
    const bool turns = step->training && index >= step->first_trainable && !state->cut.by_columns;
    return (rnl_phase_cost){
        .row_parts = state->cut.by_columns ? 0 : parts,
        .flops = 2 * rows * fan_in * units,
        .calls = (double)(state->cut.columns.blocks * parts),
        .bytes = 12 * rows * units + (turns ? 8 * rows * fan_in : 0) +
                 (turns && index > step->first_trainable ? 8 * fan_in * units : 0),
        .shared = 4 * fan_in * (state->cut.by_columns ? rows : units),
    };
}

/* ---- cut by columns: a phase for each half of the rows --------------------------------------- */

static rnl_status bind_half(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_half *half = self;
    return bind_forward(half->state, block, half->part, worker);
}

static rnl_status run_half(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_half *half = self;
    return run_forward(half->state, block, half->part, worker);
}

static size_t half_owner(const void *self, size_t block, size_t workers)
{
    const rnl_dense_half *half = self;
    return rnl_dense_columns_owner(half->state, block, workers);
}

size_t rnl_dense_columns_owner(const void *self, size_t column_block, size_t workers)
{
    const rnl_dense_state *state = self;
    const size_t share = rnl_share_owner(state->cut.columns.blocks, workers, column_block);
    return state->reversed ? workers - 1 - share : share;
}

/* While others still work on one half of the rows, a worker goes on to the next layer with the
 * other. */
static rnl_status plan_halves(rnl_dense_state *state, rnl_step *step)
{
    const size_t before = step->phases.needed;
    rnl_phase phase = {
        .name = "forward",
        .tiles = state->cut.columns.blocks,
        .bind = bind_half,
        .run = run_half,
        .owner = half_owner,
        .waits = RNL_WAITS_FOR_FIRST,
        .cost = forward_cost(state, step, 1),
    };
    for (size_t p = 0; p < state->cut.parts; ++p) {
        const size_t made = state->input->made[p];
        state->halves[p] = (rnl_dense_half){state, p};
        phase.self = &state->halves[p];
        phase.after = made > 0 && state->cut.parts > 1 ? made : before;
        phase.cost.barrier = p == 0 ? RNL_BARRIER_BEFORE : RNL_BARRIER_SHARED;
        RNL_TRY(rnl_phases_add(&step->phases, phase));
        if (state->cut.parts > 1)
            state->output.made[p] = step->phases.count;
    }
    return RNL_OK;
}

/* ---- or one phase of all parts --------------------------------------------------------------- */

/* Tiles follow each other column block by column block, and in these part by part. */
static rnl_status bind_tile(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    return bind_forward(state, tile / state->cut.parts, tile % state->cut.parts, worker);
}

static rnl_status run_tile(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    return run_forward(state, tile / state->cut.parts, tile % state->cut.parts, worker);
}

static size_t forward_tiles(const rnl_dense_state *state)
{
    return state->cut.columns.blocks * state->cut.parts;
}

/* Shares by rows, as other phases over rows have them; a worker still goes through its tiles column
 * block by column block. */
static size_t tile_owner(const void *self, size_t tile, size_t workers)
{
    const rnl_dense_state *state = self;
    const size_t parts = state->cut.parts, blocks = state->cut.columns.blocks;
    return rnl_share_owner(parts * blocks, workers, tile % parts * blocks + tile / parts);
}

static rnl_status plan_tiles(rnl_dense_state *state, rnl_step *step)
{
    return rnl_phases_add(&step->phases, (rnl_phase){
                                             .name = "forward",
                                             .tiles = forward_tiles(state),
                                             .bind = bind_tile,
                                             .run = run_tile,
                                             .owner = tile_owner,
                                             .self = state,
                                             .waits = RNL_WAITS_FOR_SHARED,
                                             .cost = forward_cost(state, step, state->cut.parts),
                                         });
}

/* ---- planning -------------------------------------------------------------------------------- */

/* Packs the layer's plain kernel into the column block, and with the first one the bias; likewise
 * the optimizer's state, if training goes on where it once stood. */
static rnl_status run_preparation(void *self, size_t column_block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_parameter *parameters = state->layer->parameters;
    const rnl_dense_columns *columns = &state->blocks[column_block];
    for (size_t a = 0; a < rnl_step_arrays(worker->step); ++a) {
        const float *kernel = parameters[RNL_DENSE_KERNEL].arrays[a];
        if (kernel)
            rnl_pack(&columns->packing, kernel + columns->first, state->units,
                     columns->weights->arrays[a]);
        if (kernel && state->bias && column_block == 0)
            memcpy(state->bias->arrays[a], parameters[RNL_DENSE_BIAS].arrays[a],
                   state->units * sizeof(float));
    }
    return RNL_OK;
}

static void release(void *memory)
{
    rnl_dense_state *state = memory;
    for (size_t i = 0; state->forward_calls && i < forward_tiles(state); ++i)
        rnl_product_call_free(state->forward_calls[i]);
    free(state->forward_calls);
    rnl_dense_release_training(state);
    free(state->blocks);
}

static rnl_status plan_grid(rnl_dense_state *state, const rnl_step *step)
{
    state->cut = rnl_cut_dense(step->rows, state->fan_in, state->units);
    state->blocks = calloc(state->cut.columns.blocks, sizeof *state->blocks);
    state->forward_calls = calloc(forward_tiles(state), sizeof *state->forward_calls);
    return state->blocks && state->forward_calls
               ? RNL_OK
               : rnl_fail_memory(forward_tiles(state) * sizeof *state->forward_calls);
}

static rnl_status plan_block(rnl_dense_state *state, rnl_step *step, size_t block)
{
    rnl_dense_columns *columns = &state->blocks[block];
    columns->first = rnl_cut_column(state->cut.columns, block);
    columns->count = rnl_cut_width(state->cut.columns, block);
    columns->packing = rnl_packing_of(state->fan_in, columns->count);
    RNL_TRY(rnl_step_need_product(step, forward_shape(state, columns)));
    rnl_step_need_tile(step, state->cut.part_rows * rnl_product_row_stride(columns->count));
    return rnl_step_block(step, state->layer, RNL_DENSE_KERNEL, rnl_packed_count(&columns->packing),
                          &columns->weights);
}

static void bind_activation(rnl_dense_state *state, const rnl_kernels *kernels)
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
    rnl_dense_state *state = rnl_step_allocate(step, sizeof *state, release);
    if (!state)
        return rnl_fail_memory(sizeof *state);
    state->layer = layer;
    state->input = input;
    state->fan_in = input->columns;
    state->units = layer->output.size[0];
    RNL_TRY(plan_grid(state, step));
    if (state->cut.by_columns && state->cut.columns.blocks > 1)
        state->reversed = step->layers_by_columns++ % 2 == 1;
    bind_activation(state, step->kernels);
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        RNL_TRY(plan_block(state, step, c));
    if (rnl_dense_of(layer)->use_bias)
        RNL_TRY(rnl_step_block(step, layer, RNL_DENSE_BIAS, state->units, &state->bias));
    RNL_TRY(rnl_step_matrix(step, &state->output, state->units));
    if (step->training && state->activation.keeps_slope)
        RNL_TRY(rnl_step_matrix(step, &state->kept, state->units));
    if (step->training && layer->index >= step->first_trainable)
        RNL_TRY(rnl_dense_plan_training(state, step));
    RNL_TRY(rnl_phases_add(&step->preparation, (rnl_phase){
                                                   .tiles = state->cut.columns.blocks,
                                                   .run = run_preparation,
                                                   .self = state,
                                               }));
    RNL_TRY(state->cut.by_columns ? plan_halves(state, step) : plan_tiles(state, step));
    state->forward_phases = step->phases.count;
    *output = &state->output;
    *planned = state;
    return RNL_OK;
}

/* The group of each weight as its column block is packed, from 1: the number of its column in the
 * block, or of its row. */
static rnl_status label_weights(const rnl_dense_state *state, size_t block, bool by_column,
                                float *labels)
{
    const size_t columns = state->blocks[block].count;
    float *plain = malloc(state->fan_in * columns * sizeof *plain);
    if (!plain)
        return rnl_fail_memory(state->fan_in * columns * sizeof *plain);
    for (size_t i = 0; i < state->fan_in; ++i)
        for (size_t j = 0; j < columns; ++j)
            plain[i * columns + j] = (float)((by_column ? j : i) + 1);
    rnl_pack(&state->blocks[block].packing, plain, columns, labels);
    free(plain);
    return RNL_OK;
}

/* The weights of a unit are in one column block, those of an input in all of them. */
static rnl_status constrain_blocks(const rnl_dense_state *state, rnl_step *step,
                                   rnl_labelled_block *blocks)
{
    const rnl_choice *constraint = &rnl_dense_of(state->layer)->kernel_constraint;
    const bool by_column = rnl_constraint_axis(constraint) == 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        const size_t count = state->blocks[c].weights->count;
        blocks[c].block = state->blocks[c].weights;
        if (rnl_constraint_of(constraint)->factor) {
            blocks[c].labels = calloc(count, sizeof *blocks[c].labels);
            if (!blocks[c].labels)
                return rnl_fail_memory(count * sizeof *blocks[c].labels);
            RNL_TRY(label_weights(state, c, by_column, blocks[c].labels));
        }
        if (by_column)
            RNL_TRY(rnl_step_constrain(step, constraint, &blocks[c], 1, state->blocks[c].count));
    }
    return by_column ? RNL_OK
                     : rnl_step_constrain(step, constraint, blocks, state->cut.columns.blocks,
                                          state->fan_in);
}

rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step)
{
    const size_t count = state->cut.columns.blocks;
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

rnl_status rnl_dense_collect(const void *planned, size_t array, rnl_layer *layer)
{
    const rnl_dense_state *state = planned;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        const rnl_dense_columns *columns = &state->blocks[c];
        rnl_unpack(&columns->packing, columns->weights->arrays[array],
                   layer->parameters[RNL_DENSE_KERNEL].arrays[array] + columns->first,
                   state->units);
    }
    if (state->bias)
        memcpy(layer->parameters[RNL_DENSE_BIAS].arrays[array], state->bias->arrays[array],
               state->units * sizeof(float));
    return RNL_OK;
}
