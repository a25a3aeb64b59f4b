/*
 * The canonical cut: how a product over a mini-batch is divided into tiles.  Pure functions of the
 * batch size and the layer's width alone, never of the workers or the machine, because the bits of
 * the result follow from the cut.
 */
#ifndef RNL_ENGINE_STEP_CUT_H
#define RNL_ENGINE_STEP_CUT_H

#include <stddef.h>

/* Raised with every change of the cut: checkpoints name it. */
#define RNL_CUT_VERSION 3

/* Row blocks of a mini-batch, `blocks` of `size` rows.  Each has its own copy of the gradients, so
 * they are few. */
typedef struct rnl_cut {
    size_t blocks, size;
} rnl_cut;

rnl_cut rnl_cut_rows(size_t batch);

/* The rows in a block when `count` rows fill the blocks from the front: 0 .. size. */
size_t rnl_cut_filled(rnl_cut cut, size_t count, size_t block);

/* The number of blocks with at least one of `count` rows. */
size_t rnl_cut_used(rnl_cut cut, size_t count);

/* Rows of a part of a block of `size` rows, a divisor of it.  What needs no copies of the
 * gradients, forward and the way down, is shared out by parts. */
size_t rnl_cut_forward_part(size_t size);
size_t rnl_cut_backward_part(size_t size);

/* Column blocks of a dense layer's units, as even as whole vectors allow.  Each has its own slice
 * of the weights. */
typedef struct rnl_column_cut {
    size_t blocks, units;
} rnl_column_cut;

rnl_column_cut rnl_cut_columns(size_t units);

/* The first unit of a block; of the block after the last, the number of units. */
size_t rnl_cut_column(rnl_column_cut cut, size_t block);

static inline size_t rnl_cut_width(rnl_column_cut cut, size_t block)
{
    return rnl_cut_column(cut, block + 1) - rnl_cut_column(cut, block);
}

#endif
