/*
 * A barrier that is quick while every worker has a core, and gives way when it has not.
 *
 * A worker adds itself to a counter; the last one to come resets it and raises the generation,
 * for which the others wait: by spinning, then asleep in the kernel.  Whoever raises the generation
 * calls the kernel only if someone sleeps.
 */
#ifndef RNL_THREADING_BARRIER_H
#define RNL_THREADING_BARRIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Two lines of 64 bytes: processors fetch them in pairs. */
#define RNL_BARRIER_ALIGNMENT 128

typedef struct rnl_barrier {
    _Alignas(RNL_BARRIER_ALIGNMENT) atomic_uint arrived; /* in this generation */
    _Alignas(RNL_BARRIER_ALIGNMENT) atomic_uint generation;
    unsigned workers, spins; /* never written while the barrier is in use */
    _Alignas(RNL_BARRIER_ALIGNMENT) atomic_uint sleepers;
} rnl_barrier;

/* oversubscribed: there are more workers than processors to run them at once. */
void rnl_barrier_init(rnl_barrier *barrier, size_t workers, bool oversubscribed);

void rnl_barrier_wait(rnl_barrier *barrier);

#endif
