/*
 * The team of workers.  team.c is the one file that knows OpenMP: it starts one parallel region for
 * a whole run.  Each worker is bound as the placement says, flushes denormals to zero, and is
 * limited to one OpenMP thread; all of that is undone when the run ends.
 */
#ifndef RNL_THREADING_TEAM_H
#define RNL_THREADING_TEAM_H

#include "threading/placement.h"

#include <fenv.h>
#include <signal.h>

struct rnl_barrier;

typedef struct rnl_worker {
    size_t index;
    size_t count;
    unsigned numa_node;
    struct rnl_barrier *barrier;
} rnl_worker;

/* The work of one worker.  All workers run it, and it must reach the same barriers in all of
 * them. */
typedef void (*rnl_team_body)(rnl_worker *worker, void *context);

/* Runs the body on every worker of the placement, none of them the calling thread, and returns when
 * all have ended.  Signals are blocked in the workers; the waiting caller receives them.  Returns
 * false, before any body ran, if the runtime or the system provides fewer threads than requested, a
 * worker cannot be bound, or memory runs out; `problem` then names the cause (OMP_THREAD_LIMIT,
 * ...). Workers that are not pinned get the inherited affinity.  May be called inside another
 * parallel region. */
bool rnl_team_run(const rnl_placement *placement, rnl_team_body body, void *context, char *problem,
                  size_t problem_size);

/* Returns the threads that a parallel region gets here without being told: what OMP_NUM_THREADS,
 * omp_set_num_threads and the processors of the calling thread allow. */
size_t rnl_team_default_size(void);

/* Waits until every worker of the team has arrived; what they wrote before is visible to all
 * after. */
void rnl_team_barrier(rnl_worker *worker);

/* Waits until every other worker has arrived at the barrier that this one reaches next: what they
 * wrote before is visible to it. */
void rnl_team_await_others(rnl_worker *worker);

/* What a worker saves while it runs code of the application. */
typedef struct rnl_worker_mode {
    fenv_t floating;
    bool signals; /* true if signals are saved too */
    sigset_t blocked;
} rnl_worker_mode;

/* Gives the thread the application's floating-point mode (threading/floating_mode.h), and a worker,
 * with `signals`, the signal mask of the thread that called rnl_team_run, which takes two system
 * calls.  The result is passed to rnl_team_return. */
rnl_worker_mode rnl_team_leave(bool signals);
void rnl_team_return(const rnl_worker_mode *mode);

/* Returns the processors that this process may use, regardless of any binding that the OpenMP
 * runtime applied to the calling thread (OMP_PROC_BIND).  `numbers` is freed with free.  false if
 * memory runs out. */
bool rnl_team_inherited_affinity(rnl_processor_set *set);

#endif
