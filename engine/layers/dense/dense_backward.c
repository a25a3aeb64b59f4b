#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"

#include <stdlib.h>
#include <string.h>

/* A range of rows and units of a layer's delta, by its first row and unit. */
typedef struct corner {
    size_t row, rows, unit, units;
} corner;

static void compute_delta(const rnl_dense_state *state, corner at, float *delta)
{
    const rnl_matrix *y = state->kept.values ? &state->kept : &state->output;
    state->activation.backward(&(const rnl_activation_backward){
        .rows = at.rows,
        .columns = at.units,
        .upstream = rnl_upstream_view(&state->upstream, at.row, at.unit),
        .y = rnl_matrix_view(y, at.row, at.unit),
        .delta = {delta, rnl_product_close_stride(at.units)},
        .alpha = state->activation.alpha,
    });
}

/* Packs rows of delta, `stride` apart, into the panels of a column block, from `row` on. */
static void pack_delta(const rnl_dense_columns *columns, const rnl_step *step, const float *delta,
                       size_t stride, size_t row, size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    for (size_t p = 0; p < packing->panels; ++p)
        step->kernels->add_rows(&(const rnl_add_rows){
            .rows = rows,
            .columns = rnl_panel_columns(packing, p),
            .x = {delta + p * packing->width, stride, 1, 0},
            .y = {columns->delta + rnl_packed_at(packing, p, row), packing->stride},
        });
}

/* Sets delta to 0 in padding rows, which have no part in the gradients. */
static void clear_delta(const rnl_dense_columns *columns, size_t row, size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    for (size_t p = 0; p < packing->panels; ++p)
        memset(columns->delta + rnl_packed_at(packing, p, row), 0,
               rows * packing->stride * sizeof *columns->delta);
}

/* The product delta W' for a range of rows and units. */
static rnl_product_shape input_gradient_shape(const rnl_dense_state *state, size_t rows,
                                              size_t units)
{
    return (rnl_product_shape){rows, units, state->fan_in, rnl_product_close_stride(units)};
}

static bool has_input_gradient(const rnl_dense_state *state)
{
    return state->downstream.partials > 0;
}

/* ---- of a column block ----------------------------------------------------------------------- */

static rnl_status bind_columns(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    rnl_dense_columns *columns = &state->blocks[block];
    float *buffer = step->buffers.tile[worker->index];
    size_t before = 0;
    for (size_t c = 0; c < block; ++c)
        before += rnl_dense_columns_owner(state, c, step->active) == worker->index;
    columns->delta = buffer + state->by_columns.delta_at + before * state->by_columns.delta_floats;
    columns->transposes_inputs = before == 0;
    if (!has_input_gradient(state))
        return RNL_OK;
    const rnl_product_shape shape = input_gradient_shape(state, step->padded_rows, columns->count);
    return rnl_product_bind(&state->input_gradient_calls[block], rnl_step_product(step, shape),
                            worker->product, buffer, buffer + state->by_columns.weights_at,
                            *state->downstream.values + block * state->downstream.distance);
}

static rnl_status run_columns(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_dense_columns *columns = &state->blocks[block];
    float *buffer = step->buffers.tile[worker->index];
    const size_t rows = step->padded_rows;
    compute_delta(state, (corner){0, rows, columns->first, columns->count}, buffer);
    if (!state->layer->frozen) {
        rnl_clear_padding(&columns->delta_packing, columns->delta);
        pack_delta(columns, step, buffer, rnl_product_close_stride(columns->count), 0, rows);
    }
    if (!has_input_gradient(state))
        return RNL_OK;
    rnl_dense_transpose_weights(state, step, block, buffer + state->by_columns.weights_at);
    return rnl_product_execute(state->input_gradient_calls[block]);
}

static rnl_phase_cost columns_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units, blocks = (double)state->cut.columns.blocks;
    rnl_phase_cost cost = {.bytes = 20 * rows * units, .shared = 8 * rows * units};
    if (has_input_gradient(state)) {
        cost.flops = 2 * rows * fan_in * units;
        cost.calls = blocks;
        cost.bytes += 8 * fan_in * (units + rows * blocks);
    }
    return cost;
}

static rnl_status add_columns(rnl_dense_state *state, rnl_step *step)
{
    return rnl_phases_add(&step->phases, (rnl_phase){
                                             .name = "delta",
                                             .tiles = state->cut.columns.blocks,
                                             .bind = bind_columns,
                                             .run = run_columns,
                                             .owner = rnl_dense_columns_owner,
                                             .self = state,
                                             .cost = columns_cost(state, step),
                                         });
}

/* ---- of a part of the rows ------------------------------------------------------------------- */

static rnl_status bind_part(void *self, size_t part, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    if (!has_input_gradient(state))
        return RNL_OK;
    const rnl_product_shape shape = input_gradient_shape(state, state->cut.part_rows, state->units);
    const size_t row = part * state->cut.part_rows;
    return rnl_product_bind(&state->input_gradient_calls[part],
                            rnl_step_product(worker->step, shape), worker->product,
                            worker->step->buffers.tile[worker->index], state->by_rows.weights,
                            *state->downstream.values + row * state->downstream.stride);
}

/* The weight gradients alone read packed delta. */
static size_t packed_blocks(const rnl_dense_state *state)
{
    return state->layer->frozen ? 0 : state->cut.columns.blocks;
}

static rnl_status run_part(void *self, size_t part, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const size_t rows = state->cut.part_rows, row = part * rows;
    if (rnl_cut_filled(step->rows, worker->batch.rows, row / step->rows.size) == 0) {
        for (size_t c = 0; c < packed_blocks(state); ++c)
            clear_delta(&state->blocks[c], row, rows);
        return RNL_OK;
    }
    float *delta = step->buffers.tile[worker->index];
    compute_delta(state, (corner){row, rows, 0, state->units}, delta);
    for (size_t c = 0; c < packed_blocks(state); ++c)
        pack_delta(&state->blocks[c], step, delta + state->blocks[c].first,
                   rnl_product_close_stride(state->units), row, rows);
    return has_input_gradient(state) ? rnl_product_execute(state->input_gradient_calls[part])
                                     : RNL_OK;
}

static rnl_phase_cost part_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units;
    rnl_phase_cost cost = {.row_parts = state->cut.parts, .bytes = 20 * rows * units};
    if (has_input_gradient(state)) {
        cost.flops = 2 * rows * fan_in * units;
        cost.calls = (double)state->cut.parts;
        cost.shared = 4 * fan_in * units;
    }
    return cost;
}

/* The weights that the input gradient reads were transposed by all workers in the forward phase. */
static rnl_status add_parts(rnl_dense_state *state, rnl_step *step)
{
    return rnl_phases_add(&step->phases,
                          (rnl_phase){
                              .name = "delta",
                              .tiles = state->cut.parts,
                              .bind = bind_part,
                              .run = run_part,
                              .self = state,
                              .waits = RNL_WAITS_FOR_SHARED,
                              .after = has_input_gradient(state) ? state->forward_phases : 0,
                              .cost = part_cost(state, step),
                          });
}

/* ---- planning -------------------------------------------------------------------------------- */

static rnl_status plan_input_gradient_by_columns(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        columns->transposed_packing = rnl_packing_of(columns->count, state->fan_in);
        RNL_TRY(rnl_step_need_product(
            step, input_gradient_shape(state, step->padded_rows, columns->count)));
    }
    return RNL_OK;
}

static rnl_status plan_input_gradient_by_rows(rnl_dense_state *state, rnl_step *step)
{
    rnl_dense_by_rows *shared = &state->by_rows;
    shared->weights_packing = rnl_packing_of(state->units, state->fan_in);
    RNL_TRY(rnl_arena_reserve(&step->arena, &shared->weights,
                              rnl_packed_count(&shared->weights_packing), sizeof(float)));
    return rnl_step_need_product(step,
                                 input_gradient_shape(state, state->cut.part_rows, state->units));
}

rnl_status rnl_dense_plan_input_gradient(rnl_dense_state *state, rnl_step *step)
{
    const size_t calls = state->cut.by_columns ? state->cut.columns.blocks : state->cut.parts;
    state->input_gradient_calls = calloc(calls, sizeof *state->input_gradient_calls);
    if (!state->input_gradient_calls)
        return rnl_fail_memory(calls * sizeof *state->input_gradient_calls);
    return state->cut.by_columns ? plan_input_gradient_by_columns(state, step)
                                 : plan_input_gradient_by_rows(state, step);
}

rnl_status rnl_dense_plan_delta(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        columns->first_panel = state->panels;
        state->panels += columns->packing.panels;
        columns->delta_packing = rnl_packing_of(step->padded_rows, columns->count);
        if (!state->cut.by_columns && !state->layer->frozen)
            RNL_TRY(rnl_arena_reserve(&step->arena, &columns->delta,
                                      rnl_packed_count(&columns->delta_packing), sizeof(float)));
        else if (state->cut.by_columns)
            rnl_dense_need(state, step->padded_rows * rnl_product_close_stride(columns->count));
    }
    if (!state->cut.by_columns)
        rnl_dense_need(state, state->cut.part_rows * rnl_product_close_stride(state->units));
    return RNL_OK;
}

rnl_status rnl_dense_add_delta(rnl_dense_state *state, rnl_step *step)
{
    return state->cut.by_columns ? add_columns(state, step) : add_parts(state, step);
}
