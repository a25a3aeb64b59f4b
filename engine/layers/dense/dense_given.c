/* The input gradient of a layer cut by rows that goes to a layer before panel by panel, out of the
 * worker's buffer: it is never written to memory. */
#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"

/* ---- taken ----------------------------------------------------------------------------------- */

static void take(void *self, size_t panel, size_t row, size_t rows, rnl_view gradient, float *spare,
                 const rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    const rnl_dense_piece piece = {
        .begin = panel,
        .end = panel + 1,
        .row = row,
        .rows = rows,
        .gradient = {gradient.values, gradient.stride, 1, 0},
    };
    rnl_dense_compute_piece(state, &state->blocks[0], piece, spare, worker->step);
}

static void clear(void *self, size_t row, size_t rows, const rnl_step_worker *worker)
{
    const rnl_dense_state *state = self;
    rnl_dense_clear_delta(&state->blocks[0], worker->step, row, rows);
}

/* Lists delta itself in mixed precision alone: fetching it is no faster in float32. */
static rnl_fetch *list_taken(const void *self, size_t panel, size_t row, size_t rows,
                             const rnl_step_worker *worker, rnl_fetch *list)
{
    const rnl_dense_state *state = self;
    const rnl_step *step = worker->step;
    const rnl_dense_columns *columns = &state->blocks[0];
    const rnl_packing *packing = &columns->delta_packing;
    const size_t unit = panel * packing->width, units = rnl_panel_columns(packing, panel);
    const rnl_matrix *left = rnl_dense_left_by_forward(state);
    if (rnl_dense_reads_pairs(state))
        list =
            rnl_step_list_by_columns(step, left->pairs->by_columns, row, rows, unit, units, list);
    else
        *list++ = (rnl_fetch){rnl_matrix_view(left, row, unit).values, rows, units, left->stride};
    if (!columns->weights->pairs)
        return list;
    *list++ = (rnl_fetch){columns->delta_rows + row * columns->delta_stride + unit / 2, rows,
                          rnl_pairs_of(units), columns->delta_stride};
    return rnl_step_list_by_columns(
        step, (rnl_mutable_view){columns->delta + rnl_packed_at(packing, panel, 0), packing->width},
        row, rows, 0, units, list);
}

void rnl_dense_plan_taker(rnl_dense_state *state)
{
    const rnl_dense_columns *columns = &state->blocks[0];
    const bool pairs = columns->weights->pairs != NULL;
    state->taker = (rnl_taker){
        .take = take,
        .clear = clear,
        .list = list_taken,
        .self = state,
        .spare = pairs ? rnl_dense_rounded_floats(columns->delta_packing.width) : 0,
    };
}

const rnl_taker *rnl_dense_taker(const void *planned)
{
    const rnl_dense_state *state = planned;
    return state->taker.take ? &state->taker : NULL;
}

/* ---- given ----------------------------------------------------------------------------------- */

void rnl_dense_plan_given(rnl_dense_state *state, rnl_step *step)
{
    rnl_dense_columns *columns = &state->blocks[0];
    columns->input_gradient.shape.c_stride = 0;
    rnl_step_need_tile(step, state->joined_parts * state->cut.part_rows *
                                     columns->transposed_packing.width +
                                 state->downstream.taker->spare);
}

/* Delta of a row, as the product reads it. */
static const float *delta_of(const rnl_dense_columns *columns, size_t row)
{
    return columns->weights->pairs ? columns->delta_rows + row * columns->delta_stride
                                   : columns->delta + row * columns->delta_packing.width;
}

/* Computes a panel, and fetches what the taker reads and writes, and with the last panel delta of
 * the worker's next rows. */
static rnl_status compute_panel(const rnl_dense_state *state, size_t panel, size_t row, size_t rows,
                                const rnl_step_worker *worker, float *gradient)
{
    const rnl_dense_columns *columns = &state->blocks[0];
    const rnl_product *product = &columns->input_gradient;
    const rnl_weight_pairs *pairs = columns->weights->pairs;
    const rnl_taker *taker = state->downstream.taker;
    rnl_fetch fetches[RNL_TAKER_FETCHES + 1];
    rnl_product_next next = {NULL, NULL};
    if (rnl_product_fetches(product)) {
        *taker->list(taker->self, panel, row, rows, worker, fetches) = (rnl_fetch){0};
        next.fetches = fetches;
    }
    if (panel + 1 == columns->transposed_packing.panels && worker->next_tile != RNL_NO_TILE)
        next.a = delta_of(columns, worker->next_tile * state->cut.part_rows);
    return rnl_product_panel_fetching(
        product, pairs ? NULL : worker->onednn, rows, panel, delta_of(columns, row),
        pairs ? pairs->transposed : state->transposed, gradient, next);
}

rnl_status rnl_dense_give(const rnl_dense_state *state, size_t row, size_t rows,
                          const rnl_step_worker *worker)
{
    const rnl_packing *packing = &state->blocks[0].transposed_packing;
    const rnl_taker *taker = state->downstream.taker;
    float *gradient = worker->step->buffers.tile[worker->index],
          *spare = gradient + rows * packing->width;
    for (size_t p = 0; p < packing->panels; ++p) {
        RNL_TRY(compute_panel(state, p, row, rows, worker, gradient));
        taker->take(taker->self, p, row, rows, (rnl_view){gradient, rnl_panel_stride(packing, p)},
                    spare, worker);
    }
    return RNL_OK;
}
