/*
 * The order in which an epoch takes its rows: a function of the seed and the epoch alone.
 */
#ifndef RNL_ENGINE_DATA_ROW_ORDER_H
#define RNL_ENGINE_DATA_ROW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills `order` with the numbers below `rows`, in random order or as they come. */
void rnl_row_order(uint32_t *order, size_t rows, uint64_t seed, uint32_t epoch, bool shuffle);

/* The same for mini-batches of `batch` rows in shards, a divisor of it.  The rows are cut into as
 * many parts, as even as can be, the larger ones first; a part feeds its shard, and its rows keep
 * to it:
 *
 *     rows     | part 0          | part 1          |
 *     order    | shard 0 shard 1 | shard 0 shard 1 | ...     a mini-batch after the other
 */
void rnl_row_order_in_shards(uint32_t *order, size_t rows, size_t batch, size_t shards,
                             uint64_t seed, uint32_t epoch, bool shuffle);

/* Returns the first row of a part; for the part after the last, the number of rows. */
size_t rnl_row_order_part(size_t rows, size_t shards, size_t number);

#endif
