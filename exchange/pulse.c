/*
 * Signs of life: a thread sends every rank a byte each second, or four within a shorter deadline: 1
 * from a rank that computes, reads or writes, or waits for others, 0 from one that hangs.
 */
#include "exchange/job_state.h"
#include "exchange/own_work.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const double most_seconds = 1;

/* None where the library has an error: the waiting rank will meet it. */
static void send_pulse(rnl_job *job, int peer, bool works)
{
    static const char signs[] = {0, 1};
    rnl_mpi_request request;
    if (job->mpi->send(&signs[works], 1, peer, RNL_TAG_PULSE, &request) == 0)
        job->mpi->forget(&request);
}

static void sleep_seconds(double seconds)
{
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

/* When this rank last heard of another. */
static double last_heard(const rnl_job *job)
{
    double last = 0;
    for (int r = 0; r < job->ranks; ++r)
        if (r != job->rank && job->heard[r] > last)
            last = job->heard[r];
    return last;
}

/* Tests if this rank hangs, and does not leave a job that is broken, or in which it hears of
 * nobody. */
static bool is_lost(const rnl_job *job)
{
    const double end = job->fault != RNL_FAULT_NONE ? job->broken_at : last_heard(job);
    const double worked = job->worked[job->rank];
    return job->awake - (worked > end ? worked : end) > job->deadline;
}

static void send_pulses(rnl_job *job, bool works)
{
    if (works)
        job->worked[job->rank] = job->awake;
    for (int r = 0; r < job->ranks; ++r)
        if (r != job->rank)
            send_pulse(job, r, works);
}

/* A broken job whose messages have lost their memory leaves the library alone. */
static bool may_call(const rnl_job *job)
{
    return !job->left || job->fault == RNL_FAULT_NONE;
}

static void beat(rnl_job *job)
{
    rnl_own_work work = {0};
    const double interval = job->deadline / 4 < most_seconds ? job->deadline / 4 : most_seconds;
    double next = 0;
    while (atomic_load(&job->life) == RNL_LIFE_BEATS) {
        pthread_mutex_lock(&job->lock);
        if (rnl_job_awake(job) >= next) {
            const bool works = rnl_own_work_goes_on(&work) || atomic_load(&job->waiting);
            if (may_call(job)) {
                send_pulses(job, works);
                rnl_job_listen(job);
            }
            if (is_lost(job))
                _exit(1);
            next = job->awake + interval;
        }
        pthread_mutex_unlock(&job->lock);
        sleep_seconds(interval / 10);
    }
}

/* The library is begun and ended by one thread, this one: its begin may wait for ever. */
static void *live(void *context)
{
    rnl_job *job = context;
    job->begin_error = job->mpi->begin(&job->rank, &job->ranks, &job->serialized);
    atomic_store(&job->life, RNL_LIFE_BEGUN);
    while (atomic_load(&job->life) == RNL_LIFE_BEGUN)
        sleep_seconds(1e-3);
    beat(job);
    if (atomic_load(&job->life) == RNL_LIFE_ENDS)
        job->mpi->end();
    return NULL;
}

/* Signals are the other threads'. */
static bool start_thread(rnl_job *job)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const bool started = pthread_create(&job->pulse, NULL, live, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool rnl_life_begin(rnl_job *job, bool *started)
{
    *started = start_thread(job);
    while (*started && atomic_load(&job->life) == RNL_LIFE_BEGINS) {
        if (rnl_job_awake(job) > job->deadline)
            return false;
        sleep_seconds(1e-3);
    }
    return *started;
}

void rnl_life_beat(rnl_job *job)
{
    atomic_store(&job->life, RNL_LIFE_BEATS);
}

void rnl_life_end(rnl_job *job, rnl_life how)
{
    atomic_store(&job->life, how);
    pthread_join(job->pulse, NULL);
}
