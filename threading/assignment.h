/*
 * Which tiles of a grid a worker computes.  The grid follows from the layer and the batch alone;
 * the number of workers only decides who computes a tile.
 */
#ifndef RNL_THREADING_ASSIGNMENT_H
#define RNL_THREADING_ASSIGNMENT_H

#include <stddef.h>

typedef struct rnl_range {
    size_t begin, end;
} rnl_range;

/* The worker's share of `count` items: contiguous, balanced to within one, all items once. */
rnl_range rnl_share(size_t count, size_t workers, size_t worker);

#endif
