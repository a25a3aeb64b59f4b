/*
 * Large allocations, out of one budget: what engine/base/memory_left.h finds.  Beyond it they are
 * refused with the size that they need; otherwise the system would grant them, and end the process
 * when they are filled.  What counts as used are pages that have been written: who asks for memory
 * that others write later asks for all of it in one sum.  And huge pages: of small ones the
 * processor cannot keep in mind where all are.
 */
#ifndef RNL_ENGINE_BASE_MEMORY_H
#define RNL_ENGINE_BASE_MEMORY_H

#include "runnel/runnel.h"

#include <stdbool.h>

/* RNL_NO_MEMORY naming `what`, the size, and what limits it, if this many bytes more than the
 * process has are not left. */
rnl_status rnl_require_memory(const char *what, size_t bytes);

/* The same; less than a megabyte is not looked at. */
rnl_status rnl_check_memory(const char *what, size_t bytes);

/* Adds rows x columns x size; false where that is more than can be addressed. */
bool rnl_add_bytes(size_t *sum, size_t rows, size_t columns, size_t size);

/* Allocates rows x columns elements of `size` bytes, unset, to be freed; `where` is the address of
 * a pointer to them. */
rnl_status rnl_allocate_rows(void *where, const char *what, size_t rows, size_t columns,
                             size_t size);

/* The same, 0 and written. */
rnl_status rnl_allocate_zeros(void *where, const char *what, size_t rows, size_t columns,
                              size_t size);

/* Makes room for more elements of `size` bytes, by half; what is asked for is what it adds. */
rnl_status rnl_grow(void *where, const char *what, size_t *capacity, size_t size);

#define RNL_HUGE_PAGE ((size_t)2 << 20)

/* Asks for huge pages for what is whole pages of it, so that no more becomes resident than is used.
 * Where the system has none, small pages serve. */
void rnl_ask_for_huge_pages(void *memory, size_t bytes);

#endif
