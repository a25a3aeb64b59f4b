#include "engine/workers/message_probe.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"

#include <stdlib.h>
#include <time.h>

enum { TAG = 9 };

static const struct {
    size_t bytes, rounds;
} sizes[] = {{8, 9}, {4096, 5}, {60000, 5}, {80000, 5}, {512 << 10, 15}, {4 << 20, 3}};

enum { SIZES = sizeof sizes / sizeof *sizes };

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

/* Sets the shortest of the rounds: a training makes thousands, by which TCP has settled. */
static bool measure(const probe *p, size_t size, size_t count, size_t rounds, double *shortest)
{
    bool whole = true;
    for (size_t i = 0; whole && i <= rounds; ++i) {
        const double start = now();
        whole = rnl_job_swap(p->job, p->sent, p->received, size, count);
        const double seconds = now() - start;
        *shortest = i == 0 || seconds < *shortest ? seconds : *shortest;
    }
    return whole;
}

static bool measure_all(const probe *p, rnl_message_rates *rates)
{
    double many;
    *rates = (rnl_message_rates){.peers = rnl_job_count(p->job) - 1, .count = SIZES};
    /* The largest comes first: TCP opens its windows as bytes pass by. */
    for (size_t i = SIZES; i-- > 0;) {
        rates->bytes[i] = (double)sizes[i].bytes;
        if (!measure(p, sizes[i].bytes, 1, sizes[i].rounds, &rates->seconds[i]))
            return false;
    }
    if (!measure(p, sizes[0].bytes, RNL_SWAPS, 3, &many))
        return false;
    const double overhead = (many - rates->seconds[0]) / (RNL_SWAPS - 1);
    rates->overhead = overhead > 0 ? overhead : 0;
    rnl_message_rates_settle(rates);
    return true;
}

rnl_status rnl_probe_messages(rnl_job *job, rnl_message_rates *rates)
{
    const size_t most = sizes[SIZES - 1].bytes;
    const probe p = {job, calloc(most, 1), calloc(most, 1)};
    rnl_status status = RNL_OK;
    if (!p.sent || !p.received)
        status = rnl_fail_memory(2 * most);
    else if (!measure_all(&p, rates))
        status = rnl_fail_job(job);
    free(p.sent);
    free(p.received);
    return status;
}
