#include "engine/step/cut.h"

#include "engine/base/number.h"

#define FEW_ROWS          32 /* up to so many rows are one row block */
#define ROWS_PER_BLOCK    32
#define MAX_ROW_BLOCKS    4
#define ROWS_PER_PART     64 /* at least: products of fewer rows are slower */
#define ROWS_PER_HALF     16 /* at least, in a mini-batch of one row block */
#define COLUMNS_PER_BLOCK 48
#define MAX_COLUMN_BLOCKS 4
#define MAX_INPUT_RANGES  8

static size_t blocks_of(size_t batch)
{
    return batch <= FEW_ROWS ? 1 : rnl_least(rnl_divide_up(batch, ROWS_PER_BLOCK), MAX_ROW_BLOCKS);
}

/* There are as many parts as shards at least, so that a block is as large as a part. */
static size_t blocks_of_shard(size_t rows)
{
    return rows < 2 * ROWS_PER_PART ? 1 : rnl_least(rows / ROWS_PER_PART, MAX_ROW_BLOCKS);
}

rnl_cut rnl_cut_rows(size_t batch, size_t shards)
{
    const size_t rows = rnl_divide_up(batch, shards);
    const size_t blocks = shards == 1 ? blocks_of(rows) : blocks_of_shard(rows);
    const size_t size = rnl_divide_up(rows, blocks);
    return (rnl_cut){shards * rnl_divide_up(rows, size), size, shards, 0, 0};
}

rnl_shard_range rnl_cut_rank(size_t shards, size_t ranks, size_t rank)
{
    const size_t share = shards / ranks, longer = shards % ranks;
    return (rnl_shard_range){rank * share + rnl_least(rank, longer), share + (rank < longer)};
}

rnl_shard rnl_cut_shard(rnl_cut cut, size_t count, size_t shard)
{
    const size_t share = count / cut.shards, longer = count % cut.shards;
    const bool own = shard >= cut.before && shard < cut.shards - cut.behind;
    const size_t filled = own ? share + (shard < longer) : 0;
    return (rnl_shard){
        .row = shard * rnl_cut_shard_rows(cut),
        .first = shard * share + rnl_least(shard, longer),
        .filled = filled,
        .used = rnl_divide_up(filled, cut.size) * cut.size,
    };
}

size_t rnl_cut_used_shards(rnl_cut cut, size_t count)
{
    return rnl_least(cut.shards, count);
}

size_t rnl_cut_filled(rnl_cut cut, size_t count, size_t block)
{
    const size_t each = cut.blocks / cut.shards, begin = block % each * cut.size;
    const size_t rows = rnl_cut_shard(cut, count, block / each).filled;
    return rows <= begin ? 0 : rnl_least(rows - begin, cut.size);
}

/* Returns the smallest divisor that is large enough, or the whole. */
size_t rnl_cut_part(size_t size)
{
    size_t part = rnl_least(ROWS_PER_PART, size);
    while (size % part != 0)
        ++part;
    return part;
}

size_t rnl_cut_parts(rnl_cut rows)
{
    return rows.blocks * (rows.size / rnl_cut_part(rows.size));
}

rnl_own_parts rnl_cut_own_parts(rnl_cut rows)
{
    const size_t each = rnl_cut_parts(rows) / rows.shards;
    return (rnl_own_parts){rows.before * each, (rows.shards - rows.before - rows.behind) * each};
}

/* A power of two, so that as many workers have equal shares. */
static rnl_column_cut cut_evenly(size_t columns, size_t least, size_t most)
{
    size_t blocks = 1;
    while (2 * blocks <= most && 2 * blocks * least <= columns)
        blocks *= 2;
    return (rnl_column_cut){blocks, columns};
}

static rnl_input_cut cut_inputs(size_t inputs, size_t most)
{
    const size_t chunks = rnl_divide_up(inputs, RNL_CUT_INPUTS);
    return (rnl_input_cut){rnl_least(chunks, most), inputs};
}

/* A mini-batch of one row block gives all weights of a column block to one worker, so only
 * activations travel between cores.  Cutting its rows into two halves hides that travel behind the
 * products of the other half. */
rnl_dense_cut rnl_cut_dense(rnl_cut rows, size_t fan_in, size_t units)
{
    const bool by_columns = rows.blocks == 1 && rows.shards == 1;
    const rnl_column_cut columns =
        cut_evenly(units, COLUMNS_PER_BLOCK, by_columns ? MAX_COLUMN_BLOCKS : 1);
    const bool in_halves = by_columns && columns.blocks > 1 && rows.size % (2 * ROWS_PER_HALF) == 0;
    return (rnl_dense_cut){
        .by_columns = by_columns,
        .part_rows = in_halves ? rows.size / 2 : rnl_cut_part(rows.size),
        .parts = in_halves ? 2 : rnl_cut_parts(rows),
        .columns = columns,
        .inputs = cut_inputs(fan_in, by_columns ? 1 : MAX_INPUT_RANGES),
    };
}

/* Returns where a share begins of several that are as even as RNL_CUT_MULTIPLE allows. */
static size_t begin_of(size_t share, size_t shares, size_t count)
{
    const size_t multiples = rnl_divide_up(count, RNL_CUT_MULTIPLE);
    return rnl_least(share * multiples / shares * RNL_CUT_MULTIPLE, count);
}

size_t rnl_cut_input(rnl_input_cut cut, size_t range)
{
    return begin_of(range, cut.ranges, cut.inputs);
}

size_t rnl_cut_column(rnl_column_cut cut, size_t block)
{
    return begin_of(block, cut.blocks, cut.units);
}
