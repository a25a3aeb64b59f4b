#include "engine/layers/dense/dense_state.h"

#include <string.h>

/* Delta of some rows and a panel. */
static void compute_panel(const rnl_dense_state *state, const rnl_dense_columns *columns,
                          size_t panel, size_t row, size_t rows, rnl_mutable_view delta)
{
    const rnl_packing *packing = &columns->delta_packing;
    const rnl_matrix *y = state->kept.values ? &state->kept : &state->output;
    const size_t unit = columns->first + panel * packing->width;
    state->activation.backward(&(const rnl_activation_backward){
        .rows = rows,
        .columns = rnl_panel_columns(packing, panel),
        .upstream = rnl_upstream_view(&state->upstream, row, unit),
        .y = rnl_matrix_view(y, row, unit),
        .delta = delta,
        .alpha = state->activation.alpha,
    });
}

/* Computes delta of a panel in the worker's buffer and rounds it into both forms. */
static void round_delta(const rnl_dense_state *state, const rnl_dense_columns *columns,
                        size_t panel, size_t row, size_t rows, const rnl_step_worker *worker)
{
    const rnl_packing *packing = &columns->delta_packing;
    const size_t width = packing->width, first = panel * width;
    float *delta = worker->step->buffers.tile[worker->index];
    compute_panel(state, columns, panel, row, rows, (rnl_mutable_view){delta, width});
    worker->step->kernels->round_to_bfloat16(&(const rnl_rounding){
        .rows = rows,
        .columns = rnl_panel_columns(packing, panel),
        .x = {delta, width},
        .by_rows = {columns->delta_rows + row * columns->delta_stride + first / 2,
                    columns->delta_stride},
        .by_columns = {columns->delta +
                           rnl_packed_at(packing, panel, rnl_pair_row(worker->step, row)),
                       width},
    });
}

static void round_all(const rnl_dense_state *state, const rnl_dense_columns *columns, size_t row,
                      size_t rows, const rnl_step_worker *worker)
{
    const size_t pair = rnl_pair_row(worker->step, row);
    for (size_t p = 0; p < columns->delta_packing.panels; ++p)
        round_delta(state, columns, p, row, rows, worker);
    rnl_clear_columns(&columns->delta_packing, pair,
                      rnl_pair_row(worker->step, row + rows - 1) + 1 - pair, columns->delta);
}

void rnl_dense_compute_delta(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             size_t row, size_t rows, const rnl_step_worker *worker)
{
    const rnl_packing *packing = &columns->delta_packing;
    if (columns->weights->pairs) {
        round_all(state, columns, row, rows, worker);
        return;
    }
    for (size_t p = 0; p < packing->panels; ++p)
        compute_panel(
            state, columns, p, row, rows,
            (rnl_mutable_view){columns->delta + rnl_packed_at(packing, p, row), packing->width});
    rnl_clear_columns(packing, row, rows, columns->delta);
}

/* In mixed precision these are rows of pairs. */
void rnl_dense_clear_delta(const rnl_dense_columns *columns, const rnl_step *step, size_t row,
                           size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    const bool pairs = columns->weights->pairs != NULL;
    const size_t first = pairs ? rnl_pair_row(step, row) : row,
                 end = pairs ? rnl_pair_row(step, row + rows - 1) + 1 : row + rows;
    for (size_t p = 0; p < packing->panels; ++p)
        memset(columns->delta + rnl_packed_at(packing, p, first), 0,
               (end - first) * packing->width * sizeof *columns->delta);
}
