#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/step/update.h"

/* The gradients of a range of inputs and a slice, summed over all rows.  Tiles are ordered by
 * range, then by slice. */
typedef struct gradient_tile {
    rnl_dense_slice slice;
    size_t begin, end; /* inputs */
    bool first;        /* of the slice's, which also has the bias's gradients */
} gradient_tile;

static gradient_tile tile_of(const rnl_dense_state *state, size_t number)
{
    const size_t range = number / state->slices;
    return (gradient_tile){
        .slice = rnl_dense_slice_of(state, number % state->slices),
        .begin = rnl_cut_input(state->cut.inputs, range),
        .end = rnl_cut_input(state->cut.inputs, range + 1),
        .first = range == 0,
    };
}

static size_t count_tiles(const rnl_dense_state *state)
{
    return state->cut.inputs.ranges * state->slices;
}

/* Computes gradients of a panel and at once updates its weights, while both are in the cache; no
 * other phase of this step reads these weights any more. */
static rnl_status compute_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t panel, size_t input, size_t inputs,
                                    rnl_step_worker *worker)
{
    rnl_step *step = worker->step;
    rnl_block *weights = columns->weights;
    const size_t at = rnl_packed_at(&columns->packing, panel, input);
    float *gradients =
        weights->gradients ? weights->gradients + at : step->buffers.tile[worker->index];
    const float *x = weights->pairs ? state->input->pairs->by_columns.values : state->input->values;
    RNL_TRY(rnl_product_panel(&columns->gradients, worker->onednn, inputs, panel, x + input,
                              columns->delta, gradients));
    if (weights->updated_by_tile)
        rnl_step_update(step, worker, weights->index, at,
                        inputs * rnl_panel_stride(&columns->packing, panel), gradients);
    if (rnl_weight_pairs_follow(weights))
        rnl_weight_pairs_write(step, weights, panel, input, inputs);
    return RNL_OK;
}

static void compute_bias_gradients(const rnl_dense_state *state, const rnl_step_worker *worker,
                                   const rnl_dense_slice *slice)
{
    rnl_step *step = worker->step;
    const rnl_packing *packing = &slice->columns->delta_packing;
    for (size_t p = slice->begin; p < slice->end; ++p) {
        const size_t unit = slice->columns->first + p * packing->width,
                     units = rnl_panel_columns(packing, p);
        const rnl_column_sums sums = {
            .rows = packing->rows,
            .columns = units,
            .x = {slice->columns->delta + rnl_packed_at(packing, p, 0), packing->width},
            .sums = state->bias->gradients + unit,
        };
        if (slice->columns->weights->pairs)
            step->kernels->bfloat16_column_sums(&sums);
        else
            step->kernels->column_sums(&sums);
        if (state->bias->updated_by_tile)
            rnl_step_update(step, worker, state->bias->index, unit, units,
                            state->bias->gradients + unit);
    }
}

/* Goes through all panels with the same inputs, which stay in the cache. */
static rnl_status run_gradients(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const gradient_tile tile = tile_of(state, number);
    if (state->learns_bias && tile.first)
        compute_bias_gradients(state, worker, &tile.slice);
    for (size_t i = tile.begin; state->learns_kernel && i < tile.end; i += RNL_CUT_INPUTS)
        for (size_t p = tile.slice.begin; p < tile.slice.end; ++p)
            RNL_TRY(compute_gradients(state, tile.slice.columns, p, i,
                                      rnl_least(tile.end - i, RNL_CUT_INPUTS), worker));
    return RNL_OK;
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

/* An update delayed by clipping is a phase of its own.  In a layer cut by columns, all data that
 * the phase reads are its worker's own. */
static rnl_phase_cost gradients_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)step->padded_rows, fan_in = (double)state->fan_in,
                 units = (double)state->units, weights = fan_in * units;
    const size_t chunks = rnl_divide_up(state->fan_in, RNL_CUT_INPUTS);
    return (rnl_phase_cost){
        .flops = rnl_step_flops(step, 2 * rows * weights),
        .calls = (double)(rnl_dense_panels(state) * chunks),
        .bytes = rnl_step_clips(step) || rnl_dense_is_tied(state)
                     ? 8 * weights
                     : rnl_step_update_bytes(step, weights, 2),
        .shared = state->cut.by_columns ? 0 : 4 * (rows * (fan_in + units) + weights),
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
                              .run = run_gradients,
                              .owner = gradients_owner,
                              .self = state,
                              .waits = RNL_WAITS_FOR_FIRST,
                              .after = by_columns ? 0 : step->phases.count,
                              .trails = by_columns ? RNL_TRAILS_HERE : RNL_TRAILS_LATER,
                              .cost = gradients_cost(state, step),
                          });
}

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step,
                                    rnl_dense_columns *columns)
{
    const bool pairs = columns->weights->pairs != NULL;
    if (pairs)
        RNL_TRY(rnl_step_read_columns(step, state->input));
    columns->gradients = rnl_step_product(
        step, (rnl_product_shape){.rows = rnl_least(state->fan_in, RNL_CUT_INPUTS),
                                  .rest = state->fan_in % RNL_CUT_INPUTS,
                                  .inner = columns->delta_packing.rows,
                                  .a_layout = RNL_BY_COLUMNS,
                                  .a_stride = pairs ? state->input->pairs->by_columns.stride
                                                    : state->input->stride,
                                  .b = columns->delta_packing,
                                  .pairs = pairs});
    rnl_dense_need(state, RNL_CUT_INPUTS * columns->packing.width);
    if (state->layer->tied_to)
        return rnl_dense_reserve_tied(step, columns->weights);
    return rnl_step_keeps_gradients(step) || state->layer->shared
               ? rnl_step_gradients(step, columns->weights)
               : RNL_OK;
}
