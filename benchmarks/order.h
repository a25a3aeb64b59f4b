/*
 * Orders of contenders, drawn anew for each round.
 */
#ifndef RNL_BENCHMARKS_ORDER_H
#define RNL_BENCHMARKS_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* A state to begin with, by the clock. */
uint64_t rnl_order_seed(void);

/* Draws an order of `count` numbers from 0. */
void rnl_order_draw(size_t *order, size_t count, uint64_t *state);

#endif
