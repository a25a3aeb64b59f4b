/*
 * A barrier that is quick while every worker has a core, and gives way when it has not, be it for
 * workers of its own or for other processes; and that a worker may come to some time before it
 * waits, to work meanwhile on what nobody waits for.
 *
 * Each worker counts in a place of its own how often it has come; a worker that waits looks at the
 * places of all others in turn, by spinning, for a moment only where others want its core, then
 * asleep in the kernel until that one comes.
 */
#ifndef RNL_THREADING_BARRIER_H
#define RNL_THREADING_BARRIER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_barrier rnl_barrier;

/* oversubscribed: there are more workers than processors to run them at once.  NULL if memory runs
 * out.  Free it with free. */
rnl_barrier *rnl_barrier_create(size_t workers, bool oversubscribed);

/* A worker comes: what it wrote before is seen by all that wait for this.  Returns how often it has
 * come, this time included; counts of all workers rise together. */
unsigned rnl_barrier_arrive(rnl_barrier *barrier, size_t worker);

/* A worker waits until all have come this often, itself among them already. */
void rnl_barrier_await(rnl_barrier *barrier, size_t worker, unsigned times);

/* Both at once. */
static inline void rnl_barrier_wait(rnl_barrier *barrier, size_t worker)
{
    rnl_barrier_await(barrier, worker, rnl_barrier_arrive(barrier, worker));
}

/* How many sleep now; for tests. */
size_t rnl_barrier_sleepers(const rnl_barrier *barrier);

#endif
