/*
 * The bandwidth of main memory.
 */
#ifndef RNL_BENCHMARKS_TRIAD_H
#define RNL_BENCHMARKS_TRIAD_H

#include "simd/kernels.h"

/* Bytes per second of a = b + s c over arrays that no cache holds, all workers together: the better
 * of plain stores, which read the line that they write into, 16 bytes for each element, and stores
 * around the cache, 12.  0 for an instruction set without loops. */
double rnl_triad_bandwidth(rnl_isa isa, size_t threads);

#endif
