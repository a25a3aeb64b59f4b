/*
 * The network between the ranks of a job, as a training step uses it: a message there and back; one
 * each way at once, of which the model of costs is made; all pieces exchanged, and all pieces
 * gathered, beside what the model foresees of them.
 */
#include "benchmarks/bench.h"
#include "cli/messages.h"
#include "cli/ranks.h"
#include "engine/base/error.h"
#include "engine/step/shared.h"
#include "engine/workers/message_probe.h"
#include "exchange/job.h"

#include <stdio.h>
#include <stdlib.h>

enum { TAG = 9, SIZES = 9, MOST_BYTES = 16 << 20 };

/* 60,000 bytes and 80,000 stand on both sides of 64 KiB, above which Open MPI's TCP asks the
 * receiver first, unless messages are cut. */
static const struct {
    size_t bytes, rounds, quick_rounds;
} sizes[SIZES] = {{8, 500, 25},     {1 << 10, 500, 25}, {8 << 10, 300, 15},
                  {60000, 200, 10}, {80000, 200, 10},   {256 << 10, 100, 5},
                  {1 << 20, 30, 3}, {4 << 20, 15, 2},   {MOST_BYTES, 6, 2}};

/* What all ranks do at once; the first one has the clock. */
typedef struct network {
    rnl_job *job;
    size_t rank, ranks;
    char *sent, *received; /* (MOST_BYTES) */
    rnl_parcel *parcels;   /* (2 ranks) */
    size_t *ends;          /* (ranks) */
    rnl_message_rates *messages;
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

static bool swap(const network *n, size_t bytes)
{
    return rnl_job_swap(n->job, n->sent, n->received, bytes, 1);
}

static bool swap_many(const network *n, size_t bytes)
{
    return rnl_job_swap(n->job, n->sent, n->received, bytes, RNL_SWAPS);
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

enum { PING_PONG, SWAP, ONE_MORE, EXCHANGE, GATHER, KINDS };

static const struct {
    const char *name;
    transfer *run;
    double messages; /* one after the other */
} transfers[KINDS] = {[PING_PONG] = {"ping_pong", ping_pong, 2},
                      [SWAP] = {"swap", swap, 1},
                      [ONE_MORE] = {"one_more", swap_many, RNL_SWAPS},
                      [EXCHANGE] = {"exchange", exchange, 1},
                      [GATHER] = {"gather", gather, 1}};

/* Collects the rounds of a transfer, by twos: a rank that comes late to one is early in the next.
 * False if the job is broken. */
static bool time_rounds(const network *n, size_t kind, size_t bytes, size_t rounds,
                        rnl_samples *seconds)
{
    bool whole = transfers[kind].run(n, bytes);
    for (size_t round = 0; whole && round < rounds; ++round) {
        const double start = rnl_seconds();
        whole = transfers[kind].run(n, bytes) && transfers[kind].run(n, bytes);
        rnl_samples_add(seconds, (rnl_seconds() - start) / (2 * transfers[kind].messages));
    }
    return whole;
}

/* What the model foresees of a message's time, over what it takes. */
static void count_foreseen(rnl_bench_result *result, const network *n, size_t kind, size_t bytes)
{
    const double received = (double)(bytes - bytes / n->ranks);
    if (kind == EXCHANGE || kind == GATHER)
        rnl_bench_result_count(result, "foreseen_by_measured",
                               rnl_exchange_seconds(n->messages, received) /
                                   result->seconds.median);
}

/* Returns the median of a message's time; 0 if the job is broken. */
static double measure(rnl_bench *bench, const network *n, size_t kind, size_t size)
{
    const size_t bytes = sizes[size].bytes;
    rnl_samples seconds = {0};
    const bool whole = time_rounds(
        n, kind, bytes, bench->quick ? sizes[size].quick_rounds : sizes[size].rounds, &seconds);
    rnl_bench_result result = {.threads = 1,
                               .repetitions = seconds.count,
                               .seconds = rnl_samples_summarize(&seconds),
                               .rounds = &seconds};
    snprintf(result.name, sizeof result.name, "network/%s/bytes:%zu/ranks:%zu",
             transfers[kind].name, bytes, n->ranks);
    rnl_bench_result_count(&result, "gigabytes_per_second",
                           (double)bytes / result.seconds.median / 1e9);
    count_foreseen(&result, n, kind, bytes);
    if (whole && n->rank == 0)
        rnl_bench_report_add(&bench->report, &result);
    rnl_samples_release(&seconds);
    return whole ? result.seconds.median : 0;
}

/* What the model of costs takes. */
static void report_rates(rnl_bench *bench, const rnl_message_rates *m)
{
    rnl_bench_result result = {.threads = 1, .repetitions = 1};
    snprintf(result.name, sizeof result.name, "network/rates");
    snprintf(result.label, sizeof result.label,
             "--network %.3g,%.3g, or a file of --json, for "
             "runnel topology --ranks N --model FILE",
             m->seconds[0] * 1e6, 8e-9 * m->bandwidth);
    rnl_bench_result_count(&result, "latency_us", m->seconds[0] * 1e6);
    rnl_bench_result_count(&result, "gigabytes_per_second", 1e-9 * m->bandwidth);
    rnl_bench_report_add(&bench->report, &result);
}

/* The shortest size alone tells what one more message at once takes beside its bytes. */
static size_t sizes_of(size_t kind)
{
    return kind == ONE_MORE ? 1 : SIZES;
}

static void take(rnl_message_rates *m, size_t kind, size_t size, double median)
{
    if (kind == SWAP) {
        m->bytes[size] = (double)sizes[size].bytes;
        m->seconds[size] = median;
        m->count = size + 1;
        rnl_message_rates_settle(m);
    } else if (kind == ONE_MORE)
        m->overhead = median;
}

static rnl_status measure_all(rnl_bench *bench, const network *n)
{
    rnl_message_rates of_training;
    RNL_TRY(rnl_probe_messages(n->job, &of_training)); /* cuts messages as a training does */
    for (size_t kind = 0; kind < KINDS; ++kind)
        for (size_t size = 0; size < sizes_of(kind); ++size) {
            const double median = measure(bench, n, kind, size);
            if (median == 0)
                return rnl_fail_job(n->job);
            take(n->messages, kind, size, median);
        }
    if (n->rank == 0)
        report_rates(bench, n->messages);
    return RNL_OK;
}

static int measure_job(rnl_bench *bench, rnl_ranks *ranks)
{
    rnl_message_rates messages = {.peers = rnl_job_ranks(ranks->job) - 1};
    network n = {.job = ranks->job,
                 .rank = rnl_job_rank(ranks->job),
                 .ranks = rnl_job_ranks(ranks->job),
                 .messages = &messages};
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
    return rnl_ranks_speak(ranks, status) ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
}

int rnl_bench_network(rnl_bench *bench)
{
    return measure_job(bench, bench->ranks);
}
