/*
 * What the system's files said, kept for a second: one thread at a time looks at it, and another
 * that comes meanwhile reads the files itself.
 */
#ifndef RNL_THREADING_KEPT_H
#define RNL_THREADING_KEPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

typedef struct rnl_kept {
    atomic_flag busy;
    time_t second; /* when it was read; 0: it was not */
} rnl_kept;

/* Returns false where another thread has it; else it is to be left. */
static inline bool rnl_kept_enter(rnl_kept *kept)
{
    return !atomic_flag_test_and_set(&kept->busy);
}

static inline void rnl_kept_leave(rnl_kept *kept)
{
    atomic_flag_clear(&kept->busy);
}

/* Tests if it is to be read, as it then is. */
static inline bool rnl_kept_expires(rnl_kept *kept, bool anyway)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    const time_t second = now.tv_sec + 1;
    const bool expires = anyway || kept->second == 0 || second - kept->second > 1;
    if (expires)
        kept->second = second;
    return expires;
}

#endif
