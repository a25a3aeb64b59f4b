/*
 * The dense layer in a step.  W (fan_in, units) is cut into column blocks.  For column block c of
 * the canonical cut and part p of the rows:
 *
 *     forward:   z = x_p W_c;  y_pc = f(z + b_c)
 *     backward:  delta = (sum of upstream partials) * f'(y)
 *                dx = delta W', the input gradient
 *                dW = x' delta, for a range of inputs and a column block
 *                db = sum of delta's rows
 *
 * Each is a product as in engine/product/product.h; the backward products need x and W transposed.
 * One phase computes delta and dx, for which the preceding layer waits; another computes dW, for
 * which no layer waits.
 *
 * A layer cut by columns has a tile for each column block, and dx is a set of partial products that
 * the preceding layer sums.  A worker transposes operands into its own buffer, so a block's weights
 * never leave its core.
 *
 * A layer cut by rows has a tile for each part of the rows, and for dW one for each range of inputs
 * and column block.  Its forward tiles transpose inputs and weights for all workers.
 *
 * In both, gradients are summed over all rows by one worker, which then updates the weights.
 */
#ifndef RNL_ENGINE_LAYERS_DENSE_DENSE_STATE_H
#define RNL_ENGINE_LAYERS_DENSE_DENSE_STATE_H

#include "engine/kinds/activations.h"
#include "engine/layers/dense/dense.h"
#include "threading/assignment.h"

/* A column block. */
typedef struct rnl_dense_columns {
    size_t first, count; /* units */
    rnl_packing packing; /* of its weights, (fan_in, count) */
    rnl_block *weights;
    /* Only in training: */
    size_t first_panel;        /* of the layer's panels */
    rnl_packing delta_packing; /* (padded rows, count) */
    float *delta;              /* packed; in a layer cut by columns, in its worker's buffer */
    /* Only in a layer cut by columns: */
    rnl_packing transposed_packing; /* of its transposed weights, (count, fan_in) */
    bool transposes_inputs;         /* the first of its worker's blocks, which transposes for all
                                       of them */
} rnl_dense_columns;

struct rnl_dense_state;

/* One half of the rows in the forward pass. */
typedef struct rnl_dense_half {
    struct rnl_dense_state *state;
    size_t part;
} rnl_dense_half;

/* State of a layer cut by columns.  In training a worker's buffer holds, in floats:
 *
 *      0         delta_at                weights_at              inputs_at
 *      | scratch | delta of its blocks   | W_c' of one block     | x' (fan_in, padded rows) |
 *        delta by  packed, delta_floats    packed
 *        rows, then    apart
 *        gradients */
typedef struct rnl_dense_by_columns {
    rnl_dense_half halves[2];
    bool reversed; /* column blocks are assigned from the last worker on */
    size_t delta_at, delta_floats, weights_at, inputs_at;
} rnl_dense_by_columns;

/* State of a layer cut by rows, in training, shared by all workers. */
typedef struct rnl_dense_by_rows {
    float *inputs;               /* x', (fan_in, padded rows) */
    rnl_packing weights_packing; /* (units, fan_in) */
    float *weights;              /* W', packed; NULL if the input gradient is not needed */
} rnl_dense_by_rows;

typedef struct rnl_dense_state {
    const rnl_layer *layer;
    size_t fan_in, units;
    rnl_dense_cut cut;
    rnl_bound_activation activation;
    rnl_dense_columns *blocks; /* (column blocks) */
    rnl_block *bias;           /* NULL if the layer has none */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_matrix kept;                  /* slopes, in training; only for an activation that keeps
                                         them */
    rnl_product_call **forward_calls; /* (column blocks, parts) */
    size_t forward_phases;            /* phases up to the layer's own */
    union {                           /* selected by cut.by_columns */
        rnl_dense_by_columns by_columns;
        rnl_dense_by_rows by_rows;
    };
    /* In training, for trained layers and those after the first of them: */
    rnl_upstream upstream, downstream; /* downstream has 0 partials if its gradient is not needed */
    size_t panels;                     /* of all column blocks */
    rnl_product_call **gradient_calls; /* (ranges, panels), for some of the panels */
    rnl_product_call **input_gradient_calls; /* input gradient: (column blocks) or (parts) */
    size_t scratch; /* floats of a worker's buffer, for delta by rows, then for gradients */
} rnl_dense_state;

/* Rounds up to whole cache lines. */
static inline size_t rnl_dense_in_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* Reserves at least so many floats of scratch in a worker's buffer. */
static inline void rnl_dense_need(rnl_dense_state *state, size_t floats)
{
    if (state->scratch < floats)
        state->scratch = floats;
}

/* Returns the worker that owns a column block of a layer cut by columns. */
static inline size_t rnl_dense_columns_owner(const void *self, size_t column_block, size_t workers)
{
    const rnl_dense_state *state = self;
    const size_t share = rnl_share_owner(state->cut.columns.blocks, workers, column_block);
    return state->by_columns.reversed ? workers - 1 - share : share;
}

/* ---- forward (dense_forward.c) --------------------------------------------------------------- */

/* The product x_p W_c. */
rnl_product_shape rnl_dense_forward_shape(const rnl_dense_state *state,
                                          const rnl_dense_columns *columns);

/* Adds the forward phase, or one for each half of the rows. */
rnl_status rnl_dense_add_forward(rnl_dense_state *state, rnl_step *step);

/* ---- backward (dense_backward.c) ------------------------------------------------------------- */

/* Requests what delta and the input gradient need. */
rnl_status rnl_dense_plan_delta(rnl_dense_state *state, rnl_step *step);
rnl_status rnl_dense_plan_input_gradient(rnl_dense_state *state, rnl_step *step);

/* Adds the phase of delta and the input gradient. */
rnl_status rnl_dense_add_delta(rnl_dense_state *state, rnl_step *step);

/* ---- weight gradients and their update (dense_gradients.c) ----------------------------------- */

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step);

/* Adds the phase of the gradients, which trails. */
rnl_status rnl_dense_add_gradients(rnl_dense_state *state, rnl_step *step);

/* ---- operands transposed (dense_transpose.c) ------------------------------------------------- */

/* Transposes one part's share of what all workers read: some panels of a column block's weights
 * and, of the part's filled rows, some inputs.  Does nothing if they are not needed. */
void rnl_dense_transpose_part(const rnl_dense_state *state, const rnl_step *step,
                              size_t column_block, size_t part, bool filled);

/* Transpose the weights of a column block, and all inputs, into a buffer. */
void rnl_dense_transpose_weights(const rnl_dense_state *state, const rnl_step *step,
                                 size_t column_block, float *transposed);
void rnl_dense_transpose_inputs(const rnl_dense_state *state, const rnl_step *step,
                                float *transposed);

/* ---- constraint (dense_constraint.c) --------------------------------------------------------- */

/* Requests the phase that enforces the layer's constraint, if it has one. */
rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step);

#endif
