/*
 * The canonical cut: how a product over a mini-batch is divided into tiles.  Pure functions of the
 * batch size and the layer's shape alone, never of the workers or the machine, because the bits of
 * the result follow from the cut.
 */
#ifndef RNL_ENGINE_STEP_CUT_H
#define RNL_ENGINE_STEP_CUT_H

#include <stdbool.h>
#include <stddef.h>

/* Raised with every change of the cut, or of what random numbers are keyed by: checkpoints name it.
 */
#define RNL_CUT_VERSION 7

/* All cuts of columns are made at multiples of it: whole vectors, whole cache lines. */
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

/* Rows of a part of a block of `size` rows, a divisor of it: what goes row by row is shared out by
 * parts. */
size_t rnl_cut_part(size_t size);

/* Parts of all row blocks. */
size_t rnl_cut_parts(rnl_cut rows);

/* Columns in blocks, as even as whole vectors allow. */
typedef struct rnl_column_cut {
    size_t blocks, units;
} rnl_column_cut;

/* A dense layer's. */
typedef struct rnl_dense_cut {
    /* Of one row block: the layer is shared out by its column blocks alone.  Else by parts of the
     * rows, too, and the gradients by ranges of inputs. */
    bool by_columns;
    size_t parts, part_rows; /* of the padded rows; by columns, of the forward pass alone */
    rnl_column_cut columns;  /* of the units; each block has its own slice of the weights */
    rnl_column_cut inputs;   /* ranges of which a tile makes the gradients, over all rows */
} rnl_dense_cut;

rnl_dense_cut rnl_cut_dense(rnl_cut rows, size_t fan_in, size_t units);

/* The first unit of a block; of the block after the last, the number of units. */
size_t rnl_cut_column(rnl_column_cut cut, size_t block);

/* Whether, of a column block with several panels, the gradients of each are a product by itself,
 * whose result is packed as it comes: over few rows, unless they are few.  Else it pays to make all
 * in one product, and to pack them. */
bool rnl_cut_by_panels(size_t rows, size_t inputs, size_t units);

static inline size_t rnl_cut_width(rnl_column_cut cut, size_t block)
{
    return rnl_cut_column(cut, block + 1) - rnl_cut_column(cut, block);
}

#endif
