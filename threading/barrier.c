#include "threading/barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Two cache lines of 64 bytes, because processors prefetch them in pairs:
 *
 *         0                          128                        256
 *         | workers, oversubscribed  | slot of worker 0         | slot of worker 1  ...
 *                                      arrivals, sleepers,
 *                                      wanted_until
 *
 * To arrive, a worker writes a line of its own, which all others read. */
#define ALIGNMENT 128

/* A worker's slot. */
typedef struct slot {
    _Alignas(ALIGNMENT) atomic_uint arrivals; /* written by its worker alone */
    atomic_uint sleepers;                     /* workers asleep until it arrives */
    int64_t wanted_until; /* until when other threads want its core, in ns of the clock; used by
                             its worker alone */
} slot;

struct rnl_barrier {
    _Alignas(ALIGNMENT) size_t workers;
    bool oversubscribed;
    slot slots[];
};

rnl_barrier *rnl_barrier_create(size_t workers, bool oversubscribed)
{
    rnl_barrier *barrier =
        aligned_alloc(ALIGNMENT, sizeof *barrier + workers * sizeof *barrier->slots);
    if (!barrier)
        return NULL;
    barrier->workers = workers;
    barrier->oversubscribed = oversubscribed;
    for (size_t i = 0; i < workers; ++i) {
        atomic_init(&barrier->slots[i].arrivals, 0);
        atomic_init(&barrier->slots[i].sleepers, 0);
        barrier->slots[i].wanted_until = 0;
    }
    return barrier;
}

/* Reads `sleepers` without a full fence, which would wait until the cache lines that others have
 * read return to this core.  It may therefore miss a worker that falls asleep at this moment; that
 * worker wakes by its timeout. */
unsigned rnl_barrier_arrive(rnl_barrier *barrier, size_t worker)
{
    slot *own = &barrier->slots[worker];
    const unsigned times = atomic_load_explicit(&own->arrivals, memory_order_relaxed) + 1;
    atomic_store_explicit(&own->arrivals, times, memory_order_release);
    if (atomic_load_explicit(&own->sleepers, memory_order_relaxed) > 0)
        syscall(SYS_futex, &own->arrivals, FUTEX_WAKE_PRIVATE, INT_MAX);
    return times;
}

/* Counts wrap around; two of them are never half the range apart. */
static bool has_arrived(const slot *other, unsigned times)
{
    return (int)(atomic_load_explicit(&other->arrivals, memory_order_acquire) - times) >= 0;
}

/* Durations of spinning, in pauses of 25 to 50 ns.  To wake a worker takes some 60 us if its core
 * is idle, so a wait spins for about a millisecond before it sleeps, as it does while a file is
 * written. Where other threads want the core, spinning keeps it from them, perhaps from the very
 * worker that is waited for: there it is brief. */
enum { BRIEF = 50, ROUND = 1000, ROUNDS = 40 };

/* A yield that took longer than LATE has let another thread run; a core that was wanted once counts
 * as wanted for WHILE.  In ns. */
enum { LATE = 10000, WHILE = 50000000 };

static bool spin(const slot *other, unsigned times, unsigned pauses)
{
    for (unsigned i = 0; i < pauses; ++i) {
        if (has_arrived(other, times))
            return true;
        __builtin_ia32_pause();
    }
    return has_arrived(other, times);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Yields to another thread that waits for this core, if there is one.  Called rarely, because Linux
 * takes a yield for a whole time slice. */
static bool core_is_wanted(slot *own)
{
    const int64_t before = now();
    sched_yield();
    const int64_t after = now();
    if (after - before < LATE)
        return false;
    own->wanted_until = after + WHILE;
    return true;
}

static bool arrives_soon(const rnl_barrier *barrier, slot *own, const slot *other, unsigned times)
{
    if (barrier->oversubscribed)
        return has_arrived(other, times);
    if (spin(other, times, BRIEF))
        return true;
    if (now() < own->wanted_until)
        return false;
    for (unsigned i = 0; i < ROUNDS; ++i) {
        if (spin(other, times, ROUND))
            return true;
        if (core_is_wanted(own))
            return has_arrived(other, times);
    }
    return false;
}

static void sleep_until_arrival(slot *other, unsigned times)
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
        slot *other = &barrier->slots[(worker + i) % barrier->workers];
        if (!arrives_soon(barrier, &barrier->slots[worker], other, times))
            sleep_until_arrival(other, times);
    }
}

void rnl_barrier_await_others(rnl_barrier *barrier, size_t worker)
{
    const slot *own = &barrier->slots[worker];
    rnl_barrier_await(barrier, worker,
                      atomic_load_explicit(&own->arrivals, memory_order_relaxed) + 1);
}

size_t rnl_barrier_sleepers(const rnl_barrier *barrier)
{
    size_t sleepers = 0;
    for (size_t i = 0; i < barrier->workers; ++i)
        sleepers += atomic_load(&barrier->slots[i].sleepers);
    return sleepers;
}
