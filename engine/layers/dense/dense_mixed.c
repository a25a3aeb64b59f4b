#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"

rnl_status rnl_dense_plan_mixed(rnl_dense_state *state, rnl_step *step)
{
    RNL_TRY(rnl_step_read_rows(step, state->input));
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        rnl_dense_columns *columns = &state->blocks[c];
        RNL_TRY(rnl_step_weight_pairs(step, columns->weights, &columns->packing,
                                      state->layer->index > step->first_trainable));
        columns->mixed_forward = rnl_step_product(
            step, (rnl_product_shape){.rows = state->cut.part_rows,
                                      .inner = rnl_pairs_of(state->fan_in),
                                      .a_layout = RNL_BY_ROWS,
                                      .a_stride = state->input->pairs->by_rows.stride,
                                      .b = columns->weights->pairs->forward_packing,
                                      .pairs = true});
    }
    return RNL_OK;
}

void rnl_dense_plan_mixed_delta(rnl_dense_state *state, rnl_step *step, rnl_dense_columns *columns)
{
    columns->delta_packing =
        rnl_packing_uniform(rnl_pair_row(step, step->padded_rows), columns->count);
    columns->delta_stride = rnl_product_row_stride(rnl_pairs_of(columns->count));
    rnl_dense_need(state, rnl_dense_rounded_floats(columns->count));
}

size_t rnl_dense_delta_rows_at(const rnl_dense_columns *columns)
{
    return rnl_in_vectors(rnl_packed_count(&columns->delta_packing));
}
