#include "threading/team.h"

#include "threading/barrier.h"
#include "threading/floating_mode.h"
#include "threading/thread_trial.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most processors that Linux can be built for; one cpu_set_t holds 1024. */
#define MAX_PROCESSORS 8192

typedef struct processor_mask {
    cpu_set_t sets[MAX_PROCESSORS / CPU_SETSIZE];
} processor_mask;

typedef struct team_launch {
    const rnl_placement *placement;
    rnl_team_body body;
    void *context;
    processor_mask inherited;
    fenv_t floating;  /* the application's floating-point mode */
    sigset_t signals; /* signals that it blocks */
    rnl_barrier *barrier;
    int obtained;          /* threads obtained; written by worker 0 */
    atomic_size_t unbound; /* 1 + the last worker that could not be bound */
    atomic_int unbound_errno;
} team_launch;

/* The team that this thread is a worker of, or NULL. */
static _Thread_local const team_launch *joined;

/* The state of a thread before it became a worker. */
typedef struct guest_state {
    rnl_floating_mode floating;
    bool has_affinity;
    processor_mask affinity;
} guest_state;

static void add_processor(processor_mask *mask, size_t processor)
{
    CPU_SET_S(processor, sizeof *mask, mask->sets);
}

static bool read_affinity(processor_mask *mask)
{
    memset(mask, 0, sizeof *mask);
    return pthread_getaffinity_np(pthread_self(), sizeof *mask, mask->sets) == 0;
}

static int bind_to(const processor_mask *mask)
{
    return pthread_setaffinity_np(pthread_self(), sizeof *mask, mask->sets);
}

/* Under OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY the runtime binds the initial thread to its
 * first place when the program is loaded; the process was given all places together. */
static bool read_places(processor_mask *mask)
{
    memset(mask, 0, sizeof *mask);
    const int places = omp_get_proc_bind() == omp_proc_bind_false ? 0 : omp_get_num_places();
    for (int i = 0; i < places; ++i) {
        const int count = omp_get_place_num_procs(i);
        int *const numbers = calloc((size_t)count + 1, sizeof *numbers);
        if (!numbers)
            return false;
        omp_get_place_proc_ids(i, numbers);
        for (int k = 0; k < count; ++k)
            add_processor(mask, (size_t)numbers[k]);
        free(numbers);
    }
    return true;
}

static bool read_inherited(processor_mask *mask)
{
    if (!read_places(mask))
        return false;
    if (CPU_COUNT_S(sizeof *mask, mask->sets) == 0)
        read_affinity(mask);
    return true;
}

bool rnl_team_inherited_affinity(rnl_processor_set *set)
{
    processor_mask mask;
    if (!read_inherited(&mask))
        return false;
    const size_t count = (size_t)CPU_COUNT_S(sizeof mask, mask.sets);
    unsigned *const numbers = calloc(count + 1, sizeof *numbers);
    if (!numbers)
        return false;
    *set = (rnl_processor_set){.numbers = numbers};
    for (unsigned i = 0; i < MAX_PROCESSORS; ++i)
        if (CPU_ISSET_S(i, sizeof mask, mask.sets))
            numbers[set->count++] = i;
    return true;
}

size_t rnl_team_default_size(void)
{
    processor_mask mask;
    const size_t threads = (size_t)omp_get_max_threads();
    const size_t allowed =
        read_affinity(&mask) ? (size_t)CPU_COUNT_S(sizeof mask, mask.sets) : threads;
    return threads < allowed ? threads : allowed;
}

void rnl_team_barrier(rnl_worker *worker)
{
    rnl_barrier_wait(worker->barrier, worker->index);
}

void rnl_team_await_others(rnl_worker *worker)
{
    rnl_barrier_await_others(worker->barrier, worker->index);
}

rnl_worker_mode rnl_team_leave(bool signals)
{
    rnl_worker_mode mode = {.signals = signals && joined};
    if (mode.signals)
        pthread_sigmask(SIG_SETMASK, &joined->signals, &mode.blocked);
    rnl_floating_suspend(&mode.floating);
    return mode;
}

void rnl_team_return(const rnl_worker_mode *mode)
{
    rnl_floating_resume(&mode->floating);
    if (mode->signals)
        pthread_sigmask(SIG_SETMASK, &mode->blocked, NULL);
}

static int bind_worker(const team_launch *launch, size_t index, const guest_state *guest)
{
    processor_mask target = {0};
    if (launch->placement->pinned)
        add_processor(&target, launch->placement->processors[index]);
    else
        target = launch->inherited;
    const bool there =
        guest->has_affinity && CPU_EQUAL_S(sizeof target, target.sets, guest->affinity.sets);
    return there ? 0 : bind_to(&target);
}

static void run_worker(team_launch *launch, size_t index)
{
    rnl_worker worker = {
        .index = index,
        .count = launch->placement->workers,
        .numa_node = launch->placement->numa_nodes[index],
        .barrier = launch->barrier,
    };
    guest_state guest;
    rnl_floating_enter(&guest.floating, &launch->floating);
    guest.has_affinity = read_affinity(&guest.affinity);
    /* Libraries called by the body that use OpenMP themselves get one thread each. */
    omp_set_num_threads(1);
    const int error = bind_worker(launch, index, &guest);
    if (error) {
        atomic_store(&launch->unbound_errno, error);
        atomic_store(&launch->unbound, index + 1);
    }
    rnl_team_barrier(&worker);
    const team_launch *outer = joined;
    joined = launch;
    if (atomic_load(&launch->unbound) == 0)
        launch->body(&worker, launch->context);
    joined = outer;
    if (guest.has_affinity)
        bind_to(&guest.affinity);
    rnl_floating_leave(&guest.floating);
}

static void run_region(team_launch *launch)
{
    const int workers = (int)launch->placement->workers;
    /* Some runtimes share these settings between threads, so they are restored. */
    const int dynamic = omp_get_dynamic();
    const int levels = omp_get_max_active_levels();
    omp_set_dynamic(0);
    omp_set_max_active_levels(omp_get_active_level() + 1);
#pragma omp parallel num_threads(workers)
    {
        if (omp_get_thread_num() == 0)
            launch->obtained = omp_get_num_threads();
        if (omp_get_num_threads() == workers)
            run_worker(launch, (size_t)omp_get_thread_num());
    }
    omp_set_max_active_levels(levels);
    omp_set_dynamic(dynamic);
}

static bool may_start(size_t workers, char *problem, size_t problem_size)
{
    const size_t limit = (size_t)omp_get_thread_limit();
    if (workers > limit) {
        snprintf(problem, problem_size,
                 "%zu workers asked for, but the OpenMP runtime may start only %zu "
                 "(OMP_THREAD_LIMIT)",
                 workers, limit);
        return false;
    }
    /* libgomp ends the process if the system refuses it a thread, so threads are tried first. */
    const int error = rnl_thread_trial(workers);
    if (error) {
        snprintf(problem, problem_size, "%zu workers asked for, but threads cannot be had: %s",
                 workers, strerror(error));
        return false;
    }
    return true;
}

static bool has_run(team_launch *launch, char *problem, size_t problem_size)
{
    const rnl_placement *placement = launch->placement;
    if ((size_t)launch->obtained != placement->workers) {
        snprintf(problem, problem_size,
                 "%zu workers asked for, but the OpenMP runtime gave %d (inside a parallel region "
                 "or by OMP_THREAD_LIMIT)",
                 placement->workers, launch->obtained);
        return false;
    }
    const size_t unbound = atomic_load(&launch->unbound);
    if (unbound) {
        const char *reason = strerror(atomic_load(&launch->unbound_errno));
        if (placement->pinned)
            snprintf(problem, problem_size, "worker %zu cannot be bound to processor %u: %s",
                     unbound - 1, placement->processors[unbound - 1], reason);
        else
            snprintf(problem, problem_size, "worker %zu cannot be released from its binding: %s",
                     unbound - 1, reason);
        return false;
    }
    return true;
}

static void *lead(void *launch)
{
    run_region(launch);
    return NULL;
}

/* Signals that the faulting thread must receive itself. */
static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};

/* Runs the region on a thread of its own, with signals blocked in it and in the workers that it
 * starts.  A handler would run on a worker's stack, which a library's code may use further below
 * the stack pointer than the system protects.  The calling thread waits, and receives the
 * signals. */
static int run_apart(team_launch *launch)
{
    sigset_t blocked;
    pthread_t leader;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; ++i)
        sigdelset(&blocked, synchronous[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &launch->signals);
    const int error = pthread_create(&leader, NULL, lead, launch);
    pthread_sigmask(SIG_SETMASK, &launch->signals, NULL);
    if (!error)
        pthread_join(leader, NULL);
    return error;
}

bool rnl_team_run(const rnl_placement *placement, rnl_team_body body, void *context, char *problem,
                  size_t problem_size)
{
    team_launch launch = {.placement = placement,
                          .body = body,
                          .context = context,
                          .floating = rnl_floating_callers()};
    if (!may_start(placement->workers, problem, problem_size))
        return false;
    if (!read_inherited(&launch.inherited)) {
        snprintf(problem, problem_size, "out of memory");
        return false;
    }
    launch.barrier = rnl_barrier_create(placement->workers, placement->oversubscribed);
    if (!launch.barrier) {
        snprintf(problem, problem_size, "out of memory");
        return false;
    }
    const int error = run_apart(&launch);
    free(launch.barrier);
    if (error) {
        snprintf(problem, problem_size, "%zu workers asked for, but threads cannot be had: %s",
                 placement->workers, strerror(error));
        return false;
    }
    return has_run(&launch, problem, problem_size);
}
