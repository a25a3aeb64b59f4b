#include "engine/base/memory.h"

#include "engine/base/error.h"
#include "engine/base/memory_left.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Smaller requests are not checked against the limits; malloc reports their failure. */
#define WORTH_A_LOOK ((size_t)1 << 20)

/* Page tables take one part in 512 of what they map. */
#define PAGE_TABLES 512

#define SIZE_TEXT   32

static void print_size(char text[SIZE_TEXT], uint64_t bytes)
{
    const bool large = bytes >= 1000000000;
    snprintf(text, SIZE_TEXT, "%.1f %s", (double)bytes / (large ? 1e9 : 1e6), large ? "GB" : "MB");
}

rnl_status rnl_fail_memory(size_t bytes)
{
    const rnl_memory_left left = rnl_memory_left_under("");
    char there[SIZE_TEXT], limit[SIZE_TEXT];
    if (left.bytes == UINT64_MAX)
        return rnl_fail(RNL_NO_MEMORY, "out of memory: %zu bytes could not be allocated", bytes);
    print_size(there, left.bytes);
    print_size(limit, left.limit);
    return rnl_fail(RNL_NO_MEMORY,
                    "out of memory: %zu bytes could not be allocated; %s leaves %s of its %s",
                    bytes, left.source, there, limit);
}

/* Takes the memory and gives it back: a private mapping counts for RLIMIT_AS, for RLIMIT_DATA and
 * for what the machine may promise (vm.overcommit_memory 2), which no file tells. */
static rnl_status try_memory(const char *what, size_t bytes)
{
    char needed[SIZE_TEXT];
    void *ballast =
        bytes > 0 ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                  : NULL;
    if (ballast == MAP_FAILED) {
        print_size(needed, bytes);
        return rnl_fail(RNL_NO_MEMORY, "%s: needs %s of memory, which the system refuses: %m", what,
                        needed);
    }
    if (ballast)
        munmap(ballast, bytes);
    return RNL_OK;
}

rnl_status rnl_require_memory(const char *what, size_t bytes)
{
    const rnl_memory_left left = rnl_memory_left_for(bytes);
    if (bytes <= left.bytes - left.bytes / PAGE_TABLES)
        return try_memory(what, bytes);
    char needed[SIZE_TEXT], there[SIZE_TEXT], limit[SIZE_TEXT];
    print_size(needed, bytes);
    print_size(there, left.bytes);
    print_size(limit, left.limit);
    return rnl_fail(RNL_NO_MEMORY, "%s: needs %s of memory, %s leaves %s of its %s", what, needed,
                    left.source, there, limit);
}

rnl_status rnl_check_memory(const char *what, size_t bytes)
{
    return bytes < WORTH_A_LOOK ? RNL_OK : rnl_require_memory(what, bytes);
}

rnl_status rnl_settle_thread(void)
{
    void *volatile block = malloc(1);
    if (!block)
        return rnl_fail_memory(1);
    free(block);
    return RNL_OK;
}

bool rnl_add_bytes(size_t *sum, size_t rows, size_t columns, size_t size)
{
    size_t bytes;
    return !__builtin_mul_overflow(rows, size, &bytes) &&
           !__builtin_mul_overflow(bytes, columns, &bytes) &&
           !__builtin_add_overflow(*sum, bytes, sum) && *sum <= PTRDIFF_MAX;
}

/* malloc maps larger blocks separately and unmaps them when they are freed (mallopt(3)), so advice
 * about their pages affects nothing else. */
#define MOST_OF_HEAP ((size_t)32 << 20)

rnl_status rnl_allocate_rows(void *where, const char *what, size_t rows, size_t columns,
                             size_t size)
{
    size_t bytes = 0;
    if (!rnl_add_bytes(&bytes, rows, columns, size))
        return rnl_fail(RNL_NO_MEMORY, "%s: %zu rows of %zu numbers do not fit in memory", what,
                        rows, columns);
    RNL_TRY(rnl_check_memory(what, bytes));
    void *memory = malloc(bytes);
    if (!memory)
        return rnl_fail_memory(bytes);
    if (bytes > MOST_OF_HEAP)
        rnl_ask_for_huge_pages(memory, bytes);
    memcpy(where, &memory, sizeof memory);
    return RNL_OK;
}

rnl_status rnl_allocate_zeros(void *where, const char *what, size_t rows, size_t columns,
                              size_t size)
{
    RNL_TRY(rnl_allocate_rows(where, what, rows, columns, size));
    void *memory;
    memcpy(&memory, where, sizeof memory);
    memset(memory, 0, rows * columns * size);
    return RNL_OK;
}

rnl_status rnl_map_rows(void *where, const char *what, size_t rows, size_t columns, size_t size,
                        size_t *bytes)
{
    size_t all = 0;
    *bytes = 0;
    if (!rnl_add_bytes(&all, rows, columns, size))
        return rnl_fail(RNL_NO_MEMORY, "%s: %zu rows of %zu numbers do not fit in memory", what,
                        rows, columns);
    void *memory =
        mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return rnl_fail(RNL_NO_MEMORY, "%s: %.1f GB of address space are refused: %m", what,
                        (double)all / 1e9);
    memcpy(where, &memory, sizeof memory);
    *bytes = all;
    return RNL_OK;
}

void rnl_unmap(void *memory, size_t bytes)
{
    munmap(memory, bytes);
}

rnl_status rnl_grow(void *where, const char *what, size_t *capacity, size_t size)
{
    const size_t larger = *capacity + *capacity / 2 + 256;
    void *memory;
    size_t bytes = 0;
    if (!rnl_add_bytes(&bytes, larger, 1, size))
        return rnl_fail(RNL_NO_MEMORY, "%s: %zu elements do not fit in memory", what, larger);
    const rnl_status status = rnl_check_memory(what, bytes - *capacity * size);
    if (status != RNL_OK)
        return status;
    memcpy(&memory, where, sizeof memory);
    memory = realloc(memory, bytes);
    if (!memory)
        return rnl_fail_memory(bytes);
    memcpy(where, &memory, sizeof memory);
    *capacity = larger;
    return RNL_OK;
}

void rnl_ask_for_huge_pages(void *memory, size_t bytes)
{
    const uintptr_t begin = ((uintptr_t)memory + RNL_HUGE_PAGE - 1) / RNL_HUGE_PAGE * RNL_HUGE_PAGE,
                    end = ((uintptr_t)memory + bytes) / RNL_HUGE_PAGE * RNL_HUGE_PAGE;
    if (end > begin)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
