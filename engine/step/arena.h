/*
 * The memory of a step, or of a predictor: one mapping, planned first and allocated at once.
 *
 *     | array 0   | array 1        | array 2 | ...        each begins on a cache line of its own
 *     0           reserved sizes, in the order of rnl_arena_reserve                       mapped
 *
 * Each page is touched first by the worker that uses it, and so is on that worker's NUMA node.
 */
#ifndef RNL_ENGINE_STEP_ARENA_H
#define RNL_ENGINE_STEP_ARENA_H

#include "runnel/runnel.h"

#include <stddef.h>

struct rnl_reservation;

typedef struct rnl_arena {
    size_t reservation_count, reservation_capacity;
    struct rnl_reservation *reservations;
    size_t bytes;
    void *mapping; /* of `mapped` bytes, from which the memory is taken */
    size_t mapped;
} rnl_arena;

/* Plans `count` elements of `size` bytes on a cache line of their own; commit sets *where. */
rnl_status rnl_arena_reserve(rnl_arena *arena, void *where, size_t count, size_t size);

/* Bytes left, when it is allocated, for what workers allocate to bind tiles to it. */
#define RNL_FOR_BINDING ((size_t)8 << 20)

/* Allocates all that was reserved, zeroed, untouched; `what` names it in messages. */
rnl_status rnl_arena_commit(rnl_arena *arena, const char *what);

void rnl_arena_release(rnl_arena *arena);

#endif
