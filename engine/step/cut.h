/*
 * The canonical cut: how a product over a mini-batch is divided into tiles.  Pure functions of the
 * batch size and the layer's width alone, never of the workers or the machine, because the bits of
 * the result follow from the cut.
 */
#ifndef RNL_ENGINE_STEP_CUT_H
#define RNL_ENGINE_STEP_CUT_H

#include <stddef.h>

/* Raised with every change of the cut: checkpoints name it. */
#define RNL_CUT_VERSION 2

/* `blocks` blocks of `size` items, the last one perhaps smaller. */
typedef struct rnl_cut {
    size_t blocks, size;
} rnl_cut;

/* Of a mini-batch into row blocks: each has its own copy of the gradients, so they are few. */
rnl_cut rnl_cut_rows(size_t batch);

/* Of a dense layer's units into column blocks: each has its own slice of the weights. */
rnl_cut rnl_cut_columns(size_t units);

/* The items in a block when `count` items fill the blocks from the front: 0 .. size. */
size_t rnl_cut_filled(rnl_cut cut, size_t count, size_t block);

/* The number of blocks with at least one of `count` items. */
size_t rnl_cut_used(rnl_cut cut, size_t count);

#endif
