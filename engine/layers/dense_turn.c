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

/* Some of the inputs of some rows. */
static void turn_rows(const rnl_dense_state *state, const rnl_step *step, size_t row, size_t rows,
                      size_t first, size_t count, float *turned)
{
    const size_t stride = rnl_product_close_stride(step->padded_rows);
    step->kernels->transpose(&(const rnl_transpose){
        .rows = rows,
        .columns = count,
        .x = state->input->values + row * state->input->stride + first,
        .x_stride = state->input->stride,
        .y = turned + first * stride + row,
        .y_stride = stride,
    });
}

void rnl_dense_turn_weights(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                            float *turned)
{
    const rnl_dense_columns *columns = &state->blocks[column_block];
    rnl_clear_padding(&columns->turned_packing, turned);
    for (size_t p = 0; p < columns->packing.panels; ++p)
        turn_panel(step, columns, p, &columns->turned_packing, turned, p * columns->packing.width);
}

void rnl_dense_turn_inputs(const rnl_dense_state *state, const rnl_step *step, float *turned)
{
    turn_rows(state, step, 0, step->padded_rows, 0, state->fan_in, turned);
}

static void turn_part_of_weights(const rnl_dense_state *state, const rnl_step *step,
                                 size_t column_block, size_t part)
{
    const rnl_dense_columns *columns = &state->blocks[column_block];
    const size_t panels = columns->packing.panels;
    for (size_t p = 0; state->turned && p < panels; ++p)
        if (p * state->cut.parts / panels == part)
            turn_panel(step, columns, p, &state->turned_packing, state->turned,
                       columns->first + p * columns->packing.width);
}

static void turn_part_of_inputs(const rnl_dense_state *state, const rnl_step *step,
                                size_t column_block, size_t part)
{
    const rnl_column_cut shares = {state->cut.columns.blocks, state->fan_in};
    if (state->inputs_turned)
        turn_rows(state, step, part * state->cut.part_rows, state->cut.part_rows,
                  rnl_cut_column(shares, column_block), rnl_cut_width(shares, column_block),
                  state->inputs_turned);
}

void rnl_dense_turn_part(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                         size_t part, bool filled)
{
    turn_part_of_weights(state, step, column_block, part);
    if (filled)
        turn_part_of_inputs(state, step, column_block, part);
}
