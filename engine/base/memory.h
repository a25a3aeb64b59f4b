/*
 * Large allocations, from one budget: the bytes that engine/base/memory_left.h finds.  Larger
 * requests are refused with their size; the system would grant them, and end the process when their
 * pages are written.  Only written pages count as used, so a caller that allocates several arrays
 * before it fills them requests their sum at once.  Large arrays get huge pages: with small pages
 * they exceed the TLB.
 */
#ifndef RNL_ENGINE_BASE_MEMORY_H
#define RNL_ENGINE_BASE_MEMORY_H

#include "runnel/runnel.h"

#include <stdbool.h>

/* Fails with RNL_NO_MEMORY, naming `what`, its size and the limit, if the process cannot get this
 * many more bytes. */
rnl_status rnl_require_memory(const char *what, size_t bytes);

/* Does the same, but skips the check for less than a megabyte. */
rnl_status rnl_check_memory(const char *what, size_t bytes);

/* Lets malloc set up what it keeps for the calling thread.  At a thread's first call glibc reserves
 * 64 MB of address space, which must not happen between a check and what relies on it. */
rnl_status rnl_settle_thread(void);

/* Adds rows x columns x size to the sum; false if it cannot be addressed. */
bool rnl_add_bytes(size_t *sum, size_t rows, size_t columns, size_t size);

/* Allocates rows x columns uninitialized elements of `size` bytes, freed with free.  `where` is the
 * address of a pointer to the elements. */
rnl_status rnl_allocate_rows(void *where, const char *what, size_t rows, size_t columns,
                             size_t size);

/* Does the same with zeroed pages, already written. */
rnl_status rnl_allocate_zeros(void *where, const char *what, size_t rows, size_t columns,
                              size_t size);

/* Reserves address space for rows x columns zeros, of which pages that are written become memory:
 * `bytes` in all, 0 after a failure.  Freed with rnl_unmap. */
rnl_status rnl_map_rows(void *where, const char *what, size_t rows, size_t columns, size_t size,
                        size_t *bytes);
void rnl_unmap(void *memory, size_t bytes);

/* Grows the array by half its capacity; only the additional bytes are requested. */
rnl_status rnl_grow(void *where, const char *what, size_t *capacity, size_t size);

#define RNL_HUGE_PAGE ((size_t)2 << 20)

/* Requests huge pages for the whole huge pages inside the block, so that no more becomes resident
 * than is used.  Where the system has none, small pages serve. */
void rnl_ask_for_huge_pages(void *memory, size_t bytes);

#endif
