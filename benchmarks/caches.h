/*
 * The sizes of the data caches that a core uses.
 */
#ifndef RNL_BENCHMARKS_CACHES_H
#define RNL_BENCHMARKS_CACHES_H

#include <stddef.h>

/* Bytes of the data cache of a level, 1 to 3, of processor 0; a usual size where the machine does
 * not tell.  *sharing: processors that share it. */
size_t rnl_cache_size(int level, size_t *sharing);

#endif
