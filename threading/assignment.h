/*
 * Which tiles of a grid a worker computes.  The grid follows from the layer and the batch alone;
 * the number of workers only decides who computes a tile.
 */
#ifndef RNL_THREADING_ASSIGNMENT_H
#define RNL_THREADING_ASSIGNMENT_H

#include <stddef.h>

/* The worker that has an item of `count`: shares are contiguous, in the order of the workers, and
 * balanced to within one. */
size_t rnl_share_owner(size_t count, size_t workers, size_t item);

/* The same where `own` items from `first` on are shared out by themselves, and all others, too. */
size_t rnl_share_owner_apart(size_t count, size_t first, size_t own, size_t workers, size_t item);

#endif
