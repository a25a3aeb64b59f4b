#include "engine/step/arena.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE 64

typedef struct rnl_reservation {
    void *where; /* the address of a pointer of any type */
    size_t offset;
} rnl_reservation;

rnl_status rnl_arena_reserve(rnl_arena *arena, void *where, size_t count, size_t size)
{
    if (arena->reservation_count == arena->reservation_capacity) {
        const size_t capacity = 2 * arena->reservation_capacity + 16;
        rnl_reservation *grown =
            realloc(arena->reservations, capacity * sizeof *arena->reservations);
        if (!grown)
            return rnl_fail_memory(capacity * sizeof *grown);
        arena->reservations = grown;
        arena->reservation_capacity = capacity;
    }
    size_t bytes, end;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, CACHE_LINE - 1, &bytes) ||
        __builtin_add_overflow(arena->bytes, bytes / CACHE_LINE * CACHE_LINE, &end))
        return rnl_fail(RNL_NO_MEMORY, "out of memory: the step needs more than the address space");
    arena->reservations[arena->reservation_count++] = (rnl_reservation){where, arena->bytes};
    arena->bytes = end;
    return RNL_OK;
}

rnl_status rnl_arena_commit(rnl_arena *arena, const char *what)
{
    const size_t alignment = arena->bytes < RNL_HUGE_PAGE ? CACHE_LINE : RNL_HUGE_PAGE;
    RNL_TRY(rnl_check_memory(what, arena->bytes + alignment + RNL_FOR_BINDING));
    arena->mapped = arena->bytes + alignment;
    void *mapping =
        mmap(NULL, arena->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return rnl_fail_memory(arena->bytes);
    arena->mapping = mapping;
    char *memory = (char *)(((uintptr_t)mapping + alignment - 1) / alignment * alignment);
    rnl_ask_for_huge_pages(memory, arena->bytes);
    for (size_t i = 0; i < arena->reservation_count; ++i) {
        void *address = memory + arena->reservations[i].offset;
        memcpy(arena->reservations[i].where, &address, sizeof address);
    }
    return RNL_OK;
}

void rnl_arena_release(rnl_arena *arena)
{
    if (arena->mapping)
        munmap(arena->mapping, arena->mapped);
    free(arena->reservations);
    *arena = (rnl_arena){0};
}
