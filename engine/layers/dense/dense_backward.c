#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"

/* Computes the input gradient of some rows from delta and the transposed weights. */
static rnl_status compute_input_gradient(const rnl_dense_columns *columns,
                                         const rnl_step_worker *worker, size_t row, size_t rows,
                                         const float *transposed, float *gradient)
{
    const rnl_weight_pairs *pairs = columns->weights->pairs;
    if (pairs)
        return rnl_product_all(&columns->input_gradient, NULL, rows,
                               columns->delta_rows + row * columns->delta_stride, pairs->transposed,
                               gradient);
    return rnl_product_all(&columns->input_gradient, worker->onednn, rows,
                           columns->delta + row * columns->delta_packing.width, transposed,
                           gradient);
}

static bool has_input_gradient(const rnl_dense_state *state)
{
    return state->downstream.partials > 0;
}

/* ---- of a column block ----------------------------------------------------------------------- */

/* Delta in the worker's buffer, after those of its blocks before. */
static float *own_delta(const rnl_dense_state *state, size_t block, const rnl_step_worker *worker)
{
    size_t before = 0;
    for (size_t c = 0; c < block; ++c)
        before += rnl_dense_columns_owner(state, c, worker->step->active) == worker->index;
    return worker->step->buffers.tile[worker->index] + state->by_columns.delta_at +
           before * state->by_columns.delta_floats;
}

static rnl_status run_columns(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    rnl_dense_columns *columns = &state->blocks[block];
    columns->delta = own_delta(state, block, worker);
    columns->delta_rows = columns->delta + rnl_dense_delta_rows_at(columns);
    rnl_dense_compute_delta(state, columns, 0, step->padded_rows, worker);
    if (!has_input_gradient(state))
        return RNL_OK;
    float *transposed = step->buffers.tile[worker->index] + state->by_columns.weights_at;
    if (!columns->weights->pairs)
        rnl_dense_transpose_weights(columns, step, transposed);
    return compute_input_gradient(columns, worker, 0, step->padded_rows, transposed,
                                  *state->downstream.values + block * state->downstream.distance);
}

static rnl_phase_cost columns_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units, blocks = (double)state->cut.columns.blocks;
    rnl_phase_cost cost = {.bytes = 20 * rows * units, .shared = 8 * rows * units};
    if (has_input_gradient(state)) {
        cost.flops = rnl_step_flops(step, 2 * rows * fan_in * units);
        cost.calls = blocks * (double)state->blocks[0].transposed_packing.panels;
        cost.bytes += 8 * fan_in * (units + rows * blocks);
    }
    return cost;
}

static rnl_status add_columns(rnl_dense_state *state, rnl_step *step)
{
    return rnl_phases_add(&step->phases, (rnl_phase){
                                             .name = "delta",
                                             .tiles = state->cut.columns.blocks,
                                             .run = run_columns,
                                             .owner = rnl_dense_columns_owner,
                                             .self = state,
                                             .cost = columns_cost(state, step),
                                         });
}

/* ---- of a part of the rows ------------------------------------------------------------------- */

static rnl_status compute_rows(const rnl_dense_state *state, size_t row, size_t rows,
                               const rnl_step_worker *worker)
{
    if (!state->upstream.taker)
        rnl_dense_compute_delta(state, &state->blocks[0], row, rows, worker);
    if (state->downstream.taker)
        return rnl_dense_give(state, row, rows, worker);
    if (has_input_gradient(state))
        return compute_input_gradient(&state->blocks[0], worker, row, rows, state->transposed,
                                      *state->downstream.values + row * state->downstream.stride);
    return RNL_OK;
}

/* Clears what would be computed of rows that pad. */
static void clear_rows(const rnl_dense_state *state, size_t row, size_t rows,
                       const rnl_step_worker *worker)
{
    const rnl_taker *taker = state->downstream.taker;
    if (!state->upstream.taker)
        rnl_dense_clear_delta(&state->blocks[0], worker->step, row, rows);
    if (taker)
        taker->clear(taker->self, row, rows, worker);
}

static rnl_status run_parts(void *self, size_t part, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const size_t end = part + worker->joined, rows = state->cut.part_rows;
    for (rnl_dense_parts some; part < end; part += some.count) {
        some = rnl_dense_parts_from(state, worker, part, end - part);
        if (some.filled)
            RNL_TRY(compute_rows(state, part * rows, some.count * rows, worker));
        else
            clear_rows(state, part * rows, some.count * rows, worker);
    }
    return RNL_OK;
}

/* Bytes beside the product: gradient, output and delta of the layer itself, if it computes its
 * delta; output and delta of the layer before, if that is given its gradient. */
static double part_bytes(const rnl_dense_state *state, double rows)
{
    const double own = state->upstream.taker ? 0 : 20 * (double)state->units,
                 given = state->downstream.taker ? 12 * (double)state->fan_in : 0;
    return rows * (own + given);
}

static rnl_phase_cost part_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)rnl_step_own_rows(step), fan_in = (double)state->fan_in,
                 units = (double)state->units;
    const size_t parts = state->own.count;
    rnl_phase_cost cost = {.tiles = parts, .row_parts = parts, .bytes = part_bytes(state, rows)};
    if (has_input_gradient(state)) {
        cost.flops = rnl_step_flops(step, 2 * rows * fan_in * units);
        cost.calls = (double)(parts * state->blocks[0].transposed_packing.panels);
        cost.joins = state->joined_parts;
        cost.line = parts;
        cost.shared = 4 * fan_in * units;
    }
    return cost;
}

/* The weights that the input gradient reads may have been transposed by all workers in the forward
 * phase. */
static rnl_status add_parts(rnl_dense_state *state, rnl_step *step)
{
    return rnl_phases_add(
        &step->phases, (rnl_phase){
                           .name = "delta",
                           .tiles = state->cut.parts,
                           .run = run_parts,
                           .self = state,
                           .joins = state->joined_parts,
                           .line = state->cut.parts,
                           .waits = RNL_WAITS_FOR_SHARED,
                           .after = rnl_dense_transposes_forward(state) ? state->forward_phases : 0,
                           .cost = part_cost(state, step),
                       });
}

/* ---- planning -------------------------------------------------------------------------------- */

void rnl_dense_plan_input_gradient(rnl_dense_state *state, rnl_step *step,
                                   rnl_dense_columns *columns)
{
    const rnl_weight_pairs *pairs = columns->weights->pairs;
    columns->transposed_packing =
        pairs ? pairs->transposed_packing : rnl_packing_of(columns->count, state->fan_in);
    columns->input_gradient = rnl_step_product(
        step, (rnl_product_shape){
                  .rows = state->cut.by_columns ? step->padded_rows : state->cut.part_rows,
                  .inner = columns->transposed_packing.rows,
                  .a_layout = pairs ? RNL_BY_ROWS : RNL_PACKED,
                  .a_stride = pairs ? columns->delta_stride : columns->delta_packing.width,
                  .a_distance = columns->delta_packing.distance,
                  .b = columns->transposed_packing,
                  .pairs = pairs != NULL,
                  .c_stride = rnl_product_row_stride(state->fan_in),
              });
}

rnl_status rnl_dense_add_delta(rnl_dense_state *state, rnl_step *step)
{
    if (state->upstream.taker && !has_input_gradient(state))
        return RNL_OK;
    return state->cut.by_columns ? add_columns(state, step) : add_parts(state, step);
}
