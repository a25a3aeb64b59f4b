#include "engine/layers/dense/dense_state.h"

/* Lists the weights and their state, which the update reads.  Returns the end of the list. */
static rnl_fetch *list_weights(const rnl_block *weights, size_t at, size_t count, rnl_fetch *list)
{
    for (size_t k = RNL_VALUES; weights->updated_by_tile && k < RNL_BEST; ++k)
        if (weights->arrays[k])
            *list++ = (rnl_fetch){weights->arrays[k] + at, 1, count, count};
    return list;
}

/* Lists the transposed weights, which are written behind the update. */
static rnl_fetch *list_transposed(const rnl_dense_state *state, size_t panel, size_t input,
                                  size_t inputs, rnl_fetch *list)
{
    const rnl_dense_columns *columns = &state->blocks[0];
    const size_t end = input + inputs;
    for (size_t next; state->transposes_updated && state->transposed && input < end; input = next) {
        next = rnl_panel_end(&columns->transposed_packing, input, end);
        const rnl_mutable_view at =
            rnl_dense_transposed_at(columns, panel, input, state->transposed);
        *list++ = (rnl_fetch){.values = at.values,
                              .rows = rnl_panel_columns(&columns->packing, panel),
                              .columns = next - input,
                              .stride = at.stride};
    }
    return list;
}

rnl_fetch *rnl_dense_list_update(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                 size_t panel, size_t input, size_t inputs, rnl_fetch *list)
{
    const rnl_block *weights = columns->weights;
    list = list_weights(weights, rnl_packed_at(&columns->packing, panel, input),
                        inputs * rnl_panel_stride(&columns->packing, panel), list);
    list = list_transposed(state, panel, input, inputs, list);
    return rnl_weight_pairs_follow(weights)
               ? rnl_weight_pairs_list(weights, panel, input, inputs, list)
               : list;
}
