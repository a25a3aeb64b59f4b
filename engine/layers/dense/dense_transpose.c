#include "engine/layers/dense/dense_state.h"

/* Transposes the weights of a panel of units from an input on, of one panel of W'. */
static void transpose_some(const rnl_dense_columns *columns, const rnl_step *step, size_t units,
                           size_t input, size_t inputs, float *transposed)
{
    const rnl_packing *from = &columns->packing;
    step->kernels->transpose(&(const rnl_transpose){
        .rows = inputs,
        .columns = rnl_panel_columns(from, units),
        .x = {columns->weights->arrays[RNL_VALUES] + rnl_packed_at(from, units, input),
              rnl_panel_stride(from, units)},
        .y = rnl_dense_transposed_at(columns, units, input, transposed),
    });
}

/* Transposes the weights of a panel of units and a panel of inputs. */
static void transpose_square(const rnl_dense_columns *columns, const rnl_step *step, size_t units,
                             size_t inputs, float *transposed)
{
    const rnl_packing *to = &columns->transposed_packing;
    transpose_some(columns, step, units, inputs * to->width, rnl_panel_columns(to, inputs),
                   transposed);
}

rnl_mutable_view rnl_dense_transposed_at(const rnl_dense_columns *columns, size_t panel,
                                         size_t input, float *transposed)
{
    const rnl_packing *to = &columns->transposed_packing;
    const size_t inputs = input / to->width;
    return (rnl_mutable_view){
        transposed + rnl_packed_at(to, inputs, panel * columns->packing.width) + input % to->width,
        rnl_panel_stride(to, inputs)};
}

void rnl_dense_transpose_inputs(const rnl_dense_state *state, const rnl_step *step, size_t panel,
                                size_t input, size_t inputs)
{
    const rnl_dense_columns *columns = &state->blocks[0];
    const size_t end = input + inputs;
    for (size_t next; state->transposed && input < end; input = next) {
        next = rnl_panel_end(&columns->transposed_packing, input, end);
        transpose_some(columns, step, panel, input, next - input, state->transposed);
    }
}

void rnl_dense_transpose_weights(const rnl_dense_columns *columns, const rnl_step *step,
                                 float *transposed)
{
    for (size_t u = 0; u < columns->packing.panels; ++u)
        for (size_t i = 0; i < columns->transposed_packing.panels; ++i)
            transpose_square(columns, step, u, i, transposed);
}

void rnl_dense_transpose_part(const rnl_dense_state *state, const rnl_step *step,
                              const rnl_dense_slice *slice, size_t part)
{
    const size_t inputs = slice->columns->transposed_packing.panels,
                 squares = (slice->end - slice->begin) * inputs;
    for (size_t k = 0; state->transposed && k < squares; ++k)
        if (k * state->cut.parts / squares == part)
            transpose_square(slice->columns, step, slice->begin + k / inputs, k % inputs,
                             state->transposed);
}
