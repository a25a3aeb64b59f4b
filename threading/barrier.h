/*
 * A split barrier: a worker arrives, may work on what no other worker waits for, and later waits.
 * It is fast while every worker has a core, and yields the core when workers or other processes
 * share it.
 *
 * Each worker counts its arrivals in a slot of its own.  A waiting worker reads the slots of all
 * others in turn.  It spins, only briefly where others want its core, and then sleeps in the kernel
 * until that worker arrives.
 */
#ifndef RNL_THREADING_BARRIER_H
#define RNL_THREADING_BARRIER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_barrier rnl_barrier;

/* `oversubscribed`: more workers than processors to run them at once.  NULL if memory runs out.
 * Freed with free. */
rnl_barrier *rnl_barrier_create(size_t workers, bool oversubscribed);

/* Marks the worker as arrived: what it wrote before is visible to all that wait for this arrival.
 * Returns the number of its arrivals, this one included; all workers count alike. */
unsigned rnl_barrier_arrive(rnl_barrier *barrier, size_t worker);

/* Waits until every worker has arrived `times` times; the waiting worker already has. */
void rnl_barrier_await(rnl_barrier *barrier, size_t worker, unsigned times);

/* Waits until every other worker has arrived where this one will arrive next. */
void rnl_barrier_await_others(rnl_barrier *barrier, size_t worker);

/* Arrives and waits. */
static inline void rnl_barrier_wait(rnl_barrier *barrier, size_t worker)
{
    rnl_barrier_await(barrier, worker, rnl_barrier_arrive(barrier, worker));
}

/* Counts the sleeping workers; for tests. */
size_t rnl_barrier_sleepers(const rnl_barrier *barrier);

#endif
