/*
 * Faults of a job: what breaks it, who is told, and what is heard of others beside parcels and
 * letters.
 */
#include "exchange/job_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double rnl_job_awake(rnl_job *job)
{
    static const double most = 1; /* between two looks of a process that runs */
    const double at = now(), gap = job->looked_at > 0 ? at - job->looked_at : 0;
    job->awake += gap < most ? gap : most;
    job->looked_at = at;
    return job->awake;
}

void rnl_job_break(rnl_job *job, rnl_fault fault, int culprit, int code, const char *format, ...)
{
    if (job->fault != RNL_FAULT_NONE)
        return;
    va_list values;
    va_start(values, format);
    vsnprintf(job->text, sizeof job->text, format, values);
    va_end(values);
    job->culprit = culprit;
    job->code = code;
    job->broken_at = job->awake;
    atomic_store(&job->fault, fault);
}

void rnl_job_break_by_error(rnl_job *job, size_t peer, int error)
{
    char reason[256];
    job->mpi->describe(error, reason, sizeof reason);
    rnl_job_break(job, RNL_FAULT_LIBRARY, (int)peer, 1,
                  "the exchange with rank %zu of %d failed at step %llu: %s", peer, job->ranks,
                  (unsigned long long)job->step, reason);
}

/* Ranks that do not wait for anything take it with their next exchange, or the pulse does. */
void rnl_job_tell_all(rnl_job *job)
{
    rnl_mpi_request request;
    job->own_fault.fault = (int32_t)job->fault;
    job->own_fault.culprit = job->culprit;
    job->own_fault.code = job->code;
    snprintf(job->own_fault.text, sizeof job->own_fault.text, "%s", job->text);
    for (int r = 0; r < job->ranks; ++r)
        if (r != job->rank && job->mpi->send(&job->own_fault, (int)sizeof job->own_fault, r,
                                             RNL_TAG_FAULT, &request) == 0)
            job->mpi->forget(&request);
}

void rnl_job_fail(rnl_job *job, int code, const char *text)
{
    pthread_mutex_lock(&job->lock);
    if (job->fault == RNL_FAULT_NONE) {
        rnl_job_break(job, RNL_FAULT_TOLD, job->rank, code, "%s", text);
        rnl_job_tell_all(job);
    }
    pthread_mutex_unlock(&job->lock);
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
    char works;
    int from;
    while (take_one(job, RNL_TAG_PULSE, &works, 1, &from)) {
        job->heard[from] = job->awake;
        if (works)
            job->worked[from] = job->awake;
    }
    while (take_one(job, RNL_TAG_FAULT, &message, (int)sizeof message, &from)) {
        message.text[sizeof message.text - 1] = '\0';
        rnl_job_break(job, message.fault, message.culprit, message.code, "%s", message.text);
    }
}

rnl_fault rnl_job_fault(const rnl_job *job, const char **text, int *code)
{
    const rnl_fault fault = job->fault;
    *text = job->text;
    *code = job->code;
    return fault;
}

/* A rank that failed has spoken itself; of others, the first that can. */
bool rnl_job_speaks(const rnl_job *job)
{
    if (job->fault == RNL_FAULT_TOLD)
        return job->culprit == job->rank;
    return job->fault == RNL_FAULT_NONE ? job->rank == 0 : job->rank == (job->culprit == 0);
}
