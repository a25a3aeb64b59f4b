#include "engine/layers/dense_state.h"

#include "engine/error.h"
#include "engine/step/clip.h"
#include "engine/step/update.h"

#include <stdlib.h>
#include <string.h>

/* Panels whose gradients are one product. */
static size_t panels_at_once(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             size_t range)
{
    return rnl_cut_by_panels(columns->delta_packing.rows, rnl_cut_width(state->cut.inputs, range),
                             columns->count)
               ? 1
               : columns->packing.panels;
}

/* (inputs of a range, columns), with the columns that pad the last panel. */
static rnl_product_shape gradient_shape(const rnl_dense_state *state,
                                        const rnl_dense_columns *columns, size_t range)
{
    const size_t rows = columns->delta_packing.rows;
    return (rnl_product_shape){
        .rows = rnl_cut_width(state->cut.inputs, range),
        .inner = rows,
        .columns = panels_at_once(state, columns, range) * columns->packing.width,
        .a_stride = rnl_product_close_stride(rows),
    };
}

/* The call that makes those from a panel on. */
static rnl_product_call **gradient_call(const rnl_dense_state *state,
                                        const rnl_dense_columns *columns, size_t range,
                                        size_t panel)
{
    return &state->gradient_calls[range * state->panels + columns->first_panel + panel];
}

/* Where the gradients of a range begin in a panel of the weights. */
static size_t place_of_range(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             size_t range, size_t panel)
{
    return panel * columns->packing.distance +
           rnl_cut_column(state->cut.inputs, range) * columns->packing.stride;
}

/* Floats of a panel's gradients, in whole cache lines. */
static size_t packed_floats(const rnl_dense_state *state, const rnl_dense_columns *columns,
                            size_t range)
{
    return rnl_dense_in_lines(rnl_cut_width(state->cut.inputs, range) * columns->packing.stride);
}

/* A panel's gradients: kept, or in the worker's buffer. */
static float *packed_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                               size_t range, size_t panel, const rnl_step_worker *worker)
{
    return columns->weights->gradients
               ? columns->weights->gradients + place_of_range(state, columns, range, panel)
               : worker->step->tile_buffers[worker->index];
}

/* A product's result: behind them, unless it is they. */
static float *product_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                size_t range, size_t panel, const rnl_step_worker *worker)
{
    return panels_at_once(state, columns, range) == 1
               ? packed_gradients(state, columns, range, panel, worker)
               : worker->step->tile_buffers[worker->index] + packed_floats(state, columns, range);
}

rnl_status rnl_dense_bind_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t range, rnl_step_worker *worker)
{
    const rnl_product *product =
        rnl_step_product(worker->step, gradient_shape(state, columns, range));
    const float *inputs =
        (state->cut.by_columns ? worker->step->tile_buffers[worker->index] + state->inputs_at
                               : state->inputs_turned) +
        rnl_cut_column(state->cut.inputs, range) *
            rnl_product_close_stride(worker->step->padded_rows);
    const size_t at_once = panels_at_once(state, columns, range);
    for (size_t p = 0; p < columns->packing.panels; p += at_once)
        RNL_TRY(rnl_product_bind(gradient_call(state, columns, range, p), product, worker->product,
                                 inputs, columns->delta + p * columns->delta_packing.distance,
                                 product_gradients(state, columns, range, p, worker)));
    return RNL_OK;
}

static void pack_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                           size_t range, size_t panel, const rnl_step_worker *worker)
{
    const rnl_product_shape shape = gradient_shape(state, columns, range);
    worker->step->kernels->add_rows(&(const rnl_add_rows){
        .rows = shape.rows,
        .columns = columns->packing.width,
        .partials = 1,
        .x = product_gradients(state, columns, range, 0, worker) + panel * columns->packing.width,
        .x_stride = rnl_product_row_stride(shape.columns),
        .y = packed_gradients(state, columns, range, panel, worker),
        .y_stride = columns->packing.stride,
    });
}

/* The weights' floats between the columns of one row and the next stay 0. */
static void clear_gaps(const rnl_packing *packing, float *gradients, size_t rows)
{
    for (size_t i = 0; packing->stride > packing->width && i < rows; ++i)
        memset(gradients + i * packing->stride + packing->width, 0,
               (packing->stride - packing->width) * sizeof *gradients);
}

/* And the update, while the gradients are in the cache: nobody else reads these weights any more in
 * this step. */
rnl_status rnl_dense_make_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t range, rnl_step_worker *worker)
{
    const size_t at_once = panels_at_once(state, columns, range),
                 inputs = rnl_cut_width(state->cut.inputs, range);
    for (size_t p = 0; p < columns->packing.panels; ++p) {
        float *gradients = packed_gradients(state, columns, range, p, worker);
        if (p % at_once == 0)
            RNL_TRY(rnl_product_execute(*gradient_call(state, columns, range, p)));
        if (at_once > 1)
            pack_gradients(state, columns, range, p, worker);
        clear_gaps(&columns->packing, gradients, inputs);
        if (columns->weights->updated_by_tile)
            rnl_step_update(worker->step, worker, columns->weights->index,
                            place_of_range(state, columns, range, p),
                            inputs * columns->packing.stride, gradients);
    }
    return RNL_OK;
}

void rnl_dense_make_bias_gradients(const rnl_dense_state *state, const rnl_step_worker *worker,
                                   const rnl_dense_columns *columns)
{
    const rnl_step *step = worker->step;
    const rnl_packing *packing = &columns->delta_packing;
    if (!state->bias)
        return;
    float *gradients = state->bias->gradients + columns->first;
    for (size_t p = 0; p < packing->panels; ++p)
        step->kernels->column_sums(&(const rnl_column_sums){
            .rows = step->padded_rows,
            .columns = rnl_panel_columns(packing, p),
            .x = columns->delta + p * packing->distance,
            .x_stride = packing->stride,
            .sums = gradients + p * packing->width,
        });
    if (state->bias->updated_by_tile)
        rnl_step_update(worker->step, worker, state->bias->index, columns->first, columns->count,
                        gradients);
}

/* Calls of products for all ranges and column blocks. */
static size_t count_calls(const rnl_dense_state *state)
{
    size_t calls = 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        for (size_t range = 0; range < state->cut.inputs.blocks; ++range) {
            const rnl_dense_columns *columns = &state->blocks[c];
            calls += columns->packing.panels / panels_at_once(state, columns, range);
        }
    return calls;
}

/* An update that clipping puts off is a phase of its own.  A layer cut by columns transposes its
 * inputs here; nobody else has made what it reads. */
rnl_phase_cost rnl_dense_gradients_cost(const rnl_dense_state *state, const rnl_step *step)
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

/* A worker's buffer has room for a panel's gradients, and behind them for those of a product. */
static rnl_status plan_product(rnl_dense_state *state, rnl_step *step, size_t range,
                               const rnl_dense_columns *columns)
{
    const rnl_product_shape shape = gradient_shape(state, columns, range);
    const bool packs = panels_at_once(state, columns, range) > 1;
    rnl_dense_need(state, packed_floats(state, columns, range) +
                              (packs ? shape.rows * rnl_product_row_stride(shape.columns) : 0));
    return rnl_step_need_product(step, shape);
}

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step)
{
    const size_t calls = state->cut.inputs.blocks * state->panels;
    state->gradient_calls = calloc(calls, sizeof *state->gradient_calls);
    if (!state->gradient_calls)
        return rnl_fail_memory(calls * sizeof *state->gradient_calls);
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        for (size_t range = 0; range < state->cut.inputs.blocks; ++range)
            RNL_TRY(plan_product(state, step, range, &state->blocks[c]));
        if (rnl_step_keeps_gradients(step))
            RNL_TRY(rnl_step_gradients(step, state->blocks[c].weights));
    }
    return state->bias ? rnl_step_gradients(step, state->bias) : RNL_OK;
}
