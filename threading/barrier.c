#include "threading/barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Two lines of 64 bytes: processors fetch them in pairs. */
#define ALIGNMENT 128

/* A worker's own place. */
typedef struct place {
    _Alignas(ALIGNMENT) atomic_uint arrivals; /* written by this worker alone */
    atomic_uint sleepers;                     /* until it comes */
} place;

struct rnl_barrier {
    _Alignas(ALIGNMENT) size_t workers;
    unsigned spins;
    place places[];
};

rnl_barrier *rnl_barrier_create(size_t workers, bool oversubscribed)
{
    rnl_barrier *barrier =
        aligned_alloc(ALIGNMENT, sizeof *barrier + workers * sizeof *barrier->places);
    if (!barrier)
        return NULL;
    barrier->workers = workers;
    /* To be woken takes some 60 us where the core has gone idle, and 40000 pauses last a
     * millisecond: who waits longer, for a file or beside other work, sleeps.  Where workers share
     * a core, a spin takes it from the worker that is waited for. */
    barrier->spins = oversubscribed ? 0 : 40000;
    for (size_t i = 0; i < workers; ++i) {
        atomic_init(&barrier->places[i].arrivals, 0);
        atomic_init(&barrier->places[i].sleepers, 0);
    }
    return barrier;
}

/* Does not wait for its own stores to leave the core, which would take as long as the lines that
 * others have read are on their way back.  So it may miss a worker that falls asleep now, and that
 * looks again a little later. */
unsigned rnl_barrier_arrive(rnl_barrier *barrier, size_t worker)
{
    place *own = &barrier->places[worker];
    const unsigned times = atomic_load_explicit(&own->arrivals, memory_order_relaxed) + 1;
    atomic_store_explicit(&own->arrivals, times, memory_order_release);
    if (atomic_load_explicit(&own->sleepers, memory_order_relaxed) > 0)
        syscall(SYS_futex, &own->arrivals, FUTEX_WAKE_PRIVATE, INT_MAX);
    return times;
}

/* The counts run over, long after any two of them can be so far apart. */
static bool has_come(const place *other, unsigned times)
{
    return (int)(atomic_load_explicit(&other->arrivals, memory_order_acquire) - times) >= 0;
}

static bool comes_soon(const rnl_barrier *barrier, const place *other, unsigned times)
{
    for (unsigned i = 0; i < barrier->spins; ++i) {
        if (has_come(other, times))
            return true;
        __builtin_ia32_pause();
    }
    return has_come(other, times);
}

static void sleep_until_come(place *other, unsigned times)
{
    static const struct timespec a_little = {.tv_nsec = 10000000};
    atomic_fetch_add(&other->sleepers, 1);
    for (unsigned seen = atomic_load(&other->arrivals); (int)(seen - times) < 0;
         seen = atomic_load(&other->arrivals))
        syscall(SYS_futex, &other->arrivals, FUTEX_WAIT_PRIVATE, seen, &a_little);
    atomic_fetch_sub_explicit(&other->sleepers, 1, memory_order_relaxed);
}

void rnl_barrier_await(rnl_barrier *barrier, size_t worker, unsigned times)
{
    for (size_t i = 1; i < barrier->workers; ++i) {
        place *other = &barrier->places[(worker + i) % barrier->workers];
        if (!comes_soon(barrier, other, times))
            sleep_until_come(other, times);
    }
}

size_t rnl_barrier_sleepers(const rnl_barrier *barrier)
{
    size_t sleepers = 0;
    for (size_t i = 0; i < barrier->workers; ++i)
        sleepers += atomic_load(&barrier->places[i].sleepers);
    return sleepers;
}
