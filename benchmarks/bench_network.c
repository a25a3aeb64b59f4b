/*
 * The network between the ranks of a job, as a training step uses it: a message there and back, all
 * pieces exchanged, and all pieces gathered, by size.
 */
#include "benchmarks/bench.h"
#include "cli/messages.h"
#include "cli/ranks.h"
#include "engine/base/error.h"
#include "engine/step/shared.h"
#include "exchange/job.h"

#include <stdio.h>
#include <stdlib.h>

enum { TAG = 9, SIZES = 5, MOST_BYTES = 16 << 20 };

static const struct {
    size_t bytes, rounds, quick_rounds;
} sizes[SIZES] = {{8, 1000, 100},
                  {1 << 10, 1000, 100},
                  {64 << 10, 400, 40},
                  {1 << 20, 60, 10},
                  {MOST_BYTES, 12, 4}};

/* What all ranks do at once; the first one has the clock. */
typedef struct network {
    rnl_job *job;
    size_t rank, ranks;
    char *sent, *received; /* (MOST_BYTES) */
    rnl_parcel *parcels;   /* (2 ranks) */
    size_t *ends;          /* (ranks) */
} network;

typedef bool transfer(const network *n, size_t bytes);

static bool ping_pong(const network *n, size_t bytes)
{
    rnl_parcel to = {1 - n->rank, TAG, false, n->sent, bytes};
    rnl_parcel from = {1 - n->rank, TAG, true, n->received, bytes};
    const rnl_parcel *first = n->rank == 0 ? &to : &from, *second = n->rank == 0 ? &from : &to;
    return n->rank > 1 ||
           (rnl_job_exchange(n->job, first, 1) && rnl_job_exchange(n->job, second, 1));
}

/* Each rank has as many bytes, and gives each rank its piece of them. */
static bool exchange(const network *n, size_t bytes)
{
    const size_t piece = bytes / n->ranks;
    size_t count = 0;
    for (size_t i = 1; i < n->ranks; ++i) {
        const size_t peer = (n->rank + i) % n->ranks;
        n->parcels[count++] = (rnl_parcel){peer, TAG, true, n->received + peer * piece, piece};
        n->parcels[count++] = (rnl_parcel){peer, TAG, false, n->sent + peer * piece, piece};
    }
    return rnl_job_exchange(n->job, n->parcels, count);
}

static bool gather(const network *n, size_t bytes)
{
    for (size_t r = 0; r < n->ranks; ++r)
        n->ends[r] = (r + 1) * (bytes / n->ranks);
    return rnl_job_gather(n->job, TAG, n->received, n->ends);
}

static const struct {
    const char *name;
    transfer *run;
    double messages; /* one after the other */
} transfers[] = {{"ping_pong", ping_pong, 2}, {"exchange", exchange, 1}, {"gather", gather, 1}};

/* Returns the median of a message's time; 0 if the job is broken. */
static double measure(rnl_bench *bench, const network *n, size_t kind, size_t size)
{
    const size_t rounds = bench->quick ? sizes[size].quick_rounds : sizes[size].rounds;
    rnl_samples seconds = {0};
    bool whole = transfers[kind].run(n, sizes[size].bytes);
    for (size_t round = 0; whole && round < rounds; ++round) {
        const double start = rnl_seconds();
        whole = transfers[kind].run(n, sizes[size].bytes);
        rnl_samples_add(&seconds, (rnl_seconds() - start) / transfers[kind].messages);
    }
    rnl_bench_result result = {.threads = 1,
                               .repetitions = seconds.count,
                               .seconds = rnl_samples_summarize(&seconds),
                               .rounds = &seconds};
    snprintf(result.name, sizeof result.name, "network/%s/bytes:%zu/ranks:%zu",
             transfers[kind].name, sizes[size].bytes, n->ranks);
    rnl_bench_result_count(&result, "gigabytes_per_second",
                           (double)sizes[size].bytes / result.seconds.median / 1e9);
    if (whole && n->rank == 0)
        rnl_bench_report_add(&bench->report, &result);
    rnl_samples_release(&seconds);
    return whole ? result.seconds.median : 0;
}

/* What the model of costs asks for. */
static void report_rates(rnl_bench *bench, double latency, double longest)
{
    rnl_bench_result result = {.threads = 1, .repetitions = 1};
    snprintf(result.name, sizeof result.name, "network/rates");
    snprintf(result.label, sizeof result.label,
             "runnel topology --ranks N --network %.3g,%.3g --model FILE", latency * 1e6,
             8 * MOST_BYTES / longest / 1e9);
    rnl_bench_result_count(&result, "latency_us", latency * 1e6);
    rnl_bench_result_count(&result, "gigabytes_per_second", MOST_BYTES / longest / 1e9);
    rnl_bench_report_add(&bench->report, &result);
}

static rnl_status measure_all(rnl_bench *bench, const network *n)
{
    double latency = 0, longest = 0;
    for (size_t kind = 0; kind < sizeof transfers / sizeof *transfers; ++kind)
        for (size_t size = 0; size < SIZES; ++size) {
            const double median = measure(bench, n, kind, size);
            if (median == 0)
                return rnl_fail_job(n->job);
            latency = kind == 0 && size == 0 ? median : latency;
            longest = kind == 0 ? median : longest;
        }
    if (n->rank == 0)
        report_rates(bench, latency, longest);
    return RNL_OK;
}

static int measure_job(rnl_bench *bench, rnl_ranks *ranks)
{
    network n = {
        .job = ranks->job, .rank = rnl_job_rank(ranks->job), .ranks = rnl_job_ranks(ranks->job)};
    n.sent = calloc(MOST_BYTES, 1);
    n.received = calloc(MOST_BYTES, 1);
    n.parcels = calloc(2 * n.ranks, sizeof *n.parcels);
    n.ends = calloc(n.ranks, sizeof *n.ends);
    const rnl_status status = n.sent && n.received && n.parcels && n.ends
                                  ? measure_all(bench, &n)
                                  : rnl_fail_memory(2 * MOST_BYTES);
    free(n.sent);
    free(n.received);
    free(n.parcels);
    free(n.ends);
    return rnl_ranks_speak(ranks, status) ? rnl_bench_complain(status) : RNL_EXIT_FAILURE;
}

int rnl_bench_network(rnl_bench *bench)
{
    return measure_job(bench, bench->ranks);
}
