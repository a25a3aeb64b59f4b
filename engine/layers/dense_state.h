/*
 * The dense layer in a step, with W (fan_in, units) in column blocks.  For column block c of the
 * canonical cut, row block r, and its part p:
 *
 * forward:   z = x_rp W_c;  y_rpc = f(z + b_c)
 * backward:  delta = (sum of upstream partials) * f'(y)
 *            dW = x' delta, for a range of inputs and a column block;  db = sum of delta's rows
 *            dx = delta W'
 *
 * All three are products of one form (engine/product/product.h).  What the backward pass needs
 * turned, x' and W', the forward tiles turn while they have it in the cache.
 *
 * A mini-batch of one row block has one backward phase, in which a column block makes its delta, a
 * partial product of dx that the layer below adds up, and its gradients.  A larger one has two:
 * delta by rows, then dx by rows and dW by ranges of inputs.  Either way a gradient is made of all
 * rows at once, and its weights are updated at once: dx is made from a copy.
 */
#ifndef RNL_ENGINE_LAYERS_DENSE_STATE_H
#define RNL_ENGINE_LAYERS_DENSE_STATE_H

#include "engine/layers/dense.h"
#include "engine/model/activations.h"

/* A column block. */
typedef struct rnl_dense_columns {
    size_t first, count; /* units */
    rnl_packing packing; /* of its weights, (fan_in, count) */
    rnl_block *weights;
    rnl_product *forward;
    /* In training: */
    size_t first_panel;        /* of the layer's panels */
    rnl_packing delta_packing; /* (padded rows, count) */
    float *delta;
    rnl_packing turned_packing; /* (count, fan_in), of a mini-batch of one row block */
    float *turned;
    rnl_product *down;
} rnl_dense_columns;

typedef struct rnl_dense_state {
    const rnl_layer *layer;
    size_t fan_in, units;
    rnl_column_cut columns;
    rnl_bound_activation activation;
    rnl_dense_columns *blocks; /* (column blocks) */
    rnl_block *bias;           /* NULL without */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_matrix kept; /* slopes, in training, of an activation that keeps them */
    size_t row_blocks;
    size_t part_rows, parts;          /* of a row block */
    rnl_product_call **forward_calls; /* (column blocks, row blocks, parts) */
    /* In training, from the first layer that is trained: */
    float *inputs_turned;              /* (fan_in, padded rows) */
    rnl_upstream upstream, downstream; /* downstream has 0 partials if nobody asks for it */
    rnl_column_cut inputs;             /* ranges of inputs of which a tile makes the gradients */
    size_t panels;                     /* of all column blocks */
    rnl_product_call **gradient_calls; /* (ranges, panels), for some of the panels */
    rnl_product_call **down_calls;     /* (column blocks), or (row blocks, parts) */
    /* Of a mini-batch of more row blocks: */
    rnl_packing turned_packing; /* (units, fan_in) */
    float *turned;
    rnl_product *down;
} rnl_dense_state;

/* A mini-batch of one row block. */
static inline bool rnl_dense_is_whole(const rnl_dense_state *state)
{
    return state->row_blocks == 1;
}

/* Parts of all row blocks. */
static inline size_t rnl_dense_row_tiles(const rnl_dense_state *state)
{
    return state->row_blocks * state->parts;
}

/* Asks for all that the backward phases need, beside the forward pass. */
rnl_status rnl_dense_plan_training(rnl_dense_state *state, rnl_step *step);

/* Turns what a forward tile answers for: some of the panels of its column block's weights, and its
 * rows of some of the inputs.  Nothing where nobody asks for it. */
void rnl_dense_turn_weights(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                            size_t row_tile);
void rnl_dense_turn_inputs(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                           size_t row);

/* The gradients of a range of inputs and a column block, from all rows, and at once the update:
 * planned for all of them, bound by the worker that makes them. */
rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step);
rnl_status rnl_dense_bind_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t range, rnl_step_worker *worker);
rnl_status rnl_dense_make_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t range, rnl_step_worker *worker);
void rnl_dense_make_bias_gradients(const rnl_dense_state *state, const rnl_step_worker *worker,
                                   const rnl_dense_columns *columns);

/* The phase that makes the weights obey the layer's constraint, if it has one. */
rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step);

/* Frees what rnl_dense_plan_training has allocated. */
void rnl_dense_release_training(rnl_dense_state *state);

#endif
