#include "engine/layers/dense_state.h"

#include "engine/error.h"
#include "engine/step/clip.h"
#include "threading/assignment.h"

#include <stdlib.h>
#include <string.h>

/* ---- delta ----------------------------------------------------------------------------------- */

/* Of rows and units from a corner on. */
static void compute_delta(const rnl_dense_state *state, const rnl_step *step, size_t row,
                          size_t rows, size_t first, size_t count, float *delta, size_t stride)
{
    const size_t corner = row * state->output.stride + first;
    state->activation.backward(&(const rnl_activation_backward){
        .rows = rows,
        .columns = count,
        .partials = state->upstream.partials,
        .upstream = *state->upstream.values + corner,
        .upstream_stride = state->upstream.stride,
        .partial_distance = rnl_upstream_distance(step, &state->upstream),
        .y = (state->kept.values ? state->kept.values : state->output.values) + corner,
        .y_stride = state->output.stride,
        .delta = delta,
        .delta_stride = stride,
        .alpha = state->activation.alpha,
    });
}

/* Rows of delta, (rows, units of the block), into its panels from `row` on. */
static void pack_delta(const rnl_dense_columns *columns, const rnl_step *step, const float *delta,
                       size_t stride, float *packed, size_t row, size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    for (size_t p = 0; p < packing->panels; ++p)
        step->kernels->add_rows(&(const rnl_add_rows){
            .rows = rows,
            .columns = rnl_panel_columns(packing, p),
            .partials = 1,
            .x = delta + p * packing->width,
            .x_stride = stride,
            .y = packed + p * packing->distance + row * packing->stride,
            .y_stride = packing->stride,
        });
}

/* Rows without a row of the mini-batch have no part in the gradients. */
static void clear_delta(const rnl_dense_columns *columns, size_t row, size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    for (size_t p = 0; p < packing->panels; ++p)
        memset(columns->delta + p * packing->distance + row * packing->stride, 0,
               rows * packing->stride * sizeof *columns->delta);
}

/* The product delta W' of some rows and units. */
static rnl_product_shape down_shape(const rnl_dense_state *state, size_t rows, size_t units)
{
    return (rnl_product_shape){rows, units, state->fan_in, rnl_product_close_stride(units)};
}

/* ---- delta and the way down of a column block ------------------------------------------------ */

static rnl_status bind_columns(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    rnl_dense_columns *columns = &state->blocks[block];
    float *buffer = step->tile_buffers[worker->index];
    size_t before = 0;
    for (size_t c = 0; c < block; ++c)
        before += rnl_dense_columns_owner(state, c, step->active) == worker->index;
    columns->delta = buffer + state->delta_at + before * state->delta_floats;
    columns->turns_inputs = before == 0;
    if (state->downstream.partials == 0)
        return RNL_OK;
    const rnl_product_shape shape = down_shape(state, step->padded_rows, columns->count);
    return rnl_product_bind(&state->down_calls[block], rnl_step_product(step, shape),
                            worker->product, buffer, buffer + state->turned_at,
                            *state->downstream.values +
                                block * rnl_upstream_distance(step, &state->downstream));
}

static rnl_status run_columns(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_dense_columns *columns = &state->blocks[block];
    float *buffer = step->tile_buffers[worker->index];
    const size_t rows = step->padded_rows, stride = rnl_product_close_stride(columns->count);
    compute_delta(state, step, 0, rows, columns->first, columns->count, buffer, stride);
    rnl_clear_padding(&columns->delta_packing, columns->delta);
    pack_delta(columns, step, buffer, stride, columns->delta, 0, rows);
    if (state->downstream.partials == 0)
        return RNL_OK;
    rnl_dense_turn_weights(state, step, block, buffer + state->turned_at);
    return rnl_product_execute(state->down_calls[block]);
}

/* ---- or by parts of the rows: delta and the way down ----------------------------------------- */

static rnl_status bind_part(void *self, size_t part, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    if (state->downstream.partials == 0)
        return RNL_OK;
    const rnl_product_shape shape = down_shape(state, state->cut.part_rows, state->units);
    return rnl_product_bind(
        &state->down_calls[part], rnl_step_product(worker->step, shape), worker->product,
        worker->step->tile_buffers[worker->index], state->turned,
        *state->downstream.values + part * state->cut.part_rows * state->downstream.stride);
}

static rnl_status run_part(void *self, size_t part, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const size_t rows = state->cut.part_rows, row = part * rows,
                 stride = rnl_product_close_stride(state->units);
    if (rnl_cut_filled(step->rows, worker->batch.rows, row / step->rows.size) == 0) {
        for (size_t c = 0; c < state->cut.columns.blocks; ++c)
            clear_delta(&state->blocks[c], row, rows);
        return RNL_OK;
    }
    float *delta = step->tile_buffers[worker->index];
    compute_delta(state, step, row, rows, 0, state->units, delta, stride);
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        pack_delta(&state->blocks[c], step, delta + state->blocks[c].first, stride,
                   state->blocks[c].delta, row, rows);
    return state->downstream.partials > 0 ? rnl_product_execute(state->down_calls[part]) : RNL_OK;
}

/* ---- then the gradients ---------------------------------------------------------------------- */

/* Range by range, and in these column block by column block. */
static size_t gradient_tiles(const rnl_dense_state *state)
{
    return state->cut.inputs.blocks * state->cut.columns.blocks;
}

static rnl_status bind_gradients(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const size_t blocks = state->cut.columns.blocks;
    return rnl_dense_bind_gradients(state, &state->blocks[tile % blocks], tile / blocks, worker);
}

static rnl_status run_gradients(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const size_t blocks = state->cut.columns.blocks;
    if (state->cut.by_columns && state->blocks[tile].turns_inputs)
        rnl_dense_turn_inputs(state, worker->step,
                              worker->step->tile_buffers[worker->index] + state->inputs_at);
    if (tile < blocks)
        rnl_dense_make_bias_gradients(state, worker, &state->blocks[tile]);
    return rnl_dense_make_gradients(state, &state->blocks[tile % blocks], tile / blocks, worker);
}

/* By rows from the last worker on, so that whoever has fewer parts of them has more of these. */
static size_t gradients_owner(const void *self, size_t tile, size_t workers)
{
    const rnl_dense_state *state = self;
    if (state->cut.by_columns)
        return rnl_dense_columns_owner(state, tile, workers);
    return workers - 1 - rnl_share_owner(gradient_tiles(self), workers, tile);
}

/* ---- planning -------------------------------------------------------------------------------- */

static rnl_status plan_down_by_columns(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        columns->turned_packing = rnl_packing_of(columns->count, state->fan_in);
        RNL_TRY(rnl_step_need_product(step, down_shape(state, step->padded_rows, columns->count)));
    }
    return RNL_OK;
}

static rnl_status plan_down_by_rows(rnl_dense_state *state, rnl_step *step)
{
    state->turned_packing = rnl_packing_of(state->units, state->fan_in);
    RNL_TRY(rnl_arena_reserve(&step->arena, &state->turned,
                              rnl_packed_count(&state->turned_packing), sizeof(float)));
    return rnl_step_need_product(step, down_shape(state, state->cut.part_rows, state->units));
}

static rnl_status plan_down(rnl_dense_state *state, rnl_step *step)
{
    const size_t calls = state->cut.by_columns ? state->cut.columns.blocks : state->cut.parts;
    state->down_calls = calloc(calls, sizeof *state->down_calls);
    if (!state->down_calls)
        return rnl_fail_memory(calls * sizeof *state->down_calls);
    return state->cut.by_columns ? plan_down_by_columns(state, step)
                                 : plan_down_by_rows(state, step);
}

static rnl_status plan_delta(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        columns->first_panel = state->panels;
        state->panels += columns->packing.panels;
        columns->delta_packing = rnl_packing_of(step->padded_rows, columns->count);
        if (!state->cut.by_columns)
            RNL_TRY(rnl_arena_reserve(&step->arena, &columns->delta,
                                      rnl_packed_count(&columns->delta_packing), sizeof(float)));
        else
            rnl_dense_need(state, step->padded_rows * rnl_product_close_stride(columns->count));
    }
    if (!state->cut.by_columns)
        rnl_dense_need(state, state->cut.part_rows * rnl_product_close_stride(state->units));
    return RNL_OK;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Room for the largest column block each, and for the deltas of all blocks: one worker may have
 * them. */
static void lay_out_buffer(rnl_dense_state *state, rnl_step *step)
{
    size_t delta = 0, turned = 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        delta = larger(delta, rnl_packed_count(&state->blocks[c].delta_packing));
        turned = larger(turned, rnl_packed_count(&state->blocks[c].turned_packing));
    }
    state->delta_at = rnl_dense_in_lines(state->made);
    state->delta_floats = rnl_dense_in_lines(delta);
    state->turned_at = state->delta_at + state->cut.columns.blocks * state->delta_floats;
    state->inputs_at = state->turned_at + rnl_dense_in_lines(turned);
    rnl_step_need_tile(step, state->inputs_at +
                                 state->fan_in * rnl_product_close_stride(step->padded_rows));
}

rnl_status rnl_dense_plan_training(rnl_dense_state *state, rnl_step *step)
{
    RNL_TRY(plan_delta(state, step));
    RNL_TRY(rnl_dense_plan_gradients(state, step));
    if (state->layer->index > step->first_trainable)
        RNL_TRY(plan_down(state, step));
    if (state->cut.by_columns) {
        lay_out_buffer(state, step);
        return RNL_OK;
    }
    rnl_step_need_tile(step, state->made);
    return rnl_arena_reserve(&step->arena, &state->inputs_turned,
                             state->fan_in * rnl_product_close_stride(step->padded_rows),
                             sizeof(float));
}

void rnl_dense_release_training(rnl_dense_state *state)
{
    const size_t gradients = state->cut.inputs.blocks * state->panels;
    for (size_t i = 0; state->gradient_calls && i < gradients; ++i)
        rnl_product_call_free(state->gradient_calls[i]);
    const size_t downs = state->cut.by_columns ? state->cut.columns.blocks : state->cut.parts;
    for (size_t i = 0; state->down_calls && i < downs; ++i)
        rnl_product_call_free(state->down_calls[i]);
    free(state->gradient_calls);
    free(state->down_calls);
}

/* Weights are updated by whole rows of panels, the bias by whole panels. */
static void place_updates(const rnl_dense_state *state, const rnl_step *step)
{
    const bool by_tile = !rnl_step_clips(step);
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_block *weights = state->blocks[c].weights;
        weights->updated_by_tile = by_tile;
        weights->piece = RNL_CUT_MULTIPLE * state->blocks[c].packing.stride;
    }
    if (state->bias) {
        state->bias->updated_by_tile = by_tile;
        state->bias->piece = RNL_CUT_MULTIPLE;
    }
}

static rnl_status add_gradients(rnl_dense_state *state, rnl_step *step, rnl_trails trails)
{
    return rnl_phases_add(&step->phases,
                          (rnl_phase){
                              .name = "gradients",
                              .tiles = gradient_tiles(state),
                              .bind = bind_gradients,
                              .run = run_gradients,
                              .owner = gradients_owner,
                              .self = state,
                              .waits = RNL_WAITS_FOR_FIRST,
                              .after = trails == RNL_TRAILS_LATER ? step->phases.count : 0,
                              .trails = trails,
                              .cost = rnl_dense_gradients_cost(state, step),
                          });
}

/* The gradients of a column block are its own worker's, who has just made their delta. */
static rnl_status add_by_columns(rnl_dense_state *state, rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units, blocks = (double)state->cut.columns.blocks;
    const bool down = state->downstream.partials > 0;
    RNL_TRY(rnl_phases_add(
        &step->phases,
        (rnl_phase){
            .name = "delta",
            .tiles = state->cut.columns.blocks,
            .bind = bind_columns,
            .run = run_columns,
            .owner = rnl_dense_columns_owner,
            .self = state,
            .cost = {.flops = down ? 2 * rows * fan_in * units : 0,
                     .calls = down ? blocks : 0,
                     .bytes = 20 * rows * units + (down ? 8 * fan_in * (units + rows * blocks) : 0),
                     .shared = 8 * rows * units},
        }));
    return add_gradients(state, step, RNL_TRAILS_HERE);
}

/* The weights that it goes down by were turned by all. */
static rnl_status add_by_rows(rnl_dense_state *state, rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units;
    const bool down = state->downstream.partials > 0;
    RNL_TRY(
        rnl_phases_add(&step->phases, (rnl_phase){
                                          .name = "delta",
                                          .tiles = state->cut.parts,
                                          .bind = bind_part,
                                          .run = run_part,
                                          .self = state,
                                          .waits = RNL_WAITS_FOR_SHARED,
                                          .after = down ? state->forward_phases : 0,
                                          .cost = {.row_parts = state->cut.parts,
                                                   .flops = down ? 2 * rows * fan_in * units : 0,
                                                   .calls = down ? (double)state->cut.parts : 0,
                                                   .bytes = 20 * rows * units,
                                                   .shared = down ? 4 * fan_in * units : 0},
                                      }));
    return add_gradients(state, step, RNL_TRAILS_LATER);
}

rnl_status rnl_dense_plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                   rnl_upstream *downstream)
{
    rnl_dense_state *state = planned;
    state->upstream = *upstream;
    place_updates(state, step);
    RNL_TRY(rnl_dense_plan_constraint(state, step));
    if (downstream) {
        downstream->partials = state->cut.by_columns ? state->cut.columns.blocks : 1;
        state->downstream = *downstream;
    }
    return state->cut.by_columns ? add_by_columns(state, step) : add_by_rows(state, step);
}
