/*
 * Messages between ranks: all are started, and tested until they are done or the deadline is over.
 */
#include "exchange/job_state.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Deadlines until a rank that lives, and does not come, breaks the job. */
#define PATIENCE 20

/* Tests between two looks at the clock and at what others have sent beside parcels. */
#define LOOK_EVERY 64

/* Messages that are not done, of one turn of tests. */
#define MOST_TESTS 8

/* Messages of a parcel at most: what has left before its receiver has room for it lies in the
 * library's memory. */
#define MOST_PIECES 128

/* Seconds, and tests, that messages have to end in when they are dropped: a process that is halted
 * meanwhile tests, too. */
#define DROPPING       0.1
#define DROPPING_TESTS 100

/* Seconds without a sleep between tests. */
#define SPINNING 1e-4

void rnl_job_cut(rnl_job *job, size_t small, size_t large)
{
    job->pieces[0] = small;
    job->pieces[1] = large;
}

/* Bytes of the messages of a parcel, the last one's apart: the same on both sides. */
static size_t piece_of(const rnl_job *job, size_t size)
{
    const size_t piece = job->pieces[size > RNL_JOB_SMALL], least = size / MOST_PIECES + 1;
    return piece > least ? piece : least < RNL_JOB_WHOLE ? least : RNL_JOB_WHOLE;
}

static size_t requests_of(const rnl_job *job, const rnl_parcel *parcel)
{
    const size_t piece = piece_of(job, parcel->size);
    return (parcel->size + piece - 1) / piece;
}

/* Makes room, which is only done before the first exchange of a kind. */
static bool make_room(rnl_job *job, size_t count)
{
    if (count <= job->capacity)
        return true;
    rnl_open_message *messages = realloc(job->messages, count * sizeof *messages);
    if (!messages) {
        rnl_job_break(job, RNL_FAULT_LIBRARY, job->rank, 1, "out of memory for %zu messages",
                      count);
        return false;
    }
    job->messages = messages;
    job->capacity = count;
    return true;
}

static int start_piece(rnl_job *job, const rnl_parcel *p, size_t begin, size_t piece,
                       rnl_mpi_request *request)
{
    const size_t left = p->size - begin;
    const int count = (int)(left < piece ? left : piece);
    char *bytes = (char *)p->bytes + begin;
    return p->receives ? job->mpi->receive(bytes, count, (int)p->peer, p->tag, request)
                       : job->mpi->send(bytes, count, (int)p->peer, p->tag, request);
}

static bool start_parcel(rnl_job *job, const rnl_parcel *p)
{
    const size_t piece = piece_of(job, p->size);
    for (size_t begin = 0; begin < p->size; begin += piece) {
        rnl_open_message *message = &job->messages[job->open];
        const int error = start_piece(job, p, begin, piece, &message->request);
        if (error) {
            rnl_job_break_by_error(job, p->peer, error);
            return false;
        }
        message->peer = p->peer;
        message->receives = p->receives;
        ++job->open;
    }
    return true;
}

/* Starts those that receive, or those that send. */
static void start(rnl_job *job, const rnl_parcel *parcels, size_t count, bool receives)
{
    bool whole = job->fault == RNL_FAULT_NONE;
    for (size_t i = 0; whole && i < count; ++i)
        whole = parcels[i].receives != receives || start_parcel(job, &parcels[i]);
}

/* Lets the last message take the place of one that is done. */
static void close_message(rnl_job *job, size_t k)
{
    job->messages[k] = job->messages[--job->open];
}

/* Tests messages until a few are found that are not done, and goes on behind them the next time: of
 * hundreds each test would let the library look for what has arrived. */
static void test_some(rnl_job *job)
{
    size_t left = job->open < MOST_TESTS ? job->open : MOST_TESTS;
    while (left > 0 && job->open > 0) {
        bool done = false;
        const size_t k = job->next < job->open ? job->next : 0;
        const int error = job->mpi->test(&job->messages[k].request, &done);
        if (error) {
            rnl_job_break_by_error(job, job->messages[k].peer, error);
            return;
        }
        job->next = done ? k : k + 1;
        left -= !done;
        if (done)
            close_message(job, k);
    }
}

static double later(double a, double b)
{
    return a > b ? a : b;
}

/* "step 12". */
static void name_step(const rnl_job *job, char text[32])
{
    snprintf(text, 32, job->step ? "step %llu" : "the first step", (unsigned long long)job->step);
}

/* Breaks the job if a rank has been silent for too long, or hangs, or does not come. */
static void look_at_rank(rnl_job *job, size_t peer, double began)
{
    char step[32];
    const double now = job->awake, deadline = job->deadline;
    name_step(job, step);
    if (now - later(job->heard[peer], began) > deadline)
        rnl_job_break(
            job, RNL_FAULT_SILENT, (int)peer, 1,
            "rank %zu of %d has given no sign of life for %.0f seconds, at %s: it died, is "
            "stopped, or cannot be reached",
            peer, job->ranks, deadline, step);
    else if (now - later(job->worked[peer], began) > deadline)
        rnl_job_break(job, RNL_FAULT_SILENT, (int)peer, 1,
                      "rank %zu of %d lives, but has done nothing for %.0f seconds, and does not "
                      "come to %s: it waits for a file, a pipe or a lock, or hangs",
                      peer, job->ranks, deadline, step);
    else if (now - began > PATIENCE * deadline)
        rnl_job_break(job, RNL_FAULT_SILENT, (int)peer, 1,
                      "rank %zu of %d lives, but has not come to %s for %.0f seconds", peer,
                      job->ranks, step, PATIENCE * deadline);
}

static void look_at_clock(rnl_job *job, double began)
{
    rnl_job_awake(job);
    if (job->fault != RNL_FAULT_NONE)
        return;
    for (size_t k = 0; k < job->open && job->fault == RNL_FAULT_NONE; ++k)
        look_at_rank(job, job->messages[k].peer, began);
    if (job->fault != RNL_FAULT_NONE)
        rnl_job_tell_all(job);
}

/* A rank that is late may need this core: a thread that wakes up is let onto a busy core sooner
 * than one that yields. */
static void rest(bool late)
{
    const struct timespec moment = {.tv_nsec = 20000};
    if (late)
        nanosleep(&moment, NULL);
    else
        sched_yield();
}

static void wait_for_all(rnl_job *job)
{
    bool late = false;
    pthread_mutex_lock(&job->lock);
    const double began = rnl_job_awake(job);
    pthread_mutex_unlock(&job->lock);
    for (unsigned turn = 1; job->open > 0 && job->fault == RNL_FAULT_NONE; ++turn) {
        pthread_mutex_lock(&job->lock);
        test_some(job);
        if (turn % LOOK_EVERY == 0 && job->open > 0) {
            rnl_job_listen(job);
            look_at_clock(job, began);
            late = job->awake - began > SPINNING;
        }
        pthread_mutex_unlock(&job->lock);
        if (job->open > 0)
            rest(late);
    }
    pthread_mutex_lock(&job->lock);
    job->traffic.waiting += rnl_job_awake(job) - began;
    pthread_mutex_unlock(&job->lock);
}

bool rnl_job_start(rnl_job *job, const rnl_parcel *parcels, size_t count)
{
    size_t needed = job->open;
    for (size_t i = 0; i < count; ++i) {
        needed += requests_of(job, &parcels[i]);
        job->traffic.sent += parcels[i].receives ? 0 : parcels[i].size;
    }
    if (job->fault != RNL_FAULT_NONE || !make_room(job, needed))
        return false;
    pthread_mutex_lock(&job->lock);
    start(job, parcels, count, true);
    start(job, parcels, count, false);
    pthread_mutex_unlock(&job->lock);
    return job->fault == RNL_FAULT_NONE;
}

void rnl_job_move(rnl_job *job)
{
    if (job->open == 0 || job->fault != RNL_FAULT_NONE)
        return;
    pthread_mutex_lock(&job->lock);
    test_some(job);
    pthread_mutex_unlock(&job->lock);
}

/* Tests what is open once, whatever errors there are. */
static void test_dropped(rnl_job *job)
{
    for (size_t k = job->open; k-- > 0;) {
        bool done = false;
        if (job->mpi->test(&job->messages[k].request, &done) == 0 && done)
            close_message(job, k);
    }
}

/* A receive that is matched, and a send, cannot be cancelled: they have a moment to come to an end.
 * The library may write to what is left, in any of its calls. */
void rnl_job_drop(rnl_job *job)
{
    if (!job || job->open == 0)
        return;
    pthread_mutex_lock(&job->lock);
    for (size_t k = 0; k < job->open; ++k)
        if (job->messages[k].receives)
            job->mpi->cancel(&job->messages[k].request);
    const double end = rnl_job_awake(job) + DROPPING;
    for (unsigned tests = 0; job->open > 0 && (tests < DROPPING_TESTS || rnl_job_awake(job) < end);
         ++tests) {
        test_dropped(job);
        rest(true);
    }
    job->left |= job->open > 0;
    job->open = 0;
    pthread_mutex_unlock(&job->lock);
}

bool rnl_job_exchange(rnl_job *job, const rnl_parcel *parcels, size_t count)
{
    if (rnl_job_start(job, parcels, count)) {
        atomic_store(&job->waiting, true);
        wait_for_all(job);
        atomic_store(&job->waiting, false);
    }
    if (job->fault == RNL_FAULT_NONE)
        return true;
    rnl_job_drop(job);
    return false;
}

rnl_job_traffic rnl_job_count_traffic(const rnl_job *job)
{
    return job ? job->traffic : (rnl_job_traffic){0};
}

bool rnl_job_gather_each(rnl_job *job, int tag, void *records, size_t size)
{
    const size_t ranks = (size_t)job->ranks, own = (size_t)job->rank;
    char *const bytes = records;
    size_t count = 0;
    for (size_t i = 1; i < ranks; ++i) {
        const size_t to = (own + i) % ranks, from = (own + ranks - i) % ranks;
        job->parcels[count++] = (rnl_parcel){from, tag, true, bytes + from * size, size};
        job->parcels[count++] = (rnl_parcel){to, tag, false, bytes + own * size, size};
    }
    return rnl_job_exchange(job, job->parcels, count);
}

bool rnl_job_gather(rnl_job *job, int tag, void *array, const size_t *ends)
{
    const size_t ranks = (size_t)job->ranks, own = (size_t)job->rank;
    const size_t begin = own > 0 ? ends[own - 1] : 0;
    rnl_parcel *parcels = job->parcels;
    size_t count = 0;
    for (size_t i = 1; i < ranks; ++i) {
        const size_t to = (own + i) % ranks, from = (own + ranks - i) % ranks,
                     at = from > 0 ? ends[from - 1] : 0;
        parcels[count++] = (rnl_parcel){from, tag, true, (char *)array + at, ends[from] - at};
        parcels[count++] = (rnl_parcel){to, tag, false, (char *)array + begin, ends[own] - begin};
    }
    return rnl_job_exchange(job, parcels, count);
}
