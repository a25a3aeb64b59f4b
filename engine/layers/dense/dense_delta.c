#include "engine/layers/dense/dense_state.h"

#include "engine/base/number.h"

#include <string.h>

/* Floats of delta that are computed at once: they stay in the L1 cache. */
#define AT_ONCE    4096
#define LEAST_ROWS 4

/* Few rows of a wide layer are read in streams that the hardware prefetcher follows.  An even
 * number, for pairs. */
static size_t rows_at_once(size_t units)
{
    const size_t rows = AT_ONCE / rnl_in_vectors(units) / 2 * 2;
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

/* Fewer units, in more rows, may fill AT_ONCE better than more of them: the bound has to grow. */
size_t rnl_dense_rounded_floats(size_t most_units)
{
    const size_t of_few_rows = LEAST_ROWS * rnl_in_vectors(most_units);
    return 2 * (of_few_rows > AT_ONCE ? of_few_rows : AT_ONCE);
}

/* Delta of some rows and units, given what the derivative reads. */
static void compute(const rnl_dense_state *state, size_t rows, size_t units, rnl_partials gradient,
                    rnl_view y, rnl_mutable_view delta)
{
    state->activation.backward(&(const rnl_activation_backward){
        .rows = rows,
        .columns = units,
        .upstream = gradient,
        .y = y,
        .delta = delta,
        .alpha = state->activation.alpha,
    });
}

/* What the forward pass left as floats. */
static rnl_view left_by_forward(const rnl_dense_state *state, size_t row, size_t unit)
{
    return rnl_matrix_view(rnl_dense_left_by_forward(state), row, unit);
}

/* Units of the column block before a panel. */
static size_t units_before(const rnl_dense_columns *columns, size_t panel)
{
    return rnl_least(panel * columns->delta_packing.width, columns->count);
}

/* Rounds a panel of delta into both forms. */
static void round_panel(const rnl_dense_columns *columns, size_t panel, size_t row, size_t rows,
                        rnl_view delta, const rnl_step *step)
{
    const rnl_packing *packing = &columns->delta_packing;
    step->kernels->round_to_bfloat16(&(const rnl_rounding){
        .rows = rows,
        .columns = rnl_panel_columns(packing, panel),
        .x = delta,
        .by_rows = {columns->delta_rows + row * columns->delta_stride +
                        units_before(columns, panel) / 2,
                    columns->delta_stride},
        .by_columns = {columns->delta + rnl_packed_at(packing, panel, rnl_pair_row(step, row)),
                       packing->width},
    });
}

/* Computes a piece of delta in a buffer, behind what is read out of pairs, and rounds it. */
static void compute_rounded(const rnl_dense_state *state, const rnl_dense_columns *columns,
                            const rnl_dense_piece *piece, float *buffer, const rnl_step *step)
{
    const size_t first = units_before(columns, piece->begin),
                 units = units_before(columns, piece->end) - first, unit = columns->first + first,
                 stride = rnl_in_vectors(units);
    rnl_view y = {buffer, stride};
    const rnl_mutable_view delta = {buffer + piece->rows * stride, stride};
    if (rnl_dense_reads_pairs(state))
        rnl_step_read_pairs(step, &state->output, piece->row, piece->rows, unit, units,
                            (rnl_mutable_view){buffer, stride});
    else
        y = left_by_forward(state, piece->row, unit);
    compute(state, piece->rows, units, piece->gradient, y, delta);
    for (size_t p = piece->begin; p < piece->end; ++p)
        round_panel(columns, p, piece->row, piece->rows,
                    (rnl_view){delta.values + units_before(columns, p) - first, stride}, step);
}

static void compute_packed(const rnl_dense_state *state, const rnl_dense_columns *columns,
                           const rnl_dense_piece *piece)
{
    const rnl_packing *packing = &columns->delta_packing;
    rnl_partials gradient = piece->gradient;
    for (size_t p = piece->begin; p < piece->end; ++p, gradient.values += packing->width)
        compute(state, piece->rows, rnl_panel_columns(packing, p), gradient,
                left_by_forward(state, piece->row, columns->first + units_before(columns, p)),
                (rnl_mutable_view){columns->delta + rnl_packed_at(packing, p, piece->row),
                                   packing->width});
}

/* Rows of delta as it is packed. */
static rnl_dense_rows packed_rows(const rnl_dense_columns *columns, const rnl_step *step,
                                  size_t row, size_t rows)
{
    if (!columns->weights->pairs)
        return (rnl_dense_rows){row, row + rows};
    return (rnl_dense_rows){rnl_pair_row(step, row), rnl_pair_row(step, row + rows - 1) + 1};
}

void rnl_dense_compute_piece(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             rnl_dense_piece piece, float *buffer, const rnl_step *step)
{
    const bool pairs = columns->weights->pairs != NULL;
    const rnl_dense_rows packed = packed_rows(columns, step, piece.row, piece.rows);
    const size_t end = piece.row + piece.rows,
                 most = rows_at_once(units_before(columns, piece.end) -
                                     units_before(columns, piece.begin));
    for (; piece.row < end; piece.row += piece.rows) {
        piece.rows = rnl_least(end - piece.row, most);
        if (pairs) {
            piece.rows = rnl_pair_rows_together(step, piece.row, piece.rows);
            compute_rounded(state, columns, &piece, buffer, step);
        } else {
            compute_packed(state, columns, &piece);
        }
        piece.gradient.values += piece.rows * piece.gradient.stride;
    }
    if (piece.end == columns->delta_packing.panels)
        rnl_clear_columns(&columns->delta_packing, packed.begin, packed.end - packed.begin,
                          columns->delta);
}

void rnl_dense_compute_delta(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             size_t row, size_t rows, const rnl_step_worker *worker)
{
    const rnl_step *step = worker->step;
    const rnl_dense_piece all = {
        .begin = 0,
        .end = columns->delta_packing.panels,
        .row = row,
        .rows = rows,
        .gradient = rnl_upstream_view(&state->upstream, row, columns->first),
    };
    rnl_dense_compute_piece(state, columns, all, step->buffers.tile[worker->index], step);
}

void rnl_dense_clear_delta(const rnl_dense_columns *columns, const rnl_step *step, size_t row,
                           size_t rows)
{
    const rnl_packing *packing = &columns->delta_packing;
    const rnl_dense_rows packed = packed_rows(columns, step, row, rows);
    for (size_t p = 0; p < packing->panels; ++p)
        memset(columns->delta + rnl_packed_at(packing, p, packed.begin), 0,
               (packed.end - packed.begin) * packing->width * sizeof *columns->delta);
}
