#include "engine/layers/dense_state.h"

/* The weights of a panel of units as rows of a packed (.., fan_in), from `row` on. */
static void turn_panel(const rnl_step *step, const rnl_dense_columns *columns, size_t panel,
                       const rnl_packing *packing, float *turned, size_t row)
{
    for (size_t q = 0; q < packing->panels; ++q)
        step->kernels->transpose(&(const rnl_transpose){
            .rows = rnl_panel_columns(packing, q),
            .columns = rnl_panel_columns(&columns->packing, panel),
            .x = columns->weights->arrays[RNL_VALUES] + panel * columns->packing.distance +
                 q * packing->width * columns->packing.stride,
            .x_stride = columns->packing.stride,
            .y = turned + q * packing->distance + row * packing->stride,
            .y_stride = packing->stride,
        });
}

void rnl_dense_turn_weights(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                            size_t row_tile)
{
    const rnl_dense_columns *columns = &state->blocks[column_block];
    const rnl_packing *packing =
        rnl_dense_is_whole(state) ? &columns->turned_packing : &state->turned_packing;
    float *turned = rnl_dense_is_whole(state) ? columns->turned : state->turned;
    const size_t first = rnl_dense_is_whole(state) ? 0 : columns->first,
                 panels = columns->packing.panels;
    for (size_t p = 0; state->down_calls && p < panels; ++p)
        if (p * rnl_dense_row_tiles(state) / panels == row_tile)
            turn_panel(step, columns, p, packing, turned, first + p * columns->packing.width);
}

void rnl_dense_turn_inputs(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                           size_t row)
{
    const rnl_column_cut shares = {state->columns.blocks, state->fan_in};
    const size_t first = rnl_cut_column(shares, column_block);
    const size_t stride = rnl_product_row_stride(step->padded_rows);
    if (!state->inputs_turned)
        return;
    step->kernels->transpose(&(const rnl_transpose){
        .rows = state->part_rows,
        .columns = rnl_cut_width(shares, column_block),
        .x = state->input->values + row * state->input->stride + first,
        .x_stride = state->input->stride,
        .y = state->inputs_turned + first * stride + row,
        .y_stride = stride,
    });
}
