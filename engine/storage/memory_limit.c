#include "engine/storage/memory_limit.h"

#include "engine/error.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A number that a file of the kernel consists of; "max" and files that are not there are no limit.
 */
static uint64_t number_in(const char *path)
{
    uint64_t number;
    FILE *file = fopen(path, "re");
    const bool read = file && fscanf(file, "%" SCNu64, &number) == 1;
    if (file)
        fclose(file);
    return read ? number : UINT64_MAX;
}

static uint64_t available_to_system(void)
{
    uint64_t kilobytes = UINT64_MAX / 1024;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64, &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t available(void)
{
    const uint64_t group = at_most(number_in("/sys/fs/cgroup/memory.max"),
                                   number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    return at_most(available_to_system(), group);
}

rnl_status rnl_check_memory(const char *what, size_t bytes)
{
    const uint64_t left = available();
    if (bytes <= left)
        return RNL_OK;
    return rnl_fail(RNL_NO_MEMORY, "%s: needs %.1f GB of memory, %.1f GB are available", what,
                    (double)bytes / 1e9, (double)left / 1e9);
}

/* malloc maps what is larger by itself, and unmaps it when it is freed (mallopt(3)): what is asked
 * of its pages concerns nobody else. */
#define MOST_OF_HEAP ((size_t)32 << 20)

rnl_status rnl_allocate_rows(void *where, const char *what, size_t rows, size_t columns,
                             size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(rows, size, &bytes) ||
        __builtin_mul_overflow(bytes, columns, &bytes) || bytes > PTRDIFF_MAX)
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

void rnl_ask_for_huge_pages(void *memory, size_t bytes)
{
    const uintptr_t begin = ((uintptr_t)memory + RNL_HUGE_PAGE - 1) / RNL_HUGE_PAGE * RNL_HUGE_PAGE,
                    end = ((uintptr_t)memory + bytes) / RNL_HUGE_PAGE * RNL_HUGE_PAGE;
    if (end > begin)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
