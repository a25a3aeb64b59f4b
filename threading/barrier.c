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

/* Two lines of 64 bytes: processors fetch them in pairs. */
#define ALIGNMENT 128

/* A worker's own place. */
typedef struct place {
    _Alignas(ALIGNMENT) atomic_uint arrivals; /* written by this worker alone */
    atomic_uint sleepers;                     /* until it comes */
    int64_t wanted_until; /* its core, by others, in ns of the clock; for this worker alone */
} place;

struct rnl_barrier {
    _Alignas(ALIGNMENT) size_t workers;
    bool oversubscribed;
    place places[];
};

rnl_barrier *rnl_barrier_create(size_t workers, bool oversubscribed)
{
    rnl_barrier *barrier =
        aligned_alloc(ALIGNMENT, sizeof *barrier + workers * sizeof *barrier->places);
    if (!barrier)
        return NULL;
    barrier->workers = workers;
    barrier->oversubscribed = oversubscribed;
    for (size_t i = 0; i < workers; ++i) {
        atomic_init(&barrier->places[i].arrivals, 0);
        atomic_init(&barrier->places[i].sleepers, 0);
        barrier->places[i].wanted_until = 0;
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

/* How long a wait spins, in pauses of some 25 ns to 50.  To be woken takes some 60 us where the
 * core has gone idle, so a wait spins for about a millisecond, and longer ones, for a file, sleep.
 * Where others want the core, a spin takes it from them and maybe from the worker that is waited
 * for: there it is brief. */
enum { BRIEF = 50, ROUND = 1000, ROUNDS = 40 };

/* A yield that took longer has let somebody else run; who wants a core now will want it for a
 * while.  In ns. */
enum { LATE = 10000, WHILE = 50000000 };

static bool spin(const place *other, unsigned times, unsigned pauses)
{
    for (unsigned i = 0; i < pauses; ++i) {
        if (has_come(other, times))
            return true;
        __builtin_ia32_pause();
    }
    return has_come(other, times);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Lets another thread run that waits for this core, if there is one; but once in a while only,
 * because Linux takes a yield for a whole time slice. */
static bool core_is_wanted(place *own)
{
    const int64_t before = now();
    sched_yield();
    const int64_t after = now();
    if (after - before < LATE)
        return false;
    own->wanted_until = after + WHILE;
    return true;
}

static bool comes_soon(const rnl_barrier *barrier, place *own, const place *other, unsigned times)
{
    if (barrier->oversubscribed)
        return has_come(other, times);
    if (spin(other, times, BRIEF))
        return true;
    if (now() < own->wanted_until)
        return false;
    for (unsigned i = 0; i < ROUNDS; ++i) {
        if (spin(other, times, ROUND))
            return true;
        if (core_is_wanted(own))
            return has_come(other, times);
    }
    return false;
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
        if (!comes_soon(barrier, &barrier->places[worker], other, times))
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
