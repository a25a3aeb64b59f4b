#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/step/shard_sum.h"
#include "engine/step/shared.h"
#include "engine/step/update.h"

/* The gradients of a range of inputs and a slice, summed over all rows.  Tiles are ordered by
 * range, then by slice, or the other way where workers keep slices. */
typedef struct gradient_tile {
    rnl_dense_slice slice;
    size_t begin, end;           /* inputs */
    size_t bias_begin, bias_end; /* panels of which it has the gradients of the bias, too */
} gradient_tile;

/* Slices have the sums of their biases at different ranges, so that several workers add them. */
static gradient_tile tile_of(const rnl_dense_state *state, size_t number)
{
    const size_t ranges = state->cut.inputs.ranges,
                 range = state->keeps_weights ? number % ranges : number / state->slices,
                 index = state->keeps_weights ? number / ranges : number % state->slices;
    const bool with_bias = range == (state->cut.by_columns ? 0 : index * ranges / state->slices);
    const rnl_dense_slice slice = rnl_dense_slice_of(state, index);
    return (gradient_tile){
        .slice = slice,
        .begin = rnl_cut_input(state->cut.inputs, range),
        .end = rnl_cut_input(state->cut.inputs, range + 1),
        .bias_begin = slice.begin,
        .bias_end = state->learns_bias && with_bias ? slice.end : slice.begin,
    };
}

/* Inputs of one product at most: of few rows a short rest is not worth a call of its own.  Of many
 * rows a panel of delta comes from far, and serves more of them. */
static size_t most_inputs(const rnl_dense_state *state, const rnl_step *step)
{
    enum { OF_MANY_ROWS = 64 };
    if (!state->cut.by_columns)
        return OF_MANY_ROWS;
    return step->onednn ? RNL_CUT_INPUTS : RNL_CUT_INPUTS * 3 / 2;
}

/* Returns how many inputs the next product takes of those that are left: of many rows as even a
 * share as whole vectors allow. */
static size_t next_inputs(const rnl_dense_state *state, const rnl_step *step, size_t left)
{
    const size_t most = most_inputs(state, step);
    if (left <= most)
        return left;
    return state->cut.by_columns ? RNL_CUT_INPUTS
                                 : rnl_in_vectors(rnl_divide_up(left, rnl_divide_up(left, most)));
}

/* Returns the number of inputs in a range. */
static size_t inputs_of(const rnl_dense_state *state, size_t range)
{
    return rnl_cut_input(state->cut.inputs, range + 1) - rnl_cut_input(state->cut.inputs, range);
}

static size_t count_tiles(const rnl_dense_state *state)
{
    return state->cut.inputs.ranges * state->slices;
}

/* What the gradients of a shard are computed of. */
typedef struct shard_gradients {
    const rnl_step *step;
    rnl_onednn_worker *onednn;
    const rnl_dense_columns *columns;
    size_t panel;
    const float *x; /* the inputs of the mini-batch, from the first that is asked for on */
    size_t inputs;
    size_t rows;              /* of a shard, of pairs in mixed precision */
    size_t x_stride;          /* floats between them */
    const float *transposed;  /* those inputs, by rows, of the only shard; or NULL */
    const rnl_fetch *fetches; /* of a product of one shard, or NULL */
} shard_gradients;

static shard_gradients gradients_of(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t panel, const rnl_step_worker *worker)
{
    const rnl_step *step = worker->step;
    const bool pairs = columns->weights->pairs != NULL;
    return (shard_gradients){
        .step = step,
        .onednn = worker->onednn,
        .columns = columns,
        .panel = panel,
        .x = pairs ? state->input->pairs->by_columns.values : state->input->values,
        .rows = rnl_dense_shard_rows(columns, step),
        .x_stride = pairs ? state->input->pairs->by_columns.stride : state->input->stride,
    };
}

static rnl_status compute_shards(const void *context, rnl_shard_range shards, bool add,
                                 float *nodes, float *gradients)
{
    const shard_gradients *g = context;
    const rnl_dense_columns *columns = g->columns;
    const size_t row = shards.first * g->rows;
    const float *x = g->x + row * g->x_stride,
                *delta = columns->delta + row * columns->delta_packing.width;
    const rnl_product_next next = {.fetches = g->fetches};
    if (g->transposed)
        return rnl_product_panel_fetching(&columns->gradients_by_rows, NULL, g->inputs, g->panel,
                                          g->transposed, delta, gradients, next);
    if (shards.count == 1 && !add)
        return rnl_product_panel_fetching(&columns->gradients, g->onednn, g->inputs, g->panel, x,
                                          delta, gradients, next);
    rnl_product_panel_tree(&columns->gradients, g->inputs, g->panel, shards.count, x, delta, nodes,
                           add, gradients);
    return RNL_OK;
}

/* Tests if a product can sum shards. */
static bool has_trees(const rnl_dense_columns *columns, const rnl_step *step)
{
    return !step->onednn && rnl_product_is_one_block(&columns->gradients.shape);
}

/* Returns the shards that a product may sum. */
static size_t most_together(const rnl_dense_columns *columns, const rnl_step *step)
{
    return has_trees(columns, step) ? rnl_product_tree_most(&columns->gradients) : 1;
}

/* Inputs of which a worker computes the gradients of some panels. */
typedef struct some_inputs {
    size_t begin, count;
    const float *transposed;       /* (inputs, rows), or NULL */
    const rnl_dense_slice *slice;  /* the panels */
    size_t next_begin, next_count; /* those that it reads next; 0: none */
} some_inputs;

/* Lists a panel's share of the inputs that are read next.  The last panels of a tile share them:
 * fetched earlier, they would be displaced by the panels of delta still to be read. */
static rnl_fetch *list_inputs(const shard_gradients *of, const some_inputs *inputs, rnl_fetch *list)
{
    enum { MOST_SHARES = 4 };
    const size_t last = inputs->slice->end,
                 shares = rnl_least(last - inputs->slice->begin, MOST_SHARES);
    if (inputs->next_count == 0 || of->panel + shares < last)
        return list;
    const size_t share = of->panel + shares - last, begin = share * of->rows / shares,
                 end = (share + 1) * of->rows / shares;
    *list++ = (rnl_fetch){.values = of->x + begin * of->x_stride + inputs->next_begin,
                          .rows = end - begin,
                          .columns = inputs->next_count,
                          .stride = of->x_stride};
    return list;
}

/* Lists what the update of these gradients reads and writes, and what the worker reads next. */
static void list_next(const rnl_dense_state *state, const shard_gradients *of,
                      const some_inputs *inputs, rnl_fetch *list)
{
    list = rnl_dense_list_update(state, of->columns, of->panel, inputs->begin, inputs->count, list);
    *list_inputs(of, inputs, list) = (rnl_fetch){0};
}

static bool transposes_inputs(const rnl_dense_state *state)
{
    const rnl_dense_columns *columns = &state->blocks[0];
    return rnl_product_is_faster_by_rows(&columns->gradients_by_rows, columns->packing.panels);
}

/* Tests if products fetch what comes next.  What a layer cut by columns reads is in its worker's
 * cache. */
static bool fetches_next(const rnl_dense_state *state)
{
    const rnl_dense_columns *columns = &state->blocks[0];
    return state->learns_kernel && !state->cut.by_columns &&
           rnl_product_fetches(transposes_inputs(state) ? &columns->gradients_by_rows
                                                        : &columns->gradients);
}

/* Computes gradients of a panel and at once updates its weights, while both are in the cache; no
 * other phase of this step reads these weights any more. */
static rnl_status compute_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t panel, const some_inputs *inputs,
                                    rnl_step_worker *worker)
{
    rnl_step *step = worker->step;
    rnl_block *weights = columns->weights;
    const size_t at = rnl_packed_at(&columns->packing, panel, inputs->begin),
                 count = inputs->count * rnl_panel_stride(&columns->packing, panel);
    float *buffer = step->buffers.tile[worker->index];
    float *gradients = weights->gradients ? weights->gradients + at : buffer;
    shard_gradients of = gradients_of(state, columns, panel, worker);
    rnl_fetch fetches[RNL_DENSE_UPDATE_FETCHES + 2]; /* inputs, and the end */
    if (fetches_next(state)) {
        list_next(state, &of, inputs, fetches);
        of.fetches = fetches;
    }
    of.x += inputs->begin;
    of.inputs = inputs->count;
    of.transposed = inputs->transposed;
    RNL_TRY(rnl_shard_sum_run(
        &(const rnl_shard_sum){
            .leaves = rnl_cut_used_shards(step->rows, worker->batch.rows),
            .count = count,
            .compute = compute_shards,
            .context = &of,
            .together = most_together(columns, step),
            .adds = has_trees(columns, step),
            .spare = buffer + count,
        },
        step, gradients));
    if (weights->updated_by_tile)
        rnl_step_update(step, worker, weights->index, at, count, gradients);
    if (state->transposes_updated)
        rnl_dense_transpose_inputs(state, step, panel, inputs->begin, inputs->count);
    if (rnl_weight_pairs_follow(weights))
        rnl_weight_pairs_write(step, weights, panel, inputs->begin, inputs->count);
    return RNL_OK;
}

/* Transposes some inputs of all rows into the worker's buffer, behind the gradients of a panel. */
static const float *transpose_inputs(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                     const some_inputs *inputs, const rnl_step_worker *worker)
{
    const rnl_step *step = worker->step;
    const rnl_product_shape *shape = &columns->gradients_by_rows.shape;
    float *transposed =
        step->buffers.tile[worker->index] + most_inputs(state, step) * columns->packing.width;
    step->kernels->transpose(&(const rnl_transpose){
        .rows = shape->inner,
        .columns = inputs->count,
        .x = rnl_matrix_view(state->input, 0, inputs->begin),
        .y = {transposed, shape->a_stride},
    });
    return transposed;
}

/* Where workers keep rows, shares begin with the last worker: workers with fewer parts of the rows
 * get more of these tiles. */
static size_t gradients_owner(const void *self, size_t tile, size_t workers)
{
    const rnl_dense_state *state = self;
    if (state->cut.by_columns)
        return rnl_dense_columns_owner(state, tile, workers);
    if (state->keeps_weights)
        return rnl_share_owner(count_tiles(state), workers, tile);
    return workers - 1 - rnl_share_owner(count_tiles(state), workers, tile);
}

/* Finds the inputs that a worker reads next: of its tile, or at the tile's end of its next one. */
static void find_next(const rnl_dense_state *state, const gradient_tile *tile,
                      const rnl_step_worker *worker, some_inputs *inputs)
{
    inputs->next_begin = inputs->begin + inputs->count;
    size_t left = tile->end - inputs->next_begin;
    if (left == 0 && worker->next_tile != RNL_NO_TILE) {
        const gradient_tile next = tile_of(state, worker->next_tile);
        inputs->next_begin = next.begin;
        left = next.end - next.begin;
    }
    inputs->next_count = left > 0 ? next_inputs(state, worker->step, left) : 0;
}

/* Joins tiles of the same inputs: those that have gradients of the bias follow each other. */
static gradient_tile join_tiles(const rnl_dense_state *state, size_t number, size_t count)
{
    gradient_tile tile = tile_of(state, number);
    for (size_t k = 1; k < count; ++k) {
        const gradient_tile next = tile_of(state, number + k);
        tile.slice.end = next.slice.end;
        if (next.bias_end == next.bias_begin)
            continue;
        if (tile.bias_end == tile.bias_begin)
            tile.bias_begin = next.bias_begin;
        tile.bias_end = next.bias_end;
    }
    return tile;
}

/* Goes through all panels of a tile, and of those joined with it, with the same inputs, which stay
 * in the cache.  Sums a panel of delta for the bias while the product has left it there. */
static rnl_status run_gradients(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const gradient_tile tile = join_tiles(state, number, worker->joined);
    const rnl_dense_slice *slice = &tile.slice;
    const bool transposes = rnl_product_is_faster_by_rows(&slice->columns->gradients_by_rows,
                                                          slice->end - slice->begin);
    some_inputs inputs = {.begin = tile.begin, .slice = slice};
    for (; inputs.begin < tile.end; inputs.begin += inputs.count) {
        inputs.count = next_inputs(state, worker->step, tile.end - inputs.begin);
        find_next(state, &tile, worker, &inputs);
        if (transposes)
            inputs.transposed = transpose_inputs(state, slice->columns, &inputs, worker);
        for (size_t p = slice->begin; p < slice->end; ++p) {
            if (state->learns_kernel)
                RNL_TRY(compute_gradients(state, slice->columns, p, &inputs, worker));
            if (inputs.begin == tile.begin && p >= tile.bias_begin && p < tile.bias_end)
                RNL_TRY(rnl_dense_bias_gradients(state, slice->columns, p, worker));
        }
    }
    return RNL_OK;
}

/* ---- planning -------------------------------------------------------------------------------- */

/* Returns the products that sum the shards of this process: of each root its own. */
static size_t count_products(const rnl_dense_state *state, const rnl_step *step)
{
    const rnl_step_shared *shared = step->shared;
    const size_t together = most_together(&state->blocks[0], step);
    size_t products = 0;
    if (!shared)
        return rnl_divide_up(rnl_step_own_shards(step), together);
    for (size_t k = 0; k < shared->own_count; ++k)
        products += rnl_divide_up(shared->own[k].span, together);
    return products;
}

/* Returns the products that make the gradients, in which a shard more has its price. */
static double count_calls(const rnl_dense_state *state, const rnl_step *step)
{
    if (!state->learns_kernel)
        return 0;
    size_t chunks = 0;
    for (size_t r = 0; r < state->cut.inputs.ranges; ++r)
        for (size_t left = inputs_of(state, r); left > 0; left -= next_inputs(state, step, left))
            ++chunks;
    const size_t shards = rnl_step_own_shards(step), products = count_products(state, step);
    return (double)(rnl_dense_panels(state) * chunks) *
           ((double)products + RNL_SHARD_CALL * (double)(shards - products));
}

/* Delta of all rows; and, of a kernel that learns, inputs and weights, if the worker has not just
 * read them. */
static double shared_bytes(const rnl_dense_state *state, double rows)
{
    const double fan_in = (double)state->fan_in, units = (double)state->units;
    if (state->cut.by_columns)
        return 0;
    const bool delta_alone = state->keeps_weights || !state->learns_kernel;
    return 4 * (delta_alone ? rows * units : rows * (fan_in + units) + fan_in * units);
}

/* An update delayed by clipping is a phase of its own.  In a layer cut by columns, all data that
 * the phase reads are its worker's own. */
static rnl_phase_cost gradients_cost(const rnl_dense_state *state, const rnl_step *step)
{
    const double rows = (double)rnl_step_own_rows(step), fan_in = (double)state->fan_in,
                 units = (double)state->units, weights = state->learns_kernel ? fan_in * units : 0,
                 transposed = state->learns_kernel && transposes_inputs(state) ? rows * fan_in : 0;
    return (rnl_phase_cost){
        .flops = rnl_step_flops(step, 2 * rows * weights),
        .calls = count_calls(state, step),
        .bytes = 8 * transposed +
                 (state->transposes_updated && state->transposed ? 4 * weights : 0) +
                 (rnl_step_updates_late(step) || rnl_dense_is_tied(state)
                      ? 8 * weights
                      : rnl_step_update_bytes(step, weights, 2)),
        .shared = shared_bytes(state, rows),
    };
}

/* Inputs that come from far are read once, for all slices. */
static bool joins_slices(const rnl_dense_state *state)
{
    return fetches_next(state) && !state->keeps_weights;
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
                              .joins = joins_slices(state) ? state->slices : 0,
                              .line = state->slices,
                              .run = run_gradients,
                              .owner = gradients_owner,
                              .self = state,
                              .waits = RNL_WAITS_FOR_FIRST,
                              .after = by_columns ? 0 : step->phases.needed,
                              .trails = by_columns ? RNL_TRAILS_HERE : RNL_TRAILS_LATER,
                              .cost = gradients_cost(state, step),
                          });
}

/* Plans the same product of transposed inputs, if that is faster. */
static void plan_by_rows(rnl_dense_state *state, rnl_dense_columns *columns, const rnl_step *step)
{
    const size_t most = most_inputs(state, step);
    rnl_product by_rows = columns->gradients;
    by_rows.shape.rows = rnl_least(state->fan_in, most);
    by_rows.shape.a_layout = RNL_BY_ROWS;
    by_rows.shape.a_stride = rnl_product_row_stride(by_rows.shape.inner);
    if (!rnl_product_is_faster_by_rows(&by_rows, columns->packing.panels))
        return;
    columns->gradients_by_rows = by_rows;
    rnl_dense_need(state, most * (columns->packing.width + by_rows.shape.a_stride));
}

/* Plans the products of a range.  One serves all; oneDNN hears of the rows of each. */
static void plan_range(const rnl_dense_state *state, rnl_step *step, rnl_dense_columns *columns,
                       size_t left)
{
    const rnl_matrix *x = state->input;
    const bool pairs = columns->weights->pairs != NULL;
    for (size_t inputs; left > 0; left -= inputs) {
        inputs = next_inputs(state, step, left);
        columns->gradients = rnl_step_product(
            step, (rnl_product_shape){.rows = inputs,
                                      .inner = rnl_dense_shard_rows(columns, step),
                                      .a_layout = RNL_BY_COLUMNS,
                                      .a_stride = pairs ? x->pairs->by_columns.stride : x->stride,
                                      .b = columns->delta_packing,
                                      .pairs = pairs,
                                      .pads = true});
    }
}

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step,
                                    rnl_dense_columns *columns)
{
    const bool pairs = columns->weights->pairs != NULL;
    if (pairs)
        RNL_TRY(rnl_step_read_columns(step, state->input));
    for (size_t r = 0; r < state->cut.inputs.ranges; ++r)
        plan_range(state, step, columns, inputs_of(state, r));
    rnl_dense_need(state, (1 + rnl_shard_sum_spare(step)) * most_inputs(state, step) *
                              columns->packing.width);
    if (!state->cut.by_columns && !pairs && !step->onednn && step->rows.shards == 1)
        plan_by_rows(state, columns, step);
    if (state->layer->tied_to)
        return rnl_dense_reserve_tied(step, columns->weights);
    return rnl_step_keeps_gradients(step) || state->layer->shared
               ? rnl_step_gradients(step, columns->weights)
               : RNL_OK;
}
