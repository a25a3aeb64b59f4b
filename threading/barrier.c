#include "threading/barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void rnl_barrier_init(rnl_barrier *barrier, size_t workers, bool oversubscribed)
{
    atomic_init(&barrier->arrived, 0);
    atomic_init(&barrier->generation, 0);
    atomic_init(&barrier->sleepers, 0);
    barrier->workers = (unsigned)workers;
    /* To be woken takes some 60 us where the core has gone idle, and 40000 pauses last a
     * millisecond: who waits longer, for a file or beside other work, sleeps.  Where workers share
     * a core, a spin takes it from the worker that is waited for. */
    barrier->spins = oversubscribed ? 0 : 40000;
}

static bool has_passed(const rnl_barrier *barrier, unsigned generation)
{
    return atomic_load_explicit(&barrier->generation, memory_order_acquire) == generation;
}

static bool passes_soon(const rnl_barrier *barrier, unsigned generation)
{
    for (unsigned i = 0; i < barrier->spins; ++i) {
        if (has_passed(barrier, generation))
            return true;
        __builtin_ia32_pause();
    }
    return has_passed(barrier, generation);
}

/* A sleeper counts itself before the kernel compares the generation, and the waker raises the
 * generation before it reads the count, both sequentially consistent: one sees the other. */
static void sleep_until_passed(rnl_barrier *barrier, unsigned generation)
{
    atomic_fetch_add(&barrier->sleepers, 1);
    while (atomic_load(&barrier->generation) != generation)
        syscall(SYS_futex, &barrier->generation, FUTEX_WAIT_PRIVATE, generation - 1, NULL);
    atomic_fetch_sub_explicit(&barrier->sleepers, 1, memory_order_relaxed);
}

static void release_all(rnl_barrier *barrier, unsigned generation)
{
    atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
    atomic_store(&barrier->generation, generation);
    if (atomic_load(&barrier->sleepers) > 0)
        syscall(SYS_futex, &barrier->generation, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void rnl_barrier_wait(rnl_barrier *barrier)
{
    /* It cannot rise before this worker has come. */
    const unsigned generation =
        atomic_load_explicit(&barrier->generation, memory_order_relaxed) + 1;
    const unsigned before = atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel);
    if (before + 1 == barrier->workers)
        release_all(barrier, generation);
    else if (!passes_soon(barrier, generation))
        sleep_until_passed(barrier, generation);
}
