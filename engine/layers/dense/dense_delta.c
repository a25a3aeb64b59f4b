#include "engine/layers/dense/dense_state.h"

#include "engine/base/number.h"

#include <string.h>

/* Floats of delta that are computed at once: they stay in the L1 cache. */
#define AT_ONCE 4096

/* Few rows of a wide layer are read in streams that the hardware prefetcher follows.  An even
 * number, for pairs. */
static size_t rows_at_once(const rnl_dense_columns *columns)
{
    const size_t rows = AT_ONCE / rnl_in_vectors(columns->count) / 2 * 2;
    return rows > 4 ? rows : 4;
}

size_t rnl_dense_rounded_floats(const rnl_dense_columns *columns)
{
    return 2 * rows_at_once(columns) * rnl_in_vectors(columns->count);
}

/* Delta of some rows, from a unit on, given what the derivative reads. */
static void compute(const rnl_dense_state *state, size_t unit, size_t units, size_t row,
                    size_t rows, rnl_view y, rnl_mutable_view delta)
{
    state->activation.backward(&(const rnl_activation_backward){
        .rows = rows,
        .columns = units,
        .upstream = rnl_upstream_view(&state->upstream, row, unit),
        .y = y,
        .delta = delta,
        .alpha = state->activation.alpha,
    });
}

/* What the forward pass left as floats. */
static rnl_view left_by_forward(const rnl_dense_state *state, size_t row, size_t unit)
{
    return rnl_matrix_view(state->kept.values ? &state->kept : &state->output, row, unit);
}

/* Rounds a panel of delta into both forms. */
static void round_panel(const rnl_dense_columns *columns, size_t panel, size_t row, size_t rows,
                        const float *delta, size_t stride, const rnl_step *step)
{
    const rnl_packing *packing = &columns->delta_packing;
    const size_t width = packing->width, first = panel * width;
    step->kernels->round_to_bfloat16(&(const rnl_rounding){
        .rows = rows,
        .columns = rnl_panel_columns(packing, panel),
        .x = {delta + first, stride},
        .by_rows = {columns->delta_rows + row * columns->delta_stride + first / 2,
                    columns->delta_stride},
        .by_columns = {columns->delta + rnl_packed_at(packing, panel, rnl_pair_row(step, row)),
                       width},
    });
}

/* Computes delta of some rows in the worker's buffer, behind what is read out of pairs, and rounds
 * it. */
static void compute_rounded(const rnl_dense_state *state, const rnl_dense_columns *columns,
                            size_t row, size_t rows, const rnl_step_worker *worker)
{
    const rnl_step *step = worker->step;
    const size_t first = columns->first, count = columns->count, stride = rnl_in_vectors(count);
    float *y = step->buffers.tile[worker->index], *delta = y + rows_at_once(columns) * stride;
    const bool reads_pairs = rnl_dense_reads_pairs(state);
    if (reads_pairs)
        rnl_step_read_pairs(step, &state->output, row, rows, first, count,
                            (rnl_mutable_view){y, stride});
    compute(state, first, count, row, rows,
            reads_pairs ? (rnl_view){y, stride} : left_by_forward(state, row, first),
            (rnl_mutable_view){delta, stride});
    for (size_t p = 0; p < columns->delta_packing.panels; ++p)
        round_panel(columns, p, row, rows, delta, stride, step);
}

static void compute_packed(const rnl_dense_state *state, const rnl_dense_columns *columns,
                           size_t row, size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    for (size_t p = 0; p < packing->panels; ++p) {
        const size_t unit = columns->first + p * packing->width;
        compute(
            state, unit, rnl_panel_columns(packing, p), row, rows,
            left_by_forward(state, row, unit),
            (rnl_mutable_view){columns->delta + rnl_packed_at(packing, p, row), packing->width});
    }
}

/* Rows of pairs that hold some rows of a part. */
static size_t pair_rows(const rnl_step *step, size_t row, size_t rows)
{
    return rnl_pair_row(step, row + rows - 1) + 1 - rnl_pair_row(step, row);
}

void rnl_dense_compute_delta(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             size_t row, size_t rows, const rnl_step_worker *worker)
{
    const bool pairs = columns->weights->pairs != NULL;
    for (size_t i = 0, some; i < rows; i += some) {
        some = rnl_least(rows - i, rows_at_once(columns));
        if (pairs)
            compute_rounded(state, columns, row + i, some, worker);
        else
            compute_packed(state, columns, row + i, some);
    }
    rnl_clear_columns(&columns->delta_packing, pairs ? rnl_pair_row(worker->step, row) : row,
                      pairs ? pair_rows(worker->step, row, rows) : rows, columns->delta);
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
