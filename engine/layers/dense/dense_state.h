/*
 * The dense layer in a step, with W (fan_in, units) in column blocks.  For column block c of the
 * canonical cut, and part p of the rows:
 *
 * forward:   z = x_p W_c;  y_pc = f(z + b_c)
 * backward:  delta = (sum of upstream partials) * f'(y)
 *            dW = x' delta, for a range of inputs and a column block;  db = sum of delta's rows
 *            dx = delta W', the input gradient
 *
 * All three are products of one form (engine/product/product.h), for which the backward pass needs
 * x and W transposed.
 *
 * Delta and dx, for which the layer below waits, are one phase, and dW, for which none does, is
 * another.
 *
 * A layer cut by columns goes column block by column block in all of them, and dx is partial
 * products that the layer below adds up.  A worker transposes what it needs into its own buffer, so
 * the weights of a block never leave the worker's core.
 *
 * Another layer is cut by rows: it goes by parts of the rows, and in dW by ranges of inputs and
 * column blocks; its forward tiles transpose inputs and weights for all workers.
 *
 * Either way a gradient is computed over all rows at once, and its weights are updated at once.
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
    /* In training: */
    size_t first_panel;        /* of the layer's panels */
    rnl_packing delta_packing; /* (padded rows, count) */
    float *delta;              /* packed; of a layer cut by columns in its worker's buffer */
    /* Of a layer cut by columns: */
    rnl_packing transposed_packing; /* of its weights transposed, (count, fan_in) */
    bool transposes_inputs;         /* the first of its worker's blocks */
} rnl_dense_columns;

struct rnl_dense_state;

/* A half of the rows, forward. */
typedef struct rnl_dense_half {
    struct rnl_dense_state *state;
    size_t part;
} rnl_dense_half;

/* What a layer cut by columns has.  In training a worker's buffer holds, in floats:
 *
 *     0         delta_at                weights_at              inputs_at
 *     | scratch | delta of its blocks   | W_c' of one block     | x' (fan_in, padded rows) |
 *       delta by  packed, delta_floats    packed
 *       rows, then    apart
 *       gradients
 */
typedef struct rnl_dense_by_columns {
    rnl_dense_half halves[2];
    bool reversed; /* column blocks go to the workers from the last on */
    size_t delta_at, delta_floats, weights_at, inputs_at;
} rnl_dense_by_columns;

/* What another has in training, for all workers. */
typedef struct rnl_dense_by_rows {
    float *inputs;               /* x', (fan_in, padded rows) */
    rnl_packing weights_packing; /* (units, fan_in) */
    float *weights;              /* W', packed; NULL where nobody asks for the input gradient */
} rnl_dense_by_rows;

typedef struct rnl_dense_state {
    const rnl_layer *layer;
    size_t fan_in, units;
    rnl_dense_cut cut;
    rnl_bound_activation activation;
    rnl_dense_columns *blocks; /* (column blocks) */
    rnl_block *bias;           /* NULL without */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_matrix kept;                  /* slopes, in training, of an activation that keeps them */
    rnl_product_call **forward_calls; /* (column blocks, parts) */
    size_t forward_phases;            /* up to its own */
    union {                           /* by cut.by_columns */
        rnl_dense_by_columns by_columns;
        rnl_dense_by_rows by_rows;
    };
    /* In training, from the first layer that is trained: */
    rnl_upstream upstream, downstream; /* downstream has 0 partials if nobody asks for it */
    size_t panels;                     /* of all column blocks */
    rnl_product_call **gradient_calls; /* (ranges, panels), for some of the panels */
    rnl_product_call **down_calls;     /* of the input gradient: (column blocks), or (parts) */
    size_t scratch; /* floats of a worker's buffer for delta by rows, then gradients */
} rnl_dense_state;

/* Floats, in whole cache lines. */
static inline size_t rnl_dense_in_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* Asks that a worker's buffer has room for this many floats of delta or gradients. */
static inline void rnl_dense_need(rnl_dense_state *state, size_t floats)
{
    if (state->scratch < floats)
        state->scratch = floats;
}

/* The worker that keeps a column block of a layer cut by columns: from the first worker on, or from
 * the last. */
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

/* Adds the forward phases: one, or one for each half of the rows. */
rnl_status rnl_dense_add_forward(rnl_dense_state *state, rnl_step *step);

/* ---- backward (dense_backward.c) ------------------------------------------------------------- */

/* Asks for what delta and the input gradient need. */
rnl_status rnl_dense_plan_delta(rnl_dense_state *state, rnl_step *step);
rnl_status rnl_dense_plan_input_gradient(rnl_dense_state *state, rnl_step *step);

/* Adds the phase of delta and the input gradient. */
rnl_status rnl_dense_add_delta(rnl_dense_state *state, rnl_step *step);

/* ---- weight gradients and their update (dense_gradients.c) ----------------------------------- */

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step);

/* Adds their phase, which trails. */
rnl_status rnl_dense_add_gradients(rnl_dense_state *state, rnl_step *step);

/* ---- operands transposed (dense_transpose.c) ------------------------------------------------- */

/* A part of what the workers share: some of the panels of a column block's weights and, of filled
 * rows, the part's of some of the inputs.  Nothing where nobody asks for it. */
void rnl_dense_transpose_part(const rnl_dense_state *state, const rnl_step *step,
                              size_t column_block, size_t part, bool filled);

/* The weights of a column block, and all inputs, into a buffer. */
void rnl_dense_transpose_weights(const rnl_dense_state *state, const rnl_step *step,
                                 size_t column_block, float *transposed);
void rnl_dense_transpose_inputs(const rnl_dense_state *state, const rnl_step *step,
                                float *transposed);

/* ---- constraint (dense_constraint.c) --------------------------------------------------------- */

/* Asks for the phase that makes the weights obey the layer's constraint, if it has one. */
rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step);

#endif
