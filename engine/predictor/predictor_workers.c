#include "engine/predictor/predictor_workers.h"

#include "threading/floating_mode.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CACHE_LINE 64

/* A request that is under way. */
typedef struct job {
    rnl_block_run run;
    const void *request;
    size_t blocks;
    atomic_size_t next;         /* block that nobody has taken */
    atomic_size_t first_failed; /* blocks behind it are left out */
    rnl_status status;          /* of that block, under the lock as its message */
    char message[1024];
} job;

typedef struct worker {
    rnl_predictor_workers *all;
    pthread_t thread;
    float *scratch;
} worker;

struct rnl_predictor_workers {
    pthread_mutex_t turn; /* of the request that has the workers */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t called, done;
    job *job;      /* NULL: there is none to join */
    size_t active; /* workers in it */
    bool ends;
    pid_t process; /* whose threads they are: a child has none of them */
    size_t count;
    worker *items; /* (count) */
};

/* ---- blocks ---------------------------------------------------------------------------------- */

static void note_failure(rnl_predictor_workers *w, job *j, size_t block, rnl_status status)
{
    pthread_mutex_lock(&w->lock);
    if (block < atomic_load(&j->first_failed)) {
        atomic_store(&j->first_failed, block);
        j->status = status;
        snprintf(j->message, sizeof j->message, "%s", rnl_message());
    }
    pthread_mutex_unlock(&w->lock);
}

static void take_blocks(rnl_predictor_workers *w, job *j, float *scratch)
{
    for (;;) {
        const size_t block = atomic_fetch_add(&j->next, 1);
        if (block >= j->blocks || block > atomic_load(&j->first_failed))
            return;
        const rnl_status status = j->run(j->request, block, scratch);
        if (status != RNL_OK)
            note_failure(w, j, block, status);
    }
}

/* ---- a worker -------------------------------------------------------------------------------- */

static void join_job(rnl_predictor_workers *w, job *j, float *scratch)
{
    ++w->active;
    pthread_mutex_unlock(&w->lock);
    take_blocks(w, j, scratch);
    pthread_mutex_lock(&w->lock);
    if (--w->active == 0)
        pthread_cond_signal(&w->done);
}

/* A job whose blocks are all taken is left to those who are in it. */
static bool can_join(const rnl_predictor_workers *w)
{
    return w->job && atomic_load(&w->job->next) < w->job->blocks;
}

static void *serve(void *context)
{
    const worker *self = context;
    rnl_predictor_workers *w = self->all;
    RNL_OWN_VECTOR_MODE;
    pthread_mutex_lock(&w->lock);
    while (!w->ends) {
        if (can_join(w))
            join_job(w, w->job, self->scratch);
        else
            pthread_cond_wait(&w->called, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- a request ------------------------------------------------------------------------------- */

static void call_workers(rnl_predictor_workers *w, job *j)
{
    pthread_mutex_lock(&w->lock);
    w->job = j;
    pthread_cond_broadcast(&w->called);
    pthread_mutex_unlock(&w->lock);
}

static void await_workers(rnl_predictor_workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->job = NULL;
    while (w->active > 0)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

size_t rnl_predictor_workers_threads(const rnl_predictor_workers *w)
{
    return w ? w->count + 1 : 1;
}

rnl_status rnl_predictor_workers_share(rnl_predictor_workers *workers, rnl_block_run run,
                                       const void *request, size_t blocks, float *scratch)
{
    job j = {.run = run, .request = request, .blocks = blocks, .first_failed = SIZE_MAX};
    const bool has_turn = workers && blocks > 1 && workers->process == getpid() &&
                          pthread_mutex_trylock(&workers->turn) == 0;
    if (!has_turn) {
        for (size_t block = 0; block < blocks; ++block)
            RNL_TRY(run(request, block, scratch));
        return RNL_OK;
    }
    call_workers(workers, &j);
    take_blocks(workers, &j, scratch);
    await_workers(workers);
    pthread_mutex_unlock(&workers->turn);
    return j.status == RNL_OK ? RNL_OK : rnl_fail(j.status, "%s", j.message);
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* Signals are the application's. */
static int create_thread(worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failure = pthread_create(&w->thread, NULL, serve, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

static rnl_status start_one(rnl_predictor_workers *w, size_t scratch_bytes)
{
    worker *made = &w->items[w->count];
    const size_t bytes = (scratch_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    *made = (worker){.all = w, .scratch = aligned_alloc(CACHE_LINE, bytes)};
    if (!made->scratch)
        return rnl_fail_memory(bytes);
    if (create_thread(made) != 0) {
        free(made->scratch);
        return rnl_fail(RNL_THREADS, "the system gives no thread to worker %zu of a predictor",
                        w->count + 1);
    }
    ++w->count;
    return RNL_OK;
}

rnl_status rnl_predictor_workers_start(rnl_predictor_workers **workers, size_t count,
                                       size_t scratch_bytes)
{
    rnl_predictor_workers *w = calloc(1, sizeof *w);
    if (!w)
        return rnl_fail_memory(sizeof *w);
    *w = (rnl_predictor_workers){.turn = PTHREAD_MUTEX_INITIALIZER,
                                 .lock = PTHREAD_MUTEX_INITIALIZER,
                                 .called = PTHREAD_COND_INITIALIZER,
                                 .done = PTHREAD_COND_INITIALIZER,
                                 .process = getpid()};
    w->items = calloc(count, sizeof *w->items);
    rnl_status status = w->items ? RNL_OK : rnl_fail_memory(count * sizeof *w->items);
    while (status == RNL_OK && w->count < count)
        status = start_one(w, scratch_bytes);
    if (status == RNL_OK)
        *workers = w;
    else
        rnl_predictor_workers_stop(w);
    return status;
}

void rnl_predictor_workers_stop(rnl_predictor_workers *w)
{
    if (!w)
        return;
    if (w->process == getpid()) {
        pthread_mutex_lock(&w->lock);
        w->ends = true;
        pthread_cond_broadcast(&w->called);
        pthread_mutex_unlock(&w->lock);
        for (size_t i = 0; i < w->count; ++i)
            pthread_join(w->items[i].thread, NULL);
    }
    for (size_t i = 0; i < w->count; ++i)
        free(w->items[i].scratch);
    free(w->items);
    free(w);
}
