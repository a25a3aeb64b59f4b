/*
 * Large allocations, refused with the size that they need where the machine cannot hold them:
 * otherwise the system would grant them, and end the process when they are filled.  And huge pages
 * for them: of small ones the processor cannot keep in mind where all are.
 */
#ifndef RNL_ENGINE_STORAGE_MEMORY_LIMIT_H
#define RNL_ENGINE_STORAGE_MEMORY_LIMIT_H

#include "runnel/runnel.h"

/* RNL_NO_MEMORY naming `what` if this many bytes more than the process has are not available by the
 * system's account, or exceed the control group's limit. */
rnl_status rnl_check_memory(const char *what, size_t bytes);

/* Allocates rows x columns elements of `size` bytes, unset, to be freed; `where` is the address of
 * a pointer to them. */
rnl_status rnl_allocate_rows(void *where, const char *what, size_t rows, size_t columns,
                             size_t size);

#define RNL_HUGE_PAGE ((size_t)2 << 20)

/* Asks for huge pages for what is whole pages of it, so that no more becomes resident than is used.
 * Where the system has none, small pages serve. */
void rnl_ask_for_huge_pages(void *memory, size_t bytes);

#endif
