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

#endif
