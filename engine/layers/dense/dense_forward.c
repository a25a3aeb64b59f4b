#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"

/* Products are of rounded numbers in training with mixed precision. */
static bool is_mixed(const rnl_dense_columns *columns, const rnl_step_worker *worker)
{
    return columns->weights->pairs && worker->batch.training;
}

/* Inputs of a row, as the product reads them. */
static const float *inputs_of(const rnl_dense_state *state, const rnl_dense_columns *columns,
                              size_t row, const rnl_step_worker *worker)
{
    if (!is_mixed(columns, worker))
        return rnl_matrix_view(state->input, row, 0).values;
    const rnl_mutable_view pairs = state->input->pairs->by_rows;
    return pairs.values + row * pairs.stride;
}

/* Inputs of the tile that the worker computes next, or NULL.  Those of a layer cut by columns are
 * in the cache. */
static const float *next_rows(const rnl_dense_state *state, const rnl_dense_columns *columns,
                              const rnl_step_worker *worker)
{
    if (state->cut.by_columns || worker->next_tile == RNL_NO_TILE)
        return NULL;
    const size_t part = worker->next_tile % state->cut.parts;
    return inputs_of(state, columns, part * state->cut.part_rows, worker);
}

/* Computes z of a panel and fetches y, where its activation goes, and with the last panel of a
 * slice the inputs that the worker reads next. */
static rnl_status multiply(const rnl_dense_state *state, const rnl_dense_slice *slice, size_t panel,
                           size_t row, size_t rows, const rnl_step_worker *worker, float *z)
{
    const rnl_dense_columns *columns = slice->columns;
    const rnl_block *weights = columns->weights;
    const rnl_packing *packing = &columns->packing;
    const bool mixed = is_mixed(columns, worker);
    const rnl_product *product = mixed ? &columns->mixed_forward : &columns->forward;
    rnl_fetch fetches[RNL_OUTPUT_FETCHES + 1];
    rnl_product_next next = {NULL, NULL};
    /* Outputs of a layer cut by columns are in the cache. */
    if (!state->cut.by_columns && rnl_product_fetches(product)) {
        *rnl_step_list_output(worker, &state->output, row, rows,
                              columns->first + panel * packing->width,
                              rnl_panel_columns(packing, panel), fetches) = (rnl_fetch){0};
        next.fetches = fetches;
    }
    if (panel + 1 == slice->end)
        next.a = next_rows(state, columns, worker);
    return rnl_product_panel_fetching(
        product, mixed ? NULL : worker->onednn, rows, panel, inputs_of(state, columns, row, worker),
        mixed ? weights->pairs->forward : weights->arrays[RNL_VALUES], z, next);
}

/* Adds the bias and activates z of a panel. */
static void activate(const rnl_dense_state *state, rnl_view z, size_t row, size_t rows, size_t unit,
                     size_t units, rnl_mutable_view y)
{
    state->activation.forward(&(const rnl_activation_forward){
        .rows = rows,
        .columns = units,
        .z = z,
        .bias = state->bias ? state->bias->arrays[RNL_VALUES] + unit : NULL,
        .y = y,
        .kept = state->kept.values ? rnl_matrix_at(&state->kept, row, unit).values : NULL,
        .alpha = state->activation.alpha,
        .self = state->activation.self,
    });
}

/* The product of a panel, and its activation while the result is in the cache; in place where the
 * output is pairs alone. */
static rnl_status run_panel(const rnl_dense_state *state, const rnl_dense_slice *slice,
                            size_t panel, size_t row, size_t rows, rnl_step_worker *worker)
{
    const rnl_dense_columns *columns = slice->columns;
    float *z = worker->step->buffers.tile[worker->index];
    const size_t unit = columns->first + panel * columns->packing.width,
                 units = rnl_panel_columns(&columns->packing, panel),
                 stride = rnl_panel_stride(&columns->packing, panel);
    const rnl_view in_buffer = {z, stride};
    RNL_TRY(multiply(state, slice, panel, row, rows, worker, z));
    if (worker->batch.training && rnl_dense_reads_pairs(state)) {
        activate(state, in_buffer, row, rows, unit, units, (rnl_mutable_view){z, stride});
        rnl_step_round_from(worker->step, &state->output, in_buffer, row, rows, unit, units);
        return RNL_OK;
    }
    activate(state, in_buffer, row, rows, unit, units, rnl_matrix_at(&state->output, row, unit));
    rnl_step_round(worker, &state->output, row, rows, unit, units);
    return RNL_OK;
}

static bool is_filled(const rnl_dense_state *state, const rnl_step_worker *worker, size_t part)
{
    const rnl_cut rows = worker->step->rows;
    return rnl_cut_filled(rows, worker->batch.rows, part * state->cut.part_rows / rows.size) > 0;
}

rnl_dense_parts rnl_dense_parts_from(const rnl_dense_state *state, const rnl_step_worker *worker,
                                     size_t part, size_t most)
{
    rnl_dense_parts parts = {1, is_filled(state, worker, part)};
    while (parts.count < most && is_filled(state, worker, part + parts.count) == parts.filled)
        ++parts.count;
    return parts;
}

static rnl_status run_forward(const rnl_dense_state *state, size_t number, size_t part,
                              size_t together, rnl_step_worker *worker)
{
    const rnl_dense_slice slice = rnl_dense_slice_of(state, number);
    const size_t end = part + together, rows = state->cut.part_rows;
    for (size_t k = part; worker->batch.training && rnl_dense_transposes_forward(state) && k < end;
         ++k)
        rnl_dense_transpose_part(state, worker->step, &slice, k);
    for (rnl_dense_parts some; part < end; part += some.count) {
        some = rnl_dense_parts_from(state, worker, part, end - part);
        for (size_t p = slice.begin; some.filled && p < slice.end; ++p)
            RNL_TRY(run_panel(state, &slice, p, part * rows, some.count * rows, worker));
    }
    return RNL_OK;
}

/* A layer cut by columns, or that keeps weights, reads inputs computed by other workers; another
 * cut by rows reads weights that they updated.  In training layers cut by rows also transpose them.
 */
static rnl_phase_cost forward_cost(const rnl_dense_state *state, const rnl_step *step, size_t parts)
{
    const double rows = (double)(parts * state->cut.part_rows), fan_in = (double)state->fan_in,
                 units = (double)state->units;
    const bool transposes = rnl_dense_transposes_forward(state);
    return (rnl_phase_cost){
        .tiles = state->cut.by_columns ? 0 : state->slices * parts,
        .row_parts = state->cut.by_columns || state->keeps_weights ? 0 : parts,
        .flops = rnl_step_flops(step, 2 * rows * fan_in * units),
        .calls = (double)(rnl_dense_panels(state) * parts),
        .joins = state->cut.by_columns ? 0 : state->joined_parts,
        .line = parts,
        .alone = state->cut.by_columns ? state->joined_parts : 0,
        .bytes = 12 * rows * units + (transposes ? 8 * fan_in * units : 0),
        .shared = 4 * fan_in * (state->cut.by_columns || state->keeps_weights ? rows : units),
    };
}

/* ---- cut by columns: a phase for each half of the rows --------------------------------------- */

/* Halves that a call computes: a worker alone waits for nobody. */
static size_t halves_together(const rnl_dense_state *state, const rnl_step *step)
{
    return step->active == 1 ? state->joined_parts : 1;
}

static rnl_status run_half(void *self, size_t block, rnl_step_worker *worker)
{
    const rnl_dense_half *half = self;
    const size_t together = halves_together(half->state, worker->step);
    return half->part % together == 0
               ? run_forward(half->state, block, half->part, together, worker)
               : RNL_OK;
}

static size_t half_owner(const void *self, size_t block, size_t workers)
{
    const rnl_dense_half *half = self;
    return rnl_dense_columns_owner(half->state, block, workers);
}

/* Two phases, so that a worker may continue with the next layer in one half of the rows while other
 * workers compute the other half. */
static rnl_status add_halves(rnl_dense_state *state, rnl_step *step)
{
    const size_t before = step->phases.needed;
    rnl_phase phase = {
        .name = "forward",
        .tiles = state->cut.columns.blocks,
        .run = run_half,
        .owner = half_owner,
        .waits = RNL_WAITS_FOR_FIRST,
        .cost = forward_cost(state, step, 1),
    };
    for (size_t p = 0; p < state->cut.parts; ++p) {
        const size_t made = state->input->made[p];
        state->by_columns.halves[p] = (rnl_dense_half){state, p};
        phase.self = &state->by_columns.halves[p];
        phase.after = made > 0 && state->cut.parts > 1 ? made : before;
        phase.cost.barrier = p == 0 ? RNL_BARRIER_BEFORE : RNL_BARRIER_SHARED;
        RNL_TRY(rnl_phases_add(&step->phases, phase));
        if (state->cut.parts > 1)
            state->output.made[p] = step->phases.count;
    }
    return RNL_OK;
}

/* ---- cut by rows: one phase of all parts ----------------------------------------------------- */

/* Tiles are ordered by slice, then by part. */
static rnl_status run_tile(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    return run_forward(state, tile / state->cut.parts, tile % state->cut.parts, worker->joined,
                       worker);
}

/* Shares out tiles by rows, as other phases over rows do, or by slices, as their gradients; a
 * worker computes its tiles in the order of slices. */
static size_t tile_owner(const void *self, size_t tile, size_t workers)
{
    const rnl_dense_state *state = self;
    const rnl_own_parts own = state->own;
    const size_t parts = state->cut.parts, slices = state->slices, slice = tile / parts,
                 part = tile % parts;
    if (!state->keeps_weights)
        return rnl_share_owner_apart(parts * slices, own.first * slices, own.count * slices,
                                     workers, part * slices + slice);
    if (part >= own.first && part < own.first + own.count)
        return rnl_share_owner(own.count * slices, workers, slice * own.count + part - own.first);
    const size_t others = parts - own.count, place = part < own.first ? part : part - own.count;
    return rnl_share_owner(others * slices, workers, slice * others + place);
}

static rnl_status add_parts(rnl_dense_state *state, rnl_step *step)
{
    return rnl_phases_add(
        &step->phases, (rnl_phase){
                           .name = "forward",
                           .tiles = state->slices * state->cut.parts,
                           .run = run_tile,
                           .owner = tile_owner,
                           .self = state,
                           .joins = state->joined_parts,
                           .line = state->cut.parts,
                           .waits = state->keeps_weights ? RNL_WAITS_FOR_ALL : RNL_WAITS_FOR_SHARED,
                           .cost = forward_cost(state, step, state->own.count),
                       });
}

rnl_status rnl_dense_add_forward(rnl_dense_state *state, rnl_step *step)
{
    RNL_TRY(state->cut.by_columns ? add_halves(state, step) : add_parts(state, step));
    state->forward_phases = step->phases.count;
    return RNL_OK;
}
