#include "engine/layers/dense/dense_state.h"

#include "engine/base/error.h"
#include "engine/kinds/constraints.h"
#include "engine/step/constrain.h"

#include <stdlib.h>

/* Numbers the group of each packed weight of a column block, from 1: by its column in the block, or
 * by its row. */
static rnl_status label_weights(const rnl_dense_state *state, size_t block, bool by_column,
                                float *labels)
{
    const size_t columns = state->blocks[block].count;
    float *plain = malloc(state->fan_in * columns * sizeof *plain);
    if (!plain)
        return rnl_fail_memory(state->fan_in * columns * sizeof *plain);
    for (size_t i = 0; i < state->fan_in; ++i)
        for (size_t j = 0; j < columns; ++j)
            plain[i * columns + j] = (float)((by_column ? j : i) + 1);
    rnl_pack(&state->blocks[block].packing, plain, columns, labels);
    free(plain);
    return RNL_OK;
}

/* A unit's weights are in one column block, an input's in all of them. */
static rnl_status constrain_blocks(const rnl_dense_state *state, rnl_step *step,
                                   rnl_labelled_block *blocks)
{
    const rnl_choice *constraint = &rnl_dense_of(state->layer)->kernel_constraint;
    const bool by_column = rnl_constraint_axis(constraint) == 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c) {
        const size_t count = state->blocks[c].weights->count;
        blocks[c].block = state->blocks[c].weights;
        if (rnl_constraint_of(constraint)->factor) {
            blocks[c].labels = calloc(count, sizeof *blocks[c].labels);
            if (!blocks[c].labels)
                return rnl_fail_memory(count * sizeof *blocks[c].labels);
            RNL_TRY(label_weights(state, c, by_column, blocks[c].labels));
        }
        if (by_column)
            RNL_TRY(rnl_step_constrain(step, constraint, &blocks[c], 1, state->blocks[c].count));
    }
    return by_column ? RNL_OK
                     : rnl_step_constrain(step, constraint, blocks, state->cut.columns.blocks,
                                          state->fan_in);
}

rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step)
{
    const size_t count = state->cut.columns.blocks;
    if (!rnl_dense_of(state->layer)->kernel_constraint.kind)
        return RNL_OK;
    rnl_labelled_block *blocks = calloc(count, sizeof *blocks);
    if (!blocks)
        return rnl_fail_memory(count * sizeof *blocks);
    const rnl_status status = constrain_blocks(state, step, blocks);
    for (size_t c = 0; c < count; ++c)
        free(blocks[c].labels);
    free(blocks);
    return status;
}
