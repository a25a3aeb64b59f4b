/*
 * The dense layer in a step.  W (fan_in, units) is cut into column blocks, each packed in panels
 * (engine/product/packing.h).  For a panel P of a column block and a part p of the rows:
 *
 *     forward:   z = x_p W_P;  y_pP = f(z + b_P)
 *     backward:  delta = (sum of upstream partials, or a panel given) * f'(y), packed
 *                dx = delta W', the input gradient
 *                dW = x' delta, for some inputs and a panel
 *                db = sum of delta's rows
 *
 * Each is a product as in engine/product/product.h.  Results stay in the worker's buffer, which is
 * small, until the activation or the optimizer has read them.  Of the operands W is transposed, and
 * on AVX2 x for the gradients of many rows, some inputs at a time.  One phase computes delta and
 * dx, for which the preceding layer waits; another computes dW, for which no layer waits.
 *
 * A layer cut by columns has a tile for each column block, and dx is a set of partial products that
 * the preceding layer sums.  A worker transposes W_c into its own buffer, so a block's weights
 * never leave its core.
 *
 * A layer cut by rows is one column block.  It has tiles for each part of the rows and group of
 * panels, and for dW one for each range of inputs and group of panels.  These transpose the weights
 * that they have updated, for all workers; weights that change later are transposed by the forward
 * tiles.  dx goes to a dense layer before panel by panel, which computes its delta of it at once.
 * Tiles are shared out by rows; where weights are more than what goes in and out, by slices, so
 * that a worker's weights stay in its cache.
 *
 * In both, gradients are summed over all rows by one worker, which then updates the weights.
 *
 * In mixed precision these products read pairs of bfloat16 (engine/step/mixed_precision.h).  Delta
 * is rounded, some rows at a time, into both forms that they read.  No phase transposes weights:
 * their update writes the rounded copies, the transposed one too.
 */
#ifndef RNL_ENGINE_LAYERS_DENSE_DENSE_STATE_H
#define RNL_ENGINE_LAYERS_DENSE_DENSE_STATE_H

#include "engine/kinds/activations.h"
#include "engine/layers/dense/dense.h"
#include "engine/step/mixed_precision.h"
#include "threading/assignment.h"

/* A column block. */
typedef struct rnl_dense_columns {
    size_t first, count; /* units */
    rnl_packing packing; /* of its weights, (fan_in, count) */
    rnl_block *weights;
    rnl_product forward;
    /* Only in training: */
    rnl_packing delta_packing;      /* (padded rows, count), uniform */
    float *delta;                   /* in a layer cut by columns, in its worker's buffer */
    rnl_packing transposed_packing; /* of its transposed weights, (count, fan_in) */
    rnl_product gradients, input_gradient;
    rnl_product gradients_by_rows; /* of transposed inputs; without kernels where it is not used */
    /* In mixed precision delta_packing is of (rows of pairs, count), transposed_packing that of the
     * transposed copy of the weights, and delta lies also by rows: */
    rnl_product mixed_forward;
    float *delta_rows; /* (padded rows, pairs of count) */
    size_t delta_stride;
} rnl_dense_columns;

/* Panels of a column block that make a tile: of a layer cut by columns all panels of a block. */
typedef struct rnl_dense_slice {
    const rnl_dense_columns *columns;
    size_t begin, end; /* panels */
} rnl_dense_slice;

struct rnl_dense_state;

/* One half of the rows in the forward pass. */
typedef struct rnl_dense_half {
    struct rnl_dense_state *state;
    size_t part;
} rnl_dense_half;

/* State of a layer cut by columns.  In training a worker's buffer holds, in floats:
 *
 *      0         delta_at                weights_at
 *      | scratch | delta of its blocks   | W_c' of one block
 *                  packed, delta_floats    packed
 *                  apart */
typedef struct rnl_dense_by_columns {
    rnl_dense_half halves[2];
    bool reversed; /* column blocks are assigned from the last worker on */
    size_t delta_at, delta_floats, weights_at;
} rnl_dense_by_columns;

typedef struct rnl_dense_state {
    const rnl_layer *layer;
    size_t fan_in, units;
    rnl_dense_cut cut;
    bool keeps_weights;  /* cut by rows, but workers keep slices of the weights, not rows */
    size_t joined_parts; /* that one product may take */
    rnl_own_parts own;
    rnl_bound_activation activation;
    rnl_dense_columns *blocks; /* (column blocks) */
    size_t slices;
    rnl_block *bias;                 /* NULL if the layer has none */
    bool learns_kernel, learns_bias; /* in training: their gradients are computed */
    const rnl_matrix *input;
    rnl_matrix output;
    rnl_matrix kept;       /* slopes, in training; only for an activation that keeps them */
    size_t forward_phases; /* phases up to the layer's own */
    size_t scratch;        /* floats of a worker's buffer, for results of products */
    rnl_dense_by_columns by_columns;
    float *transposed; /* W', packed, of a layer cut by rows; NULL if the input gradient is not
                          needed, and in mixed precision */
    bool transposes_updated; /* the tile that updates weights transposes them, too; else the forward
                                phase does */
    /* In training, for trained layers and those after the first of them: */
    rnl_taker taker;                   /* of a layer cut by rows */
    rnl_upstream upstream, downstream; /* downstream has 0 partials if its gradient is not needed */
} rnl_dense_state;

/* Tests if the weights' transposed copy is made by the forward phase. */
static inline bool rnl_dense_transposes_forward(const rnl_dense_state *state)
{
    return !state->cut.by_columns && state->blocks[0].transposed_packing.panels > 0 &&
           !state->blocks[0].weights->pairs && !state->transposes_updated;
}

/* What the derivative reads of the forward pass, where that left floats. */
static inline const rnl_matrix *rnl_dense_left_by_forward(const rnl_dense_state *state)
{
    return state->activation.keeps_slope ? &state->kept : &state->output;
}

/* Tests if the derivative reads the output out of its pairs. */
static inline bool rnl_dense_reads_pairs(const rnl_dense_state *state)
{
    return state->output.pairs && state->output.pairs->alone && !state->activation.keeps_slope;
}

/* Panels of all column blocks. */
static inline size_t rnl_dense_panels(const rnl_dense_state *state)
{
    size_t panels = 0;
    for (size_t c = 0; c < state->cut.columns.blocks; ++c)
        panels += state->blocks[c].packing.panels;
    return panels;
}

/* Reserves at least so many floats of scratch in a worker's buffer. */
static inline void rnl_dense_need(rnl_dense_state *state, size_t floats)
{
    if (state->scratch < floats)
        state->scratch = floats;
}

static inline rnl_dense_slice rnl_dense_slice_of(const rnl_dense_state *state, size_t slice)
{
    const rnl_dense_columns *columns = &state->blocks[state->cut.by_columns ? slice : 0];
    const size_t panels = columns->packing.panels;
    if (state->cut.by_columns)
        return (rnl_dense_slice){columns, 0, panels};
    return (rnl_dense_slice){columns, slice * panels / state->slices,
                             (slice + 1) * panels / state->slices};
}

/* Returns the worker that owns a column block of a layer cut by columns. */
static inline size_t rnl_dense_columns_owner(const void *self, size_t column_block, size_t workers)
{
    const rnl_dense_state *state = self;
    const size_t share = rnl_share_owner(state->cut.columns.blocks, workers, column_block);
    return state->by_columns.reversed ? workers - 1 - share : share;
}

/* Parts that follow each other, of which all or none have rows of the mini-batch. */
typedef struct rnl_dense_parts {
    size_t count;
    bool filled;
} rnl_dense_parts;

/* Returns the parts from one on, `most` of them at most. */
rnl_dense_parts rnl_dense_parts_from(const rnl_dense_state *state, const rnl_step_worker *worker,
                                     size_t part, size_t most);

/* ---- forward (dense_forward.c) --------------------------------------------------------------- */

/* Adds the forward phase, or one for each half of the rows. */
rnl_status rnl_dense_add_forward(rnl_dense_state *state, rnl_step *step);

/* ---- backward (dense_backward.c) ------------------------------------------------------------- */

/* Plans the input gradient of a column block, whose delta is planned. */
void rnl_dense_plan_input_gradient(rnl_dense_state *state, rnl_step *step,
                                   rnl_dense_columns *columns);

/* Adds the phase of delta and the input gradient. */
rnl_status rnl_dense_add_delta(rnl_dense_state *state, rnl_step *step);

/* ---- weight gradients and their update (dense_gradients.c) ----------------------------------- */

rnl_status rnl_dense_plan_gradients(rnl_dense_state *state, rnl_step *step,
                                    rnl_dense_columns *columns);

/* Adds the phase of the gradients, which trails. */
rnl_status rnl_dense_add_gradients(rnl_dense_state *state, rnl_step *step);

/* Returns the rows of a shard, in mixed precision those of pairs. */
static inline size_t rnl_dense_shard_rows(const rnl_dense_columns *columns, const rnl_step *step)
{
    const size_t rows = rnl_cut_shard_rows(step->rows);
    return columns->weights->pairs ? rnl_pair_row(step, rows) : rows;
}

/* ---- what an update reads and writes (dense_fetches.c) --------------------------------------- */

/* Arrays, and rounded copies or the transposed weights of two panels at most. */
#define RNL_DENSE_UPDATE_FETCHES (RNL_BEST + RNL_COPY_FETCHES)

/* Lists what the update of some inputs' weights in a panel reads and writes, to be fetched:
 * RNL_DENSE_UPDATE_FETCHES entries at most.  Returns the end of the list. */
rnl_fetch *rnl_dense_list_update(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                 size_t panel, size_t input, size_t inputs, rnl_fetch *list);

/* ---- bias gradients and their update (dense_bias.c) ------------------------------------------ */

/* Sums the rows of a panel of delta. */
rnl_status rnl_dense_bias_gradients(const rnl_dense_state *state, const rnl_dense_columns *columns,
                                    size_t panel, const rnl_step_worker *worker);

/* ---- tied weights (dense_tied.c) ------------------------------------------------------------- */

/* Tests if gradients of the kernel are kept, and updated by a phase of their own: it is another
 * layer's, too. */
static inline bool rnl_dense_is_tied(const rnl_dense_state *state)
{
    return state->layer->tied_to || state->layer->shared;
}

/* Reserves the gradients of a tied layer's kernel, which is not updated itself. */
rnl_status rnl_dense_reserve_tied(rnl_step *step, rnl_block *weights);

/* Requests the phases that add a tied layer's gradient to the other's, and let its weights
 * follow. */
rnl_status rnl_dense_plan_tie(rnl_dense_state *state, rnl_step *step);

/* ---- delta (dense_delta.c) ------------------------------------------------------------------- */

/* Rows of delta. */
typedef struct rnl_dense_rows {
    size_t begin, end;
} rnl_dense_rows;

/* Some panels of some rows of delta, and the gradient with respect to the output there. */
typedef struct rnl_dense_piece {
    size_t begin, end; /* panels */
    size_t row, rows;
    rnl_partials gradient;
} rnl_dense_piece;

/* Computes a piece of a column block's delta, packed; in mixed precision rounded, in both forms,
 * by way of a buffer. */
void rnl_dense_compute_piece(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             rnl_dense_piece piece, float *buffer, const rnl_step *step);

/* Returns the floats of the buffer for pieces of up to so many units. */
size_t rnl_dense_rounded_floats(size_t most_units);

/* Computes delta of some rows of a column block, of the upstream matrices. */
void rnl_dense_compute_delta(const rnl_dense_state *state, const rnl_dense_columns *columns,
                             size_t row, size_t rows, const rnl_step_worker *worker);

/* Sets delta to 0 in padding rows, which have no part in the gradients. */
void rnl_dense_clear_delta(const rnl_dense_columns *columns, const rnl_step *step, size_t row,
                           size_t rows);

/* ---- input gradients given from layer to layer (dense_given.c) ------------------------------- */

/* Plans the taker that computes delta of the gradient that the next layer gives. */
void rnl_dense_plan_taker(rnl_dense_state *state);

/* Plans the input gradient for the taker before. */
void rnl_dense_plan_given(rnl_dense_state *state, rnl_step *step);

/* Computes the input gradient of some rows and gives it to the taker. */
rnl_status rnl_dense_give(const rnl_dense_state *state, size_t row, size_t rows,
                          const rnl_step_worker *worker);

/* ---- mixed precision (dense_mixed.c) --------------------------------------------------------- */

/* Plans the rounded weights and the forward products of all column blocks. */
rnl_status rnl_dense_plan_mixed(rnl_dense_state *state, rnl_step *step);

/* Plans the forms of delta of a column block. */
void rnl_dense_plan_mixed_delta(rnl_dense_state *state, rnl_step *step, rnl_dense_columns *columns);

/* Returns where delta by rows lies behind the packed one. */
size_t rnl_dense_delta_rows_at(const rnl_dense_columns *columns);

/* ---- transposed weights (dense_transpose.c) -------------------------------------------------- */

/* Transposes one part's share of a slice's weights, if they are needed. */
void rnl_dense_transpose_part(const rnl_dense_state *state, const rnl_step *step,
                              const rnl_dense_slice *slice, size_t part);

/* Returns where the transposed weights of a panel begin, of an input. */
rnl_mutable_view rnl_dense_transposed_at(const rnl_dense_columns *columns, size_t panel,
                                         size_t input, float *transposed);

/* Transposes the weights of a panel from an input on, if they are needed. */
void rnl_dense_transpose_inputs(const rnl_dense_state *state, const rnl_step *step, size_t panel,
                                size_t input, size_t inputs);

/* Transposes the weights of a column block into a buffer. */
void rnl_dense_transpose_weights(const rnl_dense_columns *columns, const rnl_step *step,
                                 float *transposed);

/* ---- constraint (dense_constraint.c) --------------------------------------------------------- */

/* Requests the phase that enforces the layer's constraint, if it has one. */
rnl_status rnl_dense_plan_constraint(const rnl_dense_state *state, rnl_step *step);

#endif
