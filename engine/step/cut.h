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
#define RNL_CUT_VERSION 12

/* Columns and inputs are cut at multiples of this: whole vectors, whole cache lines. */
#define RNL_CUT_MULTIPLE 16

/* Row blocks of a mini-batch, `blocks` of `size` rows.  Each shard has as many of them:
 *
 *     shard 0            shard 1            ...
 *     | block | block |  | block | block |       a shard's rows fill its blocks from the front
 */
typedef struct rnl_cut {
    size_t blocks, size;
    size_t shards;
    size_t before, behind; /* shards of other ranks, beside those of this process */
} rnl_cut;

/* A mini-batch in shards is no mini-batch of as many rows: neither its blocks nor the cut of its
 * layers are those of one that is whole. */
rnl_cut rnl_cut_rows(size_t batch, size_t shards);

/* Rows of a shard's blocks. */
static inline size_t rnl_cut_shard_rows(rnl_cut cut)
{
    return cut.blocks / cut.shards * cut.size;
}

/* Tests if other ranks compute some of the shards. */
static inline bool rnl_cut_is_shared(rnl_cut cut)
{
    return cut.before + cut.behind > 0;
}

/* Returns the cut with the rows of all shards. */
static inline rnl_cut rnl_cut_whole(rnl_cut cut)
{
    cut.before = cut.behind = 0;
    return cut;
}

/* Shards that follow each other. */
typedef struct rnl_shard_range {
    size_t first, count;
} rnl_shard_range;

/* Parts of row blocks that this process computes. */
typedef struct rnl_own_parts {
    size_t first, count;
} rnl_own_parts;

rnl_own_parts rnl_cut_own_parts(rnl_cut rows);

/* The shards of a rank: as even a share as there can be, the larger ones first. */
rnl_shard_range rnl_cut_rank(size_t shards, size_t ranks, size_t rank);

/* The rows of a shard: as even a share of a mini-batch as there can be, the larger ones first.  In
 * a shared cut other ranks' shards have none. */
typedef struct rnl_shard {
    size_t row;          /* where its blocks begin in the matrices */
    size_t first;        /* number in the mini-batch of its first row */
    size_t filled, used; /* its rows, without and with those that pad the last block */
} rnl_shard;

rnl_shard rnl_cut_shard(rnl_cut cut, size_t count, size_t shard);

/* The number of shards with at least one of `count` rows, whoever computes them; those without are
 * the last. */
size_t rnl_cut_used_shards(rnl_cut cut, size_t count);

/* The rows in a block of a mini-batch of `count` rows: 0 .. size. */
size_t rnl_cut_filled(rnl_cut cut, size_t count, size_t block);

/* Returns the rows of a part of a block of `size` rows, a divisor of it: phases over rows are
 * shared out by parts. */
size_t rnl_cut_part(size_t size);

/* Parts of all row blocks. */
size_t rnl_cut_parts(rnl_cut rows);

/* Columns in blocks, as even as whole vectors allow. */
typedef struct rnl_column_cut {
    size_t blocks, units;
} rnl_column_cut;

/* Inputs whose gradients are computed by one product.  Of one row block it may take half as many
 * more, so that a short rest has no product of its own. */
#define RNL_CUT_INPUTS 48

/* Inputs in ranges, as even as whole vectors allow.  The bits do not depend on them: a gradient is
 * summed over rows. */
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
