#include "engine/layers/dense/dense_state.h"

/* Transposes the weights of a panel of units into rows of a packed (.., fan_in), from `row` on. */
static void transpose_panel(const rnl_step *step, const rnl_dense_columns *columns, size_t panel,
                            const rnl_packing *packing, float *transposed, size_t row)
{
    for (size_t q = 0; q < packing->panels; ++q)
        step->kernels->transpose(&(const rnl_transpose){
            .rows = rnl_panel_columns(packing, q),
            .columns = rnl_panel_columns(&columns->packing, panel),
            .x = {columns->weights->arrays[RNL_VALUES] +
                      rnl_packed_at(&columns->packing, panel, q * packing->width),
                  columns->packing.stride},
            .y = {transposed + rnl_packed_at(packing, q, row), packing->stride},
        });
}

void rnl_dense_transpose_weights(const rnl_dense_state *state, const rnl_step *step,
                                 size_t column_block, float *transposed)
{
    const rnl_dense_columns *columns = &state->blocks[column_block];
    rnl_clear_padding(&columns->transposed_packing, transposed);
    for (size_t p = 0; p < columns->packing.panels; ++p)
        transpose_panel(step, columns, p, &columns->transposed_packing, transposed,
                        p * columns->packing.width);
}

/* Transposes a range of inputs of some rows into x' (fan_in, padded rows). */
static void transpose_some_inputs(const rnl_dense_state *state, const rnl_step *step, size_t row,
                                  size_t rows, size_t input, size_t inputs, float *transposed)
{
    const size_t stride = rnl_product_close_stride(step->padded_rows);
    step->kernels->transpose(&(const rnl_transpose){
        .rows = rows,
        .columns = inputs,
        .x = rnl_matrix_view(state->input, row, input),
        .y = {transposed + input * stride + row, stride},
    });
}

void rnl_dense_transpose_inputs(const rnl_dense_state *state, const rnl_step *step,
                                float *transposed)
{
    transpose_some_inputs(state, step, 0, step->padded_rows, 0, state->fan_in, transposed);
}

static void transpose_part_of_weights(const rnl_dense_state *state, const rnl_step *step,
                                      size_t column_block, size_t part)
{
    const rnl_dense_by_rows *shared = &state->by_rows;
    const rnl_dense_columns *columns = &state->blocks[column_block];
    const size_t panels = columns->packing.panels;
    for (size_t p = 0; shared->weights && p < panels; ++p)
        if (p * state->cut.parts / panels == part)
            transpose_panel(step, columns, p, &shared->weights_packing, shared->weights,
                            columns->first + p * columns->packing.width);
}

static void transpose_part_of_inputs(const rnl_dense_state *state, const rnl_step *step,
                                     size_t column_block, size_t part)
{
    const rnl_column_cut shares = {state->cut.columns.blocks, state->fan_in};
    if (state->by_rows.inputs)
        transpose_some_inputs(state, step, part * state->cut.part_rows, state->cut.part_rows,
                              rnl_cut_column(shares, column_block),
                              rnl_cut_width(shares, column_block), state->by_rows.inputs);
}

void rnl_dense_transpose_part(const rnl_dense_state *state, const rnl_step *step,
                              size_t column_block, size_t part, bool filled)
{
    transpose_part_of_weights(state, step, column_block, part);
    if (filled)
        transpose_part_of_inputs(state, step, column_block, part);
}
