/*
 * Letters: bytes of any size that leave and arrive while both ranks do something else.  A head
 * tells the size, the bytes follow it.
 */
#include "exchange/job_state.h"

#include <stdlib.h>
#include <string.h>

/* A letter with the requests of its messages. */
typedef struct letter {
    struct letter *next;
    size_t peer;
    uint64_t size;
    char *bytes;               /* (size), or NULL */
    size_t open;               /* requests that are not done */
    rnl_mpi_request *requests; /* (open at most) */
} letter;

struct rnl_letters {
    letter *leaving;
    letter *arriving; /* one at a time */
    double began;     /* when this rank began to look for letters */
};

static void release(letter *l)
{
    if (!l)
        return;
    free(l->bytes);
    free(l->requests);
    free(l);
}

static size_t parts_of(uint64_t size)
{
    return (size_t)((size + RNL_JOB_WHOLE - 1) / RNL_JOB_WHOLE);
}

/* NULL if memory runs out. */
static letter *create(size_t peer, uint64_t size)
{
    letter *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->peer = peer;
    l->size = size;
    l->bytes = malloc(size > 0 ? (size_t)size : 1);
    l->requests = calloc(parts_of(size) + 1, sizeof *l->requests);
    if (l->bytes && l->requests)
        return l;
    release(l);
    return NULL;
}

/* Starts the messages that hold the bytes; false if the library reports an error. */
static bool start_bytes(rnl_job *job, letter *l, bool receives)
{
    for (uint64_t begin = 0; begin < l->size; begin += RNL_JOB_WHOLE) {
        const uint64_t left = l->size - begin;
        const int count = (int)(left < RNL_JOB_WHOLE ? left : RNL_JOB_WHOLE);
        rnl_mpi_request *request = &l->requests[l->open];
        const int error =
            receives
                ? job->mpi->receive(l->bytes + begin, count, (int)l->peer, RNL_TAG_BYTES, request)
                : job->mpi->send(l->bytes + begin, count, (int)l->peer, RNL_TAG_BYTES, request);
        if (error) {
            rnl_job_break_by_error(job, l->peer, error);
            return false;
        }
        ++l->open;
    }
    return true;
}

/* Tests what is open; true if all of it is done. */
static bool is_done(rnl_job *job, letter *l)
{
    for (size_t k = l->open; k-- > 0;) {
        bool done = false;
        const int error = job->mpi->test(&l->requests[k], &done);
        if (error)
            rnl_job_break_by_error(job, l->peer, error);
        if (!error && done)
            l->requests[k] = l->requests[--l->open];
    }
    return l->open == 0;
}

/* Lets go of those that have left. */
static void move_leaving(rnl_job *job)
{
    for (letter **place = &job->letters->leaving; *place;) {
        letter *l = *place;
        if (!is_done(job, l)) {
            place = &l->next;
            continue;
        }
        *place = l->next;
        release(l);
    }
}

/* A head that is there begins a letter. */
static void begin_arriving(rnl_job *job)
{
    bool is_there = false;
    uint64_t size;
    int from;
    if (job->mpi->probe(RNL_TAG_LETTER, &from, &is_there) != 0 || !is_there ||
        job->mpi->take(&size, (int)sizeof size, from, RNL_TAG_LETTER) != 0)
        return;
    letter *l = create((size_t)from, size);
    job->letters->arriving = l;
    if (!l)
        rnl_job_break(job, RNL_FAULT_LIBRARY, job->rank, 1,
                      "out of memory for a letter of %llu bytes", (unsigned long long)size);
    else
        start_bytes(job, l, true);
}

static void look_for_silence(rnl_job *job)
{
    const double now = rnl_job_awake(job), began = job->letters->began;
    if (job->fault != RNL_FAULT_NONE)
        return;
    for (int r = 0; r < job->ranks && job->fault == RNL_FAULT_NONE; ++r) {
        const double heard = job->heard[r] > began ? job->heard[r] : began;
        if (r != job->rank && now - heard > job->deadline)
            rnl_job_break(job, RNL_FAULT_SILENT, r, 1,
                          "rank %d of %d has given no sign of life for %.0f seconds: it died, is "
                          "stopped, or cannot be reached",
                          r, job->ranks, job->deadline);
    }
    if (job->fault != RNL_FAULT_NONE)
        rnl_job_tell_all(job);
}

/* Makes the boxes with the first letter.  Holds the lock. */
static bool open_boxes(rnl_job *job)
{
    if (job->letters)
        return true;
    job->letters = calloc(1, sizeof *job->letters);
    if (!job->letters) {
        rnl_job_break(job, RNL_FAULT_LIBRARY, job->rank, 1, "out of memory for letters");
        return false;
    }
    job->letters->began = rnl_job_awake(job);
    return true;
}

static bool post(rnl_job *job, letter *l)
{
    const int error = job->mpi->send(&l->size, (int)sizeof l->size, (int)l->peer, RNL_TAG_LETTER,
                                     &l->requests[0]);
    if (error) {
        rnl_job_break_by_error(job, l->peer, error);
        release(l);
        return false;
    }
    l->open = 1;
    l->next = job->letters->leaving;
    job->letters->leaving = l;
    return start_bytes(job, l, false);
}

bool rnl_job_post(rnl_job *job, size_t to, const void *bytes, size_t size)
{
    letter *l = create(to, size);
    bool posted = false;
    pthread_mutex_lock(&job->lock);
    if (!l)
        rnl_job_break(job, RNL_FAULT_LIBRARY, job->rank, 1, "out of memory for a letter");
    else if (size > 0)
        memcpy(l->bytes, bytes, size);
    if (l && job->fault == RNL_FAULT_NONE && open_boxes(job)) {
        posted = post(job, l);
        l = NULL;
    }
    pthread_mutex_unlock(&job->lock);
    release(l);
    return posted;
}

static void take(rnl_job *job, size_t *from, void **bytes, size_t *size)
{
    struct rnl_letters *letters = job->letters;
    rnl_job_listen(job);
    look_for_silence(job);
    move_leaving(job);
    if (!letters->arriving)
        begin_arriving(job);
    letter *l = letters->arriving;
    if (!l || job->fault != RNL_FAULT_NONE || !is_done(job, l))
        return;
    *from = l->peer;
    *bytes = l->bytes;
    *size = (size_t)l->size;
    l->bytes = NULL;
    letters->arriving = NULL;
    release(l);
}

bool rnl_job_look(rnl_job *job, size_t *from, void **bytes, size_t *size)
{
    *bytes = NULL;
    pthread_mutex_lock(&job->lock);
    if (job->fault == RNL_FAULT_NONE && open_boxes(job))
        take(job, from, bytes, size);
    pthread_mutex_unlock(&job->lock);
    return job->fault == RNL_FAULT_NONE;
}

/* What the library may still read or write stays. */
void rnl_letters_release(rnl_job *job)
{
    struct rnl_letters *letters = job->letters;
    if (!letters)
        return;
    move_leaving(job);
    if (!letters->leaving && !letters->arriving)
        free(letters);
    job->letters = NULL;
}
