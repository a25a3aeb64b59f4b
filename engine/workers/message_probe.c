#include "engine/workers/message_probe.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TAG = 9 };

/* Rounds are even: a rank that comes late to one is early in the next. */
static const struct {
    size_t bytes, rounds;
} sizes[] = {{8, 4}, {4096, 4}, {60000, 4}, {80000, 4}, {512 << 10, 4}, {4 << 20, 2}};

enum { TURNS = 3 };

enum { SIZES = sizeof sizes / sizeof *sizes, SMALL = SIZES - 2, LARGE = SIZES - 1 };

/* Bytes of messages that leave at once: with MPICH on TCP, with Open MPI; and whole ones. */
static const size_t pieces[] = {8000, 60000, RNL_JOB_WHOLE};

enum { PIECES = sizeof pieces / sizeof *pieces };

typedef struct probe {
    rnl_job *job;
    char *sent, *received; /* of the largest size */
} probe;

bool rnl_job_swap(rnl_job *job, char *sent, char *received, size_t size, size_t count)
{
    const size_t ranks = rnl_job_count(job), own = rnl_job_own_rank(job), half = ranks / 2;
    const size_t to = (own + half) % ranks, from = (own + ranks - half) % ranks;
    rnl_parcel parcels[2 * RNL_SWAPS];
    for (size_t i = 0; i < count; ++i) {
        parcels[2 * i] = (rnl_parcel){from, TAG, true, received, size};
        parcels[2 * i + 1] = (rnl_parcel){to, TAG, false, sent, size};
    }
    return rnl_job_exchange(job, parcels, 2 * count);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double median(const double t[TURNS])
{
    const double low = t[0] < t[1] ? t[0] : t[1], high = t[0] < t[1] ? t[1] : t[0];
    return t[2] < low ? low : t[2] > high ? high : t[2];
}

/* Sets the time of a message: that of the middle one of three turns, because a step waits for what
 * is late, and the first one, or one that something else disturbs, does not count. */
static bool measure(const probe *p, size_t size, size_t count, double *seconds)
{
    double turns[TURNS];
    bool whole = rnl_job_swap(p->job, p->sent, p->received, sizes[size].bytes, count);
    for (size_t turn = 0; whole && turn < TURNS; ++turn) {
        const double start = now();
        for (size_t i = 0; whole && i < sizes[size].rounds; ++i)
            whole = rnl_job_swap(p->job, p->sent, p->received, sizes[size].bytes, count);
        turns[turn] = (now() - start) / (double)sizes[size].rounds;
    }
    if (whole)
        *seconds = median(turns);
    return whole;
}

/* Finds the pieces, from the first on, that take the shortest time by the clocks of all ranks. */
static bool find_pieces(const probe *p, size_t size, size_t first, double *times, size_t *best)
{
    const size_t ranks = rnl_job_count(p->job);
    double *own = times + PIECES * rnl_job_own_rank(p->job);
    for (size_t i = first; i < PIECES; ++i) {
        rnl_job_cut(p->job, pieces[i], pieces[i]);
        if (!measure(p, size, 1, &own[i]))
            return false;
    }
    if (!rnl_job_gather_each(p->job, TAG, times, PIECES * sizeof *times))
        return false;
    for (size_t r = 1; r < ranks; ++r)
        for (size_t i = 0; i < PIECES; ++i)
            times[i] += times[r * PIECES + i];
    *best = first;
    for (size_t i = first + 1; i < PIECES; ++i)
        *best = times[i] < times[*best] ? i : *best;
    times[0] = times[*best] / (double)ranks;
    return true;
}

static bool choose_pieces(const probe *p, double *times, rnl_message_rates *rates)
{
    size_t small, large;
    if (!find_pieces(p, LARGE, 1, times, &large))
        return false;
    rates->seconds[LARGE] = *times;
    if (!find_pieces(p, SMALL, 0, times, &small))
        return false;
    rates->seconds[SMALL] = *times;
    rnl_job_cut(p->job, pieces[small], pieces[large]);
    return true;
}

static bool measure_all(const probe *p, double *times, rnl_message_rates *rates)
{
    double many;
    *rates = (rnl_message_rates){.peers = rnl_job_count(p->job) - 1, .count = SIZES};
    for (size_t i = 0; i < SIZES; ++i)
        rates->bytes[i] = (double)sizes[i].bytes;
    /* The largest come first: TCP opens its windows as bytes pass by. */
    if (!choose_pieces(p, times, rates))
        return false;
    for (size_t i = SMALL; i-- > 0;)
        if (!measure(p, i, 1, &rates->seconds[i]))
            return false;
    if (!measure(p, 0, RNL_SWAPS, &many))
        return false;
    const double overhead = (many - rates->seconds[0]) / (RNL_SWAPS - 1);
    rates->overhead = overhead > 0 ? overhead : 0;
    rnl_message_rates_settle(rates);
    return true;
}

rnl_status rnl_probe_messages(rnl_job *job, rnl_message_rates *rates)
{
    const size_t most = sizes[SIZES - 1].bytes;
    const probe p = {job, malloc(most), calloc(most, 1)};
    double *times = calloc(PIECES * rnl_job_count(job), sizeof *times);
    rnl_status status = RNL_OK;
    if (!p.sent || !p.received || !times)
        status = rnl_fail_memory(2 * most);
    else {
        memset(p.sent, 1, most); /* pages of its own, as gradients have */
        if (!measure_all(&p, times, rates))
            status = rnl_fail_job(job);
    }
    free(times);
    free(p.sent);
    free(p.received);
    return status;
}
