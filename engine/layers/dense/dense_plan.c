#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/base/number.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SLICES  4 /* of a layer cut by rows */
#define ROWS_AT_ONCE 64

/* Packs an array of the layer's kernel into the column block, and with the first block the bias's;
 * a tied kernel has no state of an optimizer. */
static void place_block(const rnl_dense_state *state, size_t array, size_t column_block)
{
    const rnl_parameter *parameters = state->layer->parameters;
    const rnl_dense_columns *columns = &state->blocks[column_block];
    const float *kernel = parameters[RNL_DENSE_KERNEL].arrays[array],
                *bias = state->bias ? parameters[RNL_DENSE_BIAS].arrays[array] : NULL;
    if (kernel && columns->weights->arrays[array])
        rnl_pack(&columns->packing, kernel + columns->first, state->units,
                 columns->weights->arrays[array]);
    if (bias && state->bias->arrays[array] && column_block == 0)
        memcpy(state->bias->arrays[array], bias, state->units * sizeof(float));
}

void rnl_dense_place(const void *planned, size_t array)
{
    const rnl_dense_state *state = planned;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        place_block(state, array, c);
}

/* Places the optimizer's state, too, if training is resumed. */
static rnl_status run_preparation(void *self, size_t column_block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    for (size_t a = 0; a < rnl_step_prepared_arrays(worker->step); ++a)
        place_block(state, a, column_block);
    rnl_weight_pairs_write_all(worker->step, state->blocks[column_block].weights);
    if (state->transposes_updated && state->transposed)
        rnl_dense_transpose_weights(&state->blocks[0], worker->step, state->transposed);
    return RNL_OK;
}

static void release(void *memory)
{
    rnl_dense_state *state = memory;
    free(state->blocks);
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Products of few rows are slow.  oneDNN makes them for so many rows as were planned. */
static size_t joined_parts(const rnl_dense_state *state, const rnl_step *step)
{
    if (step->onednn)
        return 1;
    return state->cut.by_columns
               ? state->cut.parts
               : rnl_least(state->cut.parts, rnl_divide_up(ROWS_AT_ONCE, state->cut.part_rows));
}

/* A mini-batch in shards is never cut by columns.  Where it has few rows, keeping weights takes
 * that place: what workers read of each other is less that way. */
static bool keeps_weights(const rnl_dense_state *state, const rnl_step *step)
{
    const size_t in_and_out = rnl_step_own_rows(step) * (state->fan_in + state->units);
    return step->rows.shards > 1 && in_and_out < state->fan_in * state->units;
}

static rnl_status plan_grid(rnl_dense_state *state, const rnl_step *step)
{
    state->cut = rnl_cut_dense(step->rows, state->fan_in, state->units);
    state->own = rnl_cut_own_parts(step->rows);
    state->keeps_weights = keeps_weights(state, step);
    state->joined_parts = joined_parts(state, step);
    state->blocks = calloc(state->cut.columns.blocks, sizeof *state->blocks);
    return state->blocks ? RNL_OK
                         : rnl_fail_memory(state->cut.columns.blocks * sizeof *state->blocks);
}

static rnl_status plan_block(rnl_dense_state *state, rnl_step *step, size_t block)
{
    rnl_dense_columns *columns = &state->blocks[block];
    columns->first = rnl_cut_column(state->cut.columns, block);
    columns->count = rnl_cut_width(state->cut.columns, block);
    columns->packing = rnl_packing_of(state->fan_in, columns->count);
    columns->forward = rnl_step_product(step, (rnl_product_shape){.rows = state->cut.part_rows,
                                                                  .inner = state->fan_in,
                                                                  .a_layout = RNL_BY_ROWS,
                                                                  .a_stride = state->input->stride,
                                                                  .b = columns->packing});
    rnl_dense_need(state, state->joined_parts * state->cut.part_rows * columns->packing.width);
    return rnl_step_block(step, state->layer, RNL_DENSE_KERNEL, rnl_packed_count(&columns->packing),
                          &columns->weights);
}

static size_t count_slices(const rnl_dense_state *state)
{
    const size_t panels = state->blocks[0].packing.panels;
    if (state->cut.by_columns)
        return state->cut.columns.blocks;
    return state->keeps_weights ? panels : rnl_least(panels, MOST_SLICES);
}

static rnl_status plan_parameters(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        RNL_TRY(plan_block(state, step, c));
    state->slices = count_slices(state);
    rnl_step_need_tile(step, state->scratch);
    return rnl_dense_of(state->layer)->use_bias
               ? rnl_step_block(step, state->layer, RNL_DENSE_BIAS, state->units, &state->bias)
               : RNL_OK;
}

static rnl_status plan_outputs(rnl_dense_state *state, rnl_step *step)
{
    RNL_TRY(rnl_step_output(step, &state->output, state->units));
    return step->given.training && state->activation.keeps_slope
               ? rnl_step_matrix(step, &state->kept, state->units)
               : RNL_OK;
}

static void bind_activation(rnl_dense_state *state, const rnl_kernels *kernels)
{
    const rnl_choice *activation = &rnl_dense_of(state->layer)->activation;
    if (state->layer->activation_in_loss)
        state->activation = (rnl_bound_activation){kernels->linear_forward,
                                                   kernels->linear_backward, 0, false, NULL};
    else
        rnl_activation_of(activation)->bind(&state->activation, kernels, activation->parameters);
}

/* Floats of delta in all its forms. */
static size_t delta_floats(const rnl_dense_columns *columns, const rnl_step *step)
{
    return columns->weights->pairs
               ? rnl_dense_delta_rows_at(columns) + step->padded_rows * columns->delta_stride
               : rnl_packed_count(&columns->delta_packing);
}

/* Reserves space for the largest column block, and for the deltas of all blocks, which may all
 * belong to one worker. */
static void lay_out_buffer(rnl_dense_state *state, rnl_step *step)
{
    rnl_dense_by_columns *at = &state->by_columns;
    size_t delta = 0, weights = 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        const rnl_dense_columns *columns = &state->blocks[c];
        const bool transposed = columns->transposed_packing.panels > 0 && !columns->weights->pairs;
        const size_t of_delta = delta_floats(columns, step),
                     of_weights = transposed ? rnl_packed_count(&columns->transposed_packing) : 0;
        delta = of_delta > delta ? of_delta : delta;
        weights = of_weights > weights ? of_weights : weights;
    }
    at->delta_at = rnl_in_vectors(state->scratch);
    at->delta_floats = rnl_in_vectors(delta);
    at->weights_at = at->delta_at + state->cut.columns.blocks * at->delta_floats;
    rnl_step_need_tile(step, at->weights_at + weights);
}

/* Reserves what all workers share. */
static rnl_status reserve_shared(rnl_dense_state *state, rnl_step *step)
{
    rnl_dense_columns *columns = &state->blocks[0];
    RNL_TRY(rnl_arena_reserve(&step->arena, &columns->delta,
                              rnl_packed_count(&columns->delta_packing), sizeof(float)));
    if (columns->weights->pairs)
        return rnl_arena_reserve(&step->arena, &columns->delta_rows,
                                 step->padded_rows * columns->delta_stride, sizeof(float));
    return columns->transposed_packing.panels > 0
               ? rnl_arena_reserve(&step->arena, &state->transposed,
                                   rnl_packed_count(&columns->transposed_packing), sizeof(float))
               : RNL_OK;
}

/* Tests if nothing changes the weights after the tile that computes their gradients.  Probes take
 * updates back. */
static bool transposes_updated(const rnl_dense_state *state, const rnl_step *step)
{
    return !step->given.inspecting && !rnl_step_updates_late(step) && !rnl_dense_is_tied(state) &&
           !rnl_dense_of(state->layer)->kernel_constraint.kind;
}

/* Requests what the backward phases need beyond the forward phases. */
static rnl_status plan_training(rnl_dense_state *state, rnl_step *step)
{
    const rnl_layer *layer = state->layer;
    state->learns_kernel = !(layer->tied_to ? layer->tied_to : layer)->frozen;
    state->learns_bias = state->bias && !layer->frozen;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        if (columns->weights->pairs)
            rnl_dense_plan_mixed_delta(state, step, columns);
        else
            columns->delta_packing = rnl_packing_uniform(step->padded_rows, columns->count);
        if (state->learns_kernel)
            RNL_TRY(rnl_dense_plan_gradients(state, step, columns));
        if (layer->index > step->first_trainable)
            rnl_dense_plan_input_gradient(state, step, columns);
    }
    if (state->learns_bias)
        RNL_TRY(rnl_step_gradients(step, state->bias));
    rnl_step_need_tile(step, state->scratch);
    if (state->cut.by_columns) {
        lay_out_buffer(state, step);
        return RNL_OK;
    }
    rnl_dense_plan_taker(state);
    state->transposes_updated = transposes_updated(state, step);
    return reserve_shared(state, step);
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
        state->by_columns.reversed = step->layers.by_columns++ % 2 == 1;
    bind_activation(state, step->kernels);
    RNL_TRY(plan_parameters(state, step));
    RNL_TRY(plan_outputs(state, step));
    if (rnl_step_is_mixed(step))
        RNL_TRY(rnl_dense_plan_mixed(state, step));
    if (step->given.training && layer->index >= step->first_trainable)
        RNL_TRY(plan_training(state, step));
    RNL_TRY(rnl_phases_add(
        &step->preparation,
        (rnl_phase){.tiles = state->cut.columns.blocks, .run = run_preparation, .self = state}));
    *output = &state->output;
    *planned = state;
    return rnl_dense_add_forward(state, step);
}

/* ---- backward -------------------------------------------------------------------------------- */

/* Weights are updated in whole rows of panels, from a multiple of 16 on, the bias in whole
 * panels. */
static void place_updates(const rnl_dense_state *state, const rnl_step *step)
{
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_block *weights = state->blocks[c].weights;
        rnl_step_place_update(step, weights, rnl_dense_is_tied(state));
        weights->piece = RNL_CUT_MULTIPLE * RNL_PACKING_VECTOR;
    }
    if (state->bias) {
        rnl_step_place_update(step, state->bias, false);
        state->bias->piece = RNL_CUT_MULTIPLE;
    }
}

rnl_status rnl_dense_plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                   rnl_upstream *downstream)
{
    rnl_dense_state *state = planned;
    state->upstream = *upstream;
    const bool learns = state->learns_kernel || state->learns_bias;
    if (learns) {
        place_updates(state, step);
        RNL_TRY(rnl_dense_plan_constraint(state, step));
    }
    if (state->layer->tied_to && state->learns_kernel)
        RNL_TRY(rnl_dense_plan_tie(state, step));
    if (downstream) {
        downstream->partials = state->cut.by_columns ? state->cut.columns.blocks : 1;
        state->downstream = *downstream;
    }
    if (downstream && downstream->taker)
        rnl_dense_plan_given(state, step);
    RNL_TRY(rnl_dense_add_delta(state, step));
    return learns ? rnl_dense_add_gradients(state, step) : RNL_OK;
}

rnl_status rnl_dense_collect(const void *planned, size_t array, rnl_layer *layer)
{
    const rnl_dense_state *state = planned;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        const rnl_dense_columns *columns = &state->blocks[c];
        if (columns->weights->arrays[array])
            rnl_unpack(&columns->packing, columns->weights->arrays[array],
                       layer->parameters[RNL_DENSE_KERNEL].arrays[array] + columns->first,
                       state->units);
    }
    if (state->bias && state->bias->arrays[array])
        memcpy(layer->parameters[RNL_DENSE_BIAS].arrays[array], state->bias->arrays[array],
               state->units * sizeof(float));
    return RNL_OK;
}
