/*
 * The dense layer in a step, with W (fan_in, units) in column blocks.  For column block c of the
 * canonical cut, and part p of the rows:
 *
 * forward:   z = x_p W_c;  y_pc = f(z + b_c)
 * backward:  delta = (sum of upstream partials) * f'(y)
 *            dW = x' delta, for a range of inputs and a column block;  db = sum of delta's rows
 *            dx = delta W'
 *
 * All three are products of one form (engine/product/product.h), for which the backward pass needs
 * x and W turned.
 *
 * Delta and dx, for which the layer below waits, are one phase, and dW, for which none does, is
 * another.  A layer that is cut by columns goes column block by column block in all of them, and dx
 * is partial products that the layer below adds up.  A worker turns what it needs into its own
 * buffer, so the weights of a block never leave the worker's core.  Another layer goes by parts of
 * the rows, and in dW by ranges of inputs and column blocks; its forward tiles turn inputs and
 * weights for all workers.  Either way a gradient is made of all rows at once, and its weights are
 * updated at once.
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
    /* In training: */
    size_t first_panel;        /* of the layer's panels */
    rnl_packing delta_packing; /* (padded rows, count) */
    float *delta;              /* packed; of a layer cut by columns in its worker's buffer */
    /* Of a layer cut by columns: */
    rnl_packing turned_packing; /* (count, fan_in) */
    bool turns_inputs;          /* the first of its worker's blocks */
} rnl_dense_columns;

struct rnl_dense_state;

/* Of a layer cut by columns: a half of the rows, forward. */
typedef struct rnl_dense_half {
    struct rnl_dense_state *state;
    size_t part;
} rnl_dense_half;

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
    rnl_dense_half halves[2];
    size_t forward_phases; /* up to its own */
    bool reversed;         /* column blocks go to the workers from the last on */
    /* In training, from the first layer that is trained: */
    rnl_upstream upstream, downstream; /* downstream has 0 partials if nobody asks for it */
    size_t panels;                     /* of all column blocks */
    rnl_product_call **gradient_calls; /* (ranges, panels), for some of the panels */
    rnl_product_call **down_calls;     /* (column blocks), or (parts) */
    /* Of a layer cut by columns, where in a worker's buffer the packed deltas of its blocks,
     * `delta_floats` each, the turned weights of one, and all inputs turned, (fan_in, padded rows),
     * stand behind `made` floats: delta row by row, later gradients. */
    size_t made, delta_at, delta_floats, turned_at, inputs_at;
    /* Of another: */
    float *inputs_turned;       /* (fan_in, padded rows) */
    rnl_packing turned_packing; /* (units, fan_in) */
    float *turned;
} rnl_dense_state;

/* Floats, in whole cache lines. */
static inline size_t rnl_dense_in_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* Asks that a worker's buffer has room for this many floats of delta or gradients. */
static inline void rnl_dense_need(rnl_dense_state *state, size_t floats)
{
    if (state->made < floats)
        state->made = floats;
}

/* The worker that keeps a column block of a layer cut by columns: from the first worker on, or from
 * the last. */
size_t rnl_dense_columns_owner(const void *state, size_t column_block, size_t workers);

/* Asks for all that the backward phases need, beside the forward pass. */
rnl_status rnl_dense_plan_training(rnl_dense_state *state, rnl_step *step);

/* Turns a part of what the workers share: some of the panels of a column block's weights and, of
 * filled rows, the part's of some of the inputs.  Nothing where nobody asks for it. */
void rnl_dense_turn_part(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                         size_t part, bool filled);

/* Turns the weights of a column block, and all inputs, into a buffer. */
void rnl_dense_turn_weights(const rnl_dense_state *state, const rnl_step *step, size_t column_block,
                            float *turned);
void rnl_dense_turn_inputs(const rnl_dense_state *state, const rnl_step *step, float *turned);

/* The gradients of a range of inputs and a column block, from all rows, and at once the update:
 * planned for all of them, bound by the worker that makes them. */
rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step);
rnl_status rnl_dense_bind_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t range, rnl_step_worker *worker);
rnl_status rnl_dense_make_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t range, rnl_step_worker *worker);

rnl_phase_cost rnl_dense_gradients_cost(const rnl_dense_state *state, const rnl_step *step);

void rnl_dense_make_bias_gradients(const rnl_dense_state *state, const rnl_step_worker *worker,
                                   const rnl_dense_columns *columns);

/* The phase that makes the weights obey the layer's constraint, if it has one. */
rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step);

/* Frees what rnl_dense_plan_training has allocated. */
void rnl_dense_release_training(rnl_dense_state *state);

#endif
