/*
 * Memory in the way: what is allocated behind it lies elsewhere than the time before, in other
 * pages and at other cache lines.  A measurement that is repeated over it covers what placement
 * costs, which otherwise is the same within a process and another in the next.
 */
#ifndef RNL_BENCHMARKS_SCATTERED_H
#define RNL_BENCHMARKS_SCATTERED_H

#include <stddef.h>
#include <stdint.h>

typedef struct rnl_scattered {
    void *pages; /* mapped and touched */
    size_t bytes;
    void *lines; /* of the heap */
} rnl_scattered;

/* Takes a number of pages, up to 4 MB, and of cache lines, both drawn.  Takes less where there is
 * no memory. */
void rnl_scattered_take(rnl_scattered *scattered, uint64_t *state);
void rnl_scattered_release(rnl_scattered *scattered);

#endif
