/*
 * Mixed precision, where `training.precision` is mixed_bfloat16.  In training alone, what products
 * read is rounded to bfloat16 once, where it is produced: the scaled inputs, the output of each
 * layer, each delta, the weights.  All else is float32, and so are the weights that the optimizer
 * updates and that other passes read.
 *
 * A matrix of outputs holds rounded floats, for the layers that work element by element, and beside
 * them pairs (simd/kernels.h) for the products that ask for them.  Each is written by the tile that
 * computed the numbers, while they are in the cache.  In a net of dense layers pairs are enough:
 * the derivatives of activations read the floats out of them.
 *
 *     read          along rows: pairs of columns      down columns: pairs of rows
 *     outputs       forward                           weight gradient
 *     delta         input gradient                    weight gradient
 *     weights       input gradient, transposed        forward
 */
#ifndef RNL_ENGINE_STEP_MIXED_PRECISION_H
#define RNL_ENGINE_STEP_MIXED_PRECISION_H

#include "engine/base/number.h"
#include "engine/kinds/precisions.h"
#include "engine/step/step.h"

static inline bool rnl_step_is_mixed(const rnl_step *step)
{
    return step->given.training &&
           rnl_precision_is_mixed(&step->given.model->config->training.precision);
}

/* Returns what so many operations of products cost, in operations of float32. */
double rnl_step_flops(const rnl_step *step, double flops);

/* Pairs that hold so many numbers. */
static inline size_t rnl_pairs_of(size_t numbers)
{
    return (numbers + 1) / 2;
}

/* ---- matrices over a mini-batch -------------------------------------------------------------- */

/* The last row of a part with an odd number of rows pairs with 0, so that a pair is one tile's. */
typedef struct rnl_pairs {
    rnl_mutable_view by_rows;    /* (padded_rows, pairs of columns); values NULL if none is read */
    rnl_mutable_view by_columns; /* (rows of pairs, columns), likewise */
    bool alone;                  /* in training nobody reads the floats: they are not written */
} rnl_pairs;

/* Returns the row of pairs with this row. */
static inline size_t rnl_pair_row(const rnl_step *step, size_t row)
{
    return row / step->part_rows * rnl_pairs_of(step->part_rows) + row % step->part_rows / 2;
}

/* Returns how many rows from one on are rounded at once: of one part, if it has an odd number of
 * them. */
static inline size_t rnl_pair_rows_together(const rnl_step *step, size_t row, size_t rows)
{
    const size_t part = step->part_rows;
    return part % 2 == 0 ? rows : rnl_least(rows, part - row % part);
}

/* Reserves a matrix that a layer, or the gathering of inputs, computes. */
rnl_status rnl_step_output(rnl_step *step, rnl_matrix *matrix, size_t columns);

/* Reserves the pairs that products of a mixed step read. */
rnl_status rnl_step_read_rows(rnl_step *step, const rnl_matrix *matrix);
rnl_status rnl_step_read_columns(rnl_step *step, const rnl_matrix *matrix);

/* Rounds what a tile of a mixed step has computed, from an even row of a part and an even column
 * on; does nothing in others, or outside of training. */
void rnl_step_round(const rnl_step_worker *worker, const rnl_matrix *matrix, size_t row,
                    size_t rows, size_t column, size_t columns);

/* Rounds numbers that stand elsewhere into a matrix, in training. */
void rnl_step_round_from(const rnl_step *step, const rnl_matrix *matrix, rnl_view x, size_t row,
                         size_t rows, size_t column, size_t columns);

/* Finds the outputs whose pairs are alone, when the forward pass is planned. */
void rnl_step_leave_floats_out(rnl_step *step);

/* Reads floats out of the pairs of columns. */
void rnl_step_read_pairs(const rnl_step *step, const rnl_matrix *matrix, size_t row, size_t rows,
                         size_t column, size_t columns, rnl_mutable_view y);

/* Lists what a tile writes of a matrix, to be fetched: RNL_OUTPUT_FETCHES entries at most.  Returns
 * the end of the list. */
#define RNL_OUTPUT_FETCHES 3
rnl_fetch *rnl_step_list_output(const rnl_step_worker *worker, const rnl_matrix *matrix, size_t row,
                                size_t rows, size_t column, size_t columns, rnl_fetch *list);

/* Lists the pairs of columns. */
rnl_fetch *rnl_step_list_by_columns(const rnl_step *step, rnl_mutable_view pairs, size_t row,
                                    size_t rows, size_t column, size_t columns, rnl_fetch *list);

/* ---- weights --------------------------------------------------------------------------------- */

/* Rounded copies of a block of packed weights. */
typedef struct rnl_weight_pairs {
    rnl_packing packing;         /* of the weights, (inputs, units) */
    rnl_packing forward_packing; /* (pairs of inputs, units) */
    float *forward;
    rnl_packing transposed_packing; /* (pairs of units, inputs) */
    float *transposed;              /* NULL if it is not needed */
} rnl_weight_pairs;

/* Reserves the copies of a block. */
rnl_status rnl_step_weight_pairs(rnl_step *step, rnl_block *block, const rnl_packing *packing,
                                 bool transposed);

/* Rounds weights of a panel from an even row on into the copies. */
void rnl_weight_pairs_write(const rnl_step *step, const rnl_block *block, size_t panel, size_t row,
                            size_t rows);

/* Lists these copies, RNL_COPY_FETCHES entries at most. */
#define RNL_COPY_FETCHES 3
rnl_fetch *rnl_weight_pairs_list(const rnl_block *block, size_t panel, size_t row, size_t rows,
                                 rnl_fetch *list);

/* Rounds all weights of a block, if it has copies. */
void rnl_weight_pairs_write_all(const rnl_step *step, const rnl_block *block);

/* Tests if the tile that updates weights rounds them, too; else a phase at the end does. */
static inline bool rnl_weight_pairs_follow(const rnl_block *block)
{
    return block->pairs && block->updated_by_tile && !block->constrained;
}

/* Adds the phase that rounds weights that clipping or a constraint changes late. */
rnl_status rnl_plan_rounding(rnl_step *step);

#endif
