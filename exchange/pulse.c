/*
 * Signs of life: a thread sends every rank an empty message each second, or four within a shorter
 * deadline, so that a rank that computes, reads or writes for long is told apart from one that is
 * dead.
 */
#include "exchange/job_state.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

static const double most_seconds = 1;

/* An empty message, or none where the library has an error: the waiting rank will meet it. */
static void send_pulse(rnl_job *job, int peer)
{
    rnl_mpi_request request;
    if (job->mpi->send("", 0, peer, RNL_TAG_PULSE, &request) == 0)
        job->mpi->forget(&request);
}

static bool take_one(rnl_job *job, int tag, void *bytes, int count, int *from)
{
    bool is_there = false;
    return job->mpi->probe(tag, from, &is_there) == 0 && is_there &&
           job->mpi->take(bytes, count, *from, tag) == 0;
}

void rnl_job_listen(rnl_job *job)
{
    rnl_fault_message message;
    char none;
    int from;
    while (take_one(job, RNL_TAG_PULSE, &none, 0, &from))
        job->heard[from] = job->awake;
    while (take_one(job, RNL_TAG_FAULT, &message, (int)sizeof message, &from)) {
        message.text[sizeof message.text - 1] = '\0';
        rnl_job_break(job, RNL_FAULT_TOLD, from, message.code, "%s", message.text);
    }
}

static void sleep_seconds(double seconds)
{
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

static void *beat(void *context)
{
    rnl_job *job = context;
    const double interval = job->deadline / 4 < most_seconds ? job->deadline / 4 : most_seconds;
    double next = 0;
    while (!atomic_load(&job->leaving)) {
        pthread_mutex_lock(&job->lock);
        if (rnl_job_awake(job) >= next) {
            for (int r = 0; r < job->ranks; ++r)
                if (r != job->rank)
                    send_pulse(job, r);
            rnl_job_listen(job);
            next = job->awake + interval;
        }
        pthread_mutex_unlock(&job->lock);
        sleep_seconds(interval / 10);
    }
    return NULL;
}

/* Signals are the other threads'. */
bool rnl_pulse_start(rnl_job *job)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    job->has_pulse = pthread_create(&job->pulse, NULL, beat, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return job->has_pulse;
}

void rnl_pulse_end(rnl_job *job)
{
    atomic_store(&job->leaving, true);
    if (job->has_pulse)
        pthread_join(job->pulse, NULL);
    job->has_pulse = false;
}
