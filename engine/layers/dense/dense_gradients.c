#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/step/update.h"

#include <stdlib.h>
#include <string.h>

/* The gradients of a range of inputs and a column block, summed over all rows. */
typedef struct gradient_tile {
    const rnl_dense_state *state;
    const rnl_dense_columns *columns;
    size_t range;
    size_t inputs;  /* inputs in the range */
    size_t at_once; /* panels whose gradients are computed by one product */
    float *buffer;  /* of the worker */
} gradient_tile;

static gradient_tile tile_of(const rnl_dense_state *state, size_t block, size_t range)
{
    const rnl_dense_columns *columns = &state->blocks[block];
    const size_t inputs = rnl_cut_width(state->cut.inputs, range);
    const bool by_panels = rnl_cut_by_panels(columns->delta_packing.rows, inputs, columns->count);
    return (gradient_tile){state, columns, range, inputs, by_panels ? 1 : columns->packing.panels,
                           NULL};
}

/* Tiles are ordered by range, then by column block. */
static gradient_tile numbered_tile(const rnl_dense_state *state, size_t number,
                                   const rnl_step_worker *worker)
{
    const size_t blocks = state->cut.columns.blocks;
    gradient_tile tile = tile_of(state, number % blocks, number / blocks);
    tile.buffer = worker->step->buffers.tile[worker->index];
    return tile;
}

static size_t count_tiles(const rnl_dense_state *state)
{
    return state->cut.inputs.blocks * state->cut.columns.blocks;
}

/* Shape (inputs of the range, columns), including the padding of the last panel. */
static rnl_product_shape gradient_shape(const gradient_tile *tile)
{
    const size_t rows = tile->columns->delta_packing.rows;
    return (rnl_product_shape){
        .rows = tile->inputs,
        .inner = rows,
        .columns = tile->at_once * tile->columns->packing.width,
        .a_stride = rnl_product_close_stride(rows),
    };
}

/* The call that computes the gradients from a panel on. */
static rnl_product_call **gradient_call(const gradient_tile *tile, size_t panel)
{
    const rnl_dense_state *state = tile->state;
    return &state->gradient_calls[tile->range * state->panels + tile->columns->first_panel + panel];
}

/* Offset of a panel's gradients among the weights of the column block. */
static size_t place_of(const gradient_tile *tile, size_t panel)
{
    return rnl_packed_at(&tile->columns->packing, panel,
                         rnl_cut_column(tile->state->cut.inputs, tile->range));
}

/* Floats of a panel's gradients, in whole cache lines. */
static size_t packed_floats(const gradient_tile *tile)
{
    return rnl_dense_in_lines(tile->inputs * tile->columns->packing.stride);
}

/* Where a panel's gradients go: to the stored ones, or to the worker's buffer. */
static float *packed_gradients(const gradient_tile *tile, size_t panel)
{
    float *stored = tile->columns->weights->gradients;
    return stored ? stored + place_of(tile, panel) : tile->buffer;
}

/* Where a product's result goes: after a panel's gradients, or in place of them. */
static float *product_gradients(const gradient_tile *tile, size_t panel)
{
    return tile->at_once == 1 ? packed_gradients(tile, panel) : tile->buffer + packed_floats(tile);
}

/* ---- the phase ------------------------------------------------------------------------------- */

static const float *transposed_inputs(const gradient_tile *tile, const rnl_step *step)
{
    const rnl_dense_state *state = tile->state;
    const float *inputs =
        state->cut.by_columns ? tile->buffer + state->by_columns.inputs_at : state->by_rows.inputs;
    return inputs + rnl_cut_column(state->cut.inputs, tile->range) *
                        rnl_product_close_stride(step->padded_rows);
}

static rnl_status bind_gradients(void *self, size_t number, rnl_step_worker *worker)
{
    const gradient_tile tile = numbered_tile(self, number, worker);
    const rnl_dense_columns *columns = tile.columns;
    const rnl_product *product = rnl_step_product(worker->step, gradient_shape(&tile));
    const float *inputs = transposed_inputs(&tile, worker->step);
    for (size_t p = 0; p < columns->packing.panels; p += tile.at_once)
        RNL_TRY(rnl_product_bind(gradient_call(&tile, p), product, worker->product, inputs,
                                 columns->delta + rnl_packed_at(&columns->delta_packing, p, 0),
                                 product_gradients(&tile, p)));
    return RNL_OK;
}

static void pack_gradients(const gradient_tile *tile, size_t panel, const rnl_step *step)
{
    const rnl_packing *packing = &tile->columns->packing;
    step->kernels->add_rows(&(const rnl_add_rows){
        .rows = tile->inputs,
        .columns = packing->width,
        .x = {product_gradients(tile, 0) + panel * packing->width,
              rnl_product_row_stride(gradient_shape(tile).columns), 1, 0},
        .y = {packed_gradients(tile, panel), packing->stride},
    });
}

/* Keeps the padding between rows of the weights at 0. */
static void clear_gaps(const rnl_packing *packing, float *gradients, size_t rows)
{
    for (size_t i = 0; packing->stride > packing->width && i < rows; ++i)
        memset(gradients + i * packing->stride + packing->width, 0,
               (packing->stride - packing->width) * sizeof *gradients);
}

/* Computes gradients and at once updates the weights, while both are in the cache; no other phase
 * of this step reads these weights any more. */
static rnl_status compute_gradients(const gradient_tile *tile, rnl_step_worker *worker)
{
    const rnl_dense_columns *columns = tile->columns;
    for (size_t p = 0; p < columns->packing.panels; ++p) {
        float *gradients = packed_gradients(tile, p);
        if (p % tile->at_once == 0)
            RNL_TRY(rnl_product_execute(*gradient_call(tile, p)));
        if (tile->at_once > 1)
            pack_gradients(tile, p, worker->step);
        clear_gaps(&columns->packing, gradients, tile->inputs);
        if (columns->weights->updated_by_tile)
            rnl_step_update(worker->step, worker, columns->weights->index, place_of(tile, p),
                            tile->inputs * columns->packing.stride, gradients);
    }
    return RNL_OK;
}

static void compute_bias_gradients(const rnl_dense_state *state, const rnl_step_worker *worker,
                                   const rnl_dense_columns *columns)
{
    const rnl_step *step = worker->step;
    const rnl_packing *packing = &columns->delta_packing;
    float *gradients = state->bias->gradients + columns->first;
    for (size_t p = 0; p < packing->panels; ++p)
        step->kernels->column_sums(&(const rnl_column_sums){
            .rows = step->padded_rows,
            .columns = rnl_panel_columns(packing, p),
            .x = {columns->delta + rnl_packed_at(packing, p, 0), packing->stride},
            .sums = gradients + p * packing->width,
        });
    if (state->bias->updated_by_tile)
        rnl_step_update(worker->step, worker, state->bias->index, columns->first, columns->count,
                        gradients);
}

static rnl_status run_gradients(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const gradient_tile tile = numbered_tile(state, number, worker);
    if (state->cut.by_columns && tile.columns->transposes_inputs)
        rnl_dense_transpose_inputs(state, worker->step, tile.buffer + state->by_columns.inputs_at);
    if (state->bias && tile.range == 0)
        compute_bias_gradients(state, worker, tile.columns);
    return compute_gradients(&tile, worker);
}

/* In a layer cut by rows, shares begin with the last worker: workers with fewer parts of the rows
 * get more of these tiles. */
static size_t gradients_owner(const void *self, size_t tile, size_t workers)
{
    const rnl_dense_state *state = self;
    if (state->cut.by_columns)
        return rnl_dense_columns_owner(state, tile, workers);
    return workers - 1 - rnl_share_owner(count_tiles(state), workers, tile);
}

/* ---- planning -------------------------------------------------------------------------------- */

static size_t count_calls(const rnl_dense_state *state)
{
    size_t calls = 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        for (size_t range = 0; range < state->cut.inputs.blocks; ++range)
            calls += state->blocks[c].packing.panels / tile_of(state, c, range).at_once;
    return calls;
}

/* An update delayed by clipping is a phase of its own.  A layer cut by columns transposes its
 * inputs here; all data that it reads are its worker's own. */
static rnl_phase_cost gradients_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units, weights = fan_in * units;
    const bool by_columns = state->cut.by_columns;
    return (rnl_phase_cost){
        .flops = 2 * rows * weights,
        .calls = (double)count_calls(state),
        .bytes = (by_columns ? 8 * rows * fan_in : 0) +
                 (rnl_step_clips(step) ? 8 * weights : rnl_step_update_bytes(step, weights, 2)),
        .shared = by_columns ? 0 : 4 * (rows * (fan_in + units) + weights),
    };
}

/* In a layer cut by columns, a worker has just computed the delta that its gradients read; in a
 * layer cut by rows, gradients wait for the delta of all rows. */
rnl_status rnl_dense_add_gradients(rnl_dense_state *state, rnl_step *step)
{
    const bool by_columns = state->cut.by_columns;
    return rnl_phases_add(&step->phases,
                          (rnl_phase){
                              .name = "gradients",
                              .tiles = count_tiles(state),
                              .bind = bind_gradients,
                              .run = run_gradients,
                              .owner = gradients_owner,
                              .self = state,
                              .waits = RNL_WAITS_FOR_FIRST,
                              .after = by_columns ? 0 : step->phases.count,
                              .trails = by_columns ? RNL_TRAILS_HERE : RNL_TRAILS_LATER,
                              .cost = gradients_cost(state, step),
                          });
}

/* Reserves space in a worker's buffer for a panel's gradients, followed by a product's result. */
static rnl_status plan_tile(rnl_dense_state *state, rnl_step *step, const gradient_tile *tile)
{
    const rnl_product_shape shape = gradient_shape(tile);
    const size_t product =
        tile->at_once > 1 ? shape.rows * rnl_product_row_stride(shape.columns) : 0;
    rnl_dense_need(state, packed_floats(tile) + product);
    return rnl_step_need_product(step, shape);
}

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step)
{
    const size_t calls = state->cut.inputs.blocks * state->panels;
    state->gradient_calls = calloc(calls, sizeof *state->gradient_calls);
    if (!state->gradient_calls)
        return rnl_fail_memory(calls * sizeof *state->gradient_calls);
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        for (size_t range = 0; range < state->cut.inputs.blocks; ++range) {
            const gradient_tile tile = tile_of(state, c, range);
            RNL_TRY(plan_tile(state, step, &tile));
        }
        if (rnl_step_keeps_gradients(step))
            RNL_TRY(rnl_step_gradients(step, state->blocks[c].weights));
    }
    return state->bias ? rnl_step_gradients(step, state->bias) : RNL_OK;
}
