#include "engine/step/cut.h"

/* A mini-batch that is no larger is not cut: its products are too small to share by rows, and then
 * no gradient needs a second copy. */
#define UNCUT_ROWS     32
#define ROWS_PER_BLOCK 16
#define MAX_ROW_BLOCKS 4
/* Of a part at least: fewer slow down the products. */
#define FORWARD_ROWS      32
#define BACKWARD_ROWS     64
#define COLUMNS_PER_BLOCK 48
#define MAX_COLUMN_BLOCKS 4
#define COLUMN_MULTIPLE   16

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

rnl_cut rnl_cut_rows(size_t batch)
{
    const size_t blocks =
        batch <= UNCUT_ROWS ? 1 : at_most(divide_up(batch, ROWS_PER_BLOCK), MAX_ROW_BLOCKS);
    const size_t size = divide_up(batch, blocks);
    return (rnl_cut){divide_up(batch, size), size};
}

size_t rnl_cut_filled(rnl_cut cut, size_t count, size_t block)
{
    const size_t begin = block * cut.size;
    return count <= begin ? 0 : at_most(count - begin, cut.size);
}

size_t rnl_cut_used(rnl_cut cut, size_t count)
{
    return at_most(divide_up(count, cut.size), cut.blocks);
}

/* The smallest divisor that is at least `least`, or the whole. */
static size_t part_of(size_t size, size_t least)
{
    size_t part = at_most(least, size);
    while (size % part != 0)
        ++part;
    return part;
}

size_t rnl_cut_forward_part(size_t size)
{
    return part_of(size, FORWARD_ROWS);
}

size_t rnl_cut_backward_part(size_t size)
{
    return part_of(size, BACKWARD_ROWS);
}

/* A power of two, so that as many workers have equal shares. */
rnl_column_cut rnl_cut_columns(size_t units)
{
    size_t blocks = 1;
    while (blocks < MAX_COLUMN_BLOCKS && 2 * blocks * COLUMNS_PER_BLOCK <= units)
        blocks *= 2;
    return (rnl_column_cut){blocks, units};
}

size_t rnl_cut_column(rnl_column_cut cut, size_t block)
{
    const size_t multiples = divide_up(cut.units, COLUMN_MULTIPLE);
    return at_most(block * multiples / cut.blocks * COLUMN_MULTIPLE, cut.units);
}
