/*
 * The canonical cut: how a product over a mini-batch is divided into tiles.  Pure functions of the
 * batch size and the layer's shape alone, never of the workers or the machine, because the bits of
 * the result follow from the cut.
 */
#ifndef RNL_ENGINE_STEP_CUT_H
#define RNL_ENGINE_STEP_CUT_H

#include <stdbool.h>
#include <stddef.h>

/* Incremented with every change of the cut, of an order of summation, of a function of trained
 * numbers, or of the keys of random numbers: checkpoints record it. */
#define RNL_CUT_VERSION 9

/* Columns are cut at multiples of this: whole vectors, whole cache lines. */
#define RNL_CUT_MULTIPLE 16

/* Row blocks of a mini-batch, `blocks` of `size` rows. */
typedef struct rnl_cut {
    size_t blocks, size;
} rnl_cut;

rnl_cut rnl_cut_rows(size_t batch);

/* The rows in a block when `count` rows fill the blocks from the front: 0 .. size. */
size_t rnl_cut_filled(rnl_cut cut, size_t count, size_t block);

/* The number of blocks with at least one of `count` rows. */
size_t rnl_cut_used(rnl_cut cut, size_t count);

/* Returns the rows of a part of a block of `size` rows, a divisor of it: phases over rows are
 * shared out by parts. */
size_t rnl_cut_part(size_t size);

/* Parts of all row blocks. */
size_t rnl_cut_parts(rnl_cut rows);

/* Columns in blocks, as even as whole vectors allow. */
typedef struct rnl_column_cut {
    size_t blocks, units;
} rnl_column_cut;

/* Inputs whose gradients are computed by one product. */
#define RNL_CUT_INPUTS 48

/* Inputs in ranges of whole chunks of RNL_CUT_INPUTS. */
typedef struct rnl_input_cut {
    size_t ranges, inputs;
} rnl_input_cut;

/* Returns the first input of a range; for the range after the last, the number of inputs. */
size_t rnl_cut_input(rnl_input_cut cut, size_t range);

/* A dense layer's. */
typedef struct rnl_dense_cut {
    /* One row block: the layer is shared out only by its column blocks.  Otherwise by parts of the
     * rows, too, and its gradients by ranges of inputs. */
    bool by_columns;
    size_t parts, part_rows; /* of the padded rows; by columns, only in the forward pass */
    rnl_column_cut columns;  /* of the units; each block has its own slice of the weights */
    rnl_input_cut inputs;    /* a tile computes the gradients of a range, over all rows */
} rnl_dense_cut;

rnl_dense_cut rnl_cut_dense(rnl_cut rows, size_t fan_in, size_t units);

/* Returns the first unit of a block; for the block after the last, the number of units. */
size_t rnl_cut_column(rnl_column_cut cut, size_t block);

static inline size_t rnl_cut_width(rnl_column_cut cut, size_t block)
{
    return rnl_cut_column(cut, block + 1) - rnl_cut_column(cut, block);
}

#endif
