#include "engine/data/row_order.h"

#include "simd/philox.h"

/* Below `bound`, by the upper half of a product; at most 2^-32 away from uniform. */
static uint32_t draw_below(uint64_t seed, uint32_t epoch, uint32_t place, uint64_t bound)
{
    const rnl_philox_block block = rnl_random(seed, (rnl_random_place){
                                                        .purpose = RNL_RANDOM_ROW_ORDER,
                                                        .step = epoch,
                                                        .column = place,
                                                    });
    const uint64_t number = (uint64_t)block.word[1] << 32 | block.word[0];
    return (uint32_t)((unsigned __int128)number * bound >> 64);
}

/* Rows of a part, and where they stand in the order. */
typedef struct part {
    size_t rows, batch, shards, number; /* rows are those of all parts */
} part;

/* Returns the number of rows, or the place in a mini-batch, before a share of `count`. */
static size_t before(size_t count, size_t shards, size_t number)
{
    const size_t longer = count % shards;
    return number * (count / shards) + (number < longer ? number : longer);
}

size_t rnl_row_order_part(size_t rows, size_t shards, size_t number)
{
    return before(rows, shards, number);
}

/* Returns the place in the order of a part's row. */
static size_t place_of(const part *p, size_t row)
{
    if (p->shards == 1)
        return row;
    const size_t each = p->batch / p->shards, begin = row / each * p->batch, left = p->rows - begin;
    return begin + before(left < p->batch ? left : p->batch, p->shards, p->number) + row % each;
}

/* Fisher and Yates's shuffle, as Durstenfeld put it in place. */
static void order_part(uint32_t *order, const part *p, uint64_t seed, uint32_t epoch, bool shuffle)
{
    const size_t first = before(p->rows, p->shards, p->number),
                 count = before(p->rows, p->shards, p->number + 1) - first;
    for (size_t i = 0; i < count; ++i)
        order[place_of(p, i)] = (uint32_t)(first + i);
    if (!shuffle)
        return;
    for (size_t i = count; i-- > 1;) {
        const uint32_t j = draw_below(seed, epoch, (uint32_t)(first + i), i + 1);
        const size_t here = place_of(p, i), there = place_of(p, j);
        const uint32_t kept = order[here];
        order[here] = order[there];
        order[there] = kept;
    }
}

void rnl_row_order_in_shards(uint32_t *order, size_t rows, size_t batch, size_t shards,
                             uint64_t seed, uint32_t epoch, bool shuffle)
{
    for (size_t s = 0; s < shards; ++s)
        order_part(order, &(const part){rows, batch, shards, s}, seed, epoch, shuffle);
}

void rnl_row_order(uint32_t *order, size_t rows, uint64_t seed, uint32_t epoch, bool shuffle)
{
    rnl_row_order_in_shards(order, rows, 1, 1, seed, epoch, shuffle);
}
