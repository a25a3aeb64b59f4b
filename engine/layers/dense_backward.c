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
                       size_t stride, size_t row, size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    for (size_t p = 0; p < packing->panels; ++p)
        step->kernels->add_rows(&(const rnl_add_rows){
            .rows = rows,
            .columns = rnl_panel_columns(packing, p),
            .partials = 1,
            .x = delta + p * packing->width,
            .x_stride = stride,
            .y = columns->delta + p * packing->distance + row * packing->stride,
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

/* ---- a mini-batch of one row block: a tile is all that a column block has to do ---------------
 */

static rnl_status bind_whole(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_dense_columns *columns = &state->blocks[block];
    RNL_TRY(rnl_dense_bind_gradients(state, columns, 0, worker));
    if (state->downstream.partials == 0)
        return RNL_OK;
    return rnl_product_bind(&state->down_calls[block], columns->down, worker->product,
                            step->tile_buffers[worker->index], columns->turned,
                            *state->downstream.values +
                                block * rnl_upstream_distance(step, &state->downstream));
}

static rnl_status run_whole(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_dense_columns *columns = &state->blocks[block];
    float *delta = step->tile_buffers[worker->index];
    const size_t rows = step->padded_rows, stride = rnl_product_row_stride(columns->count);
    compute_delta(state, step, 0, rows, columns->first, columns->count, delta, stride);
    pack_delta(columns, step, delta, stride, 0, rows);
    ++worker->tiles;
    if (state->downstream.partials > 0)
        RNL_TRY(rnl_product_execute(state->down_calls[block]));
    rnl_dense_make_bias_gradients(state, worker, columns);
    return rnl_dense_make_gradients(state, columns, 0, worker);
}

/* ---- of more row blocks: delta by parts of them ------------------------------------------------
 */

static rnl_status run_delta(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const size_t row = tile * state->part_rows, rows = state->part_rows,
                 stride = rnl_product_row_stride(state->units);
    ++worker->tiles;
    if (rnl_cut_filled(step->rows, worker->batch.rows, tile / state->parts) == 0) {
        for (size_t c = 0; c < state->columns.blocks; ++c)
            clear_delta(&state->blocks[c], row, rows);
        return RNL_OK;
    }
    float *delta = state->downstream.partials > 0 ? step->delta + row * stride
                                                  : step->tile_buffers[worker->index];
    compute_delta(state, step, row, rows, 0, state->units, delta, stride);
    for (size_t c = 0; c < state->columns.blocks; ++c)
        pack_delta(&state->blocks[c], step, delta + state->blocks[c].first, stride, row, rows);
    return RNL_OK;
}

/* ---- then the ranges of inputs with their gradients, and the parts with their way down ---------
 */

static rnl_status bind_down(const rnl_dense_state *state, size_t part, rnl_step_worker *worker)
{
    const rnl_step *step = worker->step;
    const size_t row = part * state->part_rows;
    return rnl_product_bind(&state->down_calls[part], state->down, worker->product,
                            step->delta + row * rnl_product_row_stride(state->units), state->turned,
                            *state->downstream.values + row * state->downstream.stride);
}

static rnl_status run_down(const rnl_dense_state *state, size_t part, rnl_step_worker *worker)
{
    if (rnl_cut_filled(worker->step->rows, worker->batch.rows, part / state->parts) == 0)
        return RNL_OK;
    return rnl_product_execute(state->down_calls[part]);
}

/* Range by range, and in these column block by column block. */
static size_t gradient_tiles(const rnl_dense_state *state)
{
    return state->inputs.blocks * state->columns.blocks;
}

static rnl_status bind_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const size_t gradients = gradient_tiles(state), blocks = state->columns.blocks;
    return tile < gradients ? rnl_dense_bind_gradients(state, &state->blocks[tile % blocks],
                                                       tile / blocks, worker)
                            : bind_down(state, tile - gradients, worker);
}

static rnl_status run_backward(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const size_t gradients = gradient_tiles(state), blocks = state->columns.blocks;
    ++worker->tiles;
    if (tile >= gradients)
        return run_down(state, tile - gradients, worker);
    if (tile < blocks)
        rnl_dense_make_bias_gradients(state, worker, &state->blocks[tile]);
    return rnl_dense_make_gradients(state, &state->blocks[tile % blocks], tile / blocks, worker);
}

/* Both kinds are shared out evenly, from either end, so that whoever has more of one has less of
 * the other. */
static size_t backward_owner(const void *self, size_t tile, size_t workers)
{
    const rnl_dense_state *state = self;
    const size_t gradients = gradient_tiles(state);
    return tile < gradients
               ? workers - 1 - rnl_share_owner(gradients, workers, tile)
               : rnl_share_owner(rnl_dense_row_tiles(state), workers, tile - gradients);
}

/* ---- planning -------------------------------------------------------------------------------- */

static rnl_status plan_down_whole(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        columns->turned_packing = rnl_packing_of(columns->count, state->fan_in);
        RNL_TRY(rnl_arena_reserve(&step->arena, &columns->turned,
                                  rnl_packed_count(&columns->turned_packing), sizeof(float)));
        const rnl_product_shape shape = {step->padded_rows, columns->count, state->fan_in};
        RNL_TRY(rnl_step_product(step, shape, &columns->down));
    }
    return RNL_OK;
}

static rnl_status plan_down_by_rows(rnl_dense_state *state, rnl_step *step)
{
    state->turned_packing = rnl_packing_of(state->units, state->fan_in);
    RNL_TRY(rnl_arena_reserve(&step->arena, &state->turned,
                              rnl_packed_count(&state->turned_packing), sizeof(float)));
    rnl_step_need_delta(step, step->padded_rows * rnl_product_row_stride(state->units));
    const rnl_product_shape shape = {state->part_rows, state->units, state->fan_in};
    return rnl_step_product(step, shape, &state->down);
}

static rnl_status plan_down(rnl_dense_state *state, rnl_step *step)
{
    const size_t calls =
        rnl_dense_is_whole(state) ? state->columns.blocks : rnl_dense_row_tiles(state);
    state->down_calls = calloc(calls, sizeof *state->down_calls);
    if (!state->down_calls)
        return rnl_fail_memory(calls * sizeof *state->down_calls);
    return rnl_dense_is_whole(state) ? plan_down_whole(state, step)
                                     : plan_down_by_rows(state, step);
}

static rnl_status plan_delta(rnl_dense_state *state, rnl_step *step)
{
    for (size_t c = 0; c < state->columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        columns->first_panel = state->panels;
        state->panels += columns->packing.panels;
        columns->delta_packing = rnl_packing_of(step->padded_rows, columns->count);
        RNL_TRY(rnl_arena_reserve(&step->arena, &columns->delta,
                                  rnl_packed_count(&columns->delta_packing), sizeof(float)));
    }
    rnl_step_need_tile(step, state->part_rows * rnl_product_row_stride(state->units));
    return RNL_OK;
}

rnl_status rnl_dense_plan_training(rnl_dense_state *state, rnl_step *step)
{
    RNL_TRY(rnl_arena_reserve(&step->arena, &state->inputs_turned,
                              state->fan_in * rnl_product_row_stride(step->padded_rows),
                              sizeof(float)));
    RNL_TRY(plan_delta(state, step));
    RNL_TRY(rnl_dense_plan_gradients(state, step));
    return state->layer->index > step->first_trainable ? plan_down(state, step) : RNL_OK;
}

void rnl_dense_release_training(rnl_dense_state *state)
{
    const size_t gradients = state->inputs.blocks * state->panels;
    for (size_t i = 0; state->gradient_calls && i < gradients; ++i)
        rnl_product_call_free(state->gradient_calls[i]);
    const size_t downs =
        rnl_dense_is_whole(state) ? state->columns.blocks : rnl_dense_row_tiles(state);
    for (size_t i = 0; state->down_calls && i < downs; ++i)
        rnl_product_call_free(state->down_calls[i]);
    free(state->gradient_calls);
    free(state->down_calls);
}

/* Weights are updated by whole rows of panels, the bias by whole panels. */
static void place_updates(const rnl_dense_state *state, const rnl_step *step)
{
    const bool by_tile = !rnl_step_clips(step);
    for (size_t c = 0; c < state->columns.blocks; ++c) {
        rnl_block *weights = state->blocks[c].weights;
        weights->updated_by_tile = by_tile;
        weights->piece = RNL_CUT_MULTIPLE * state->blocks[c].packing.stride;
    }
    if (state->bias) {
        state->bias->updated_by_tile = by_tile;
        state->bias->piece = RNL_CUT_MULTIPLE;
    }
}

rnl_status rnl_dense_plan_backward(void *planned, rnl_step *step, const rnl_upstream *upstream,
                                   rnl_upstream *downstream)
{
    rnl_dense_state *state = planned;
    state->upstream = *upstream;
    place_updates(state, step);
    RNL_TRY(rnl_dense_plan_constraint(state, step));
    if (downstream) {
        downstream->partials = rnl_dense_is_whole(state) ? state->columns.blocks : 1;
        state->downstream = *downstream;
    }
    if (rnl_dense_is_whole(state))
        return rnl_phase_add(&step->phases, (rnl_phase){.tiles = state->columns.blocks,
                                                        .bind = bind_whole,
                                                        .run = run_whole,
                                                        .self = state});
    RNL_TRY(rnl_phase_add(
        &step->phases,
        (rnl_phase){.tiles = rnl_dense_row_tiles(state), .run = run_delta, .self = state}));
    const size_t tiles = gradient_tiles(state) + (downstream ? rnl_dense_row_tiles(state) : 0);
    return rnl_phase_add(&step->phases, (rnl_phase){.tiles = tiles,
                                                    .bind = bind_backward,
                                                    .run = run_backward,
                                                    .owner = backward_owner,
                                                    .self = state});
}
