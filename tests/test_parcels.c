/*
 * Parcels between ranks, over a message library whose other rank sends what this one sends.
 */
#include "exchange/job_state.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEER = 1, TAG = 5, MOST = 1000, SIZE = 3 << 20 };

/* A message of either way. */
typedef struct message {
    char *bytes;
    int count;
    int tests; /* until it is done */
    bool cancelled;
} message;

static message sent[MOST], received[MOST];
static int sends, receives, vain_tests;
static int matched = -1;    /* a receive that cannot be cancelled */
static int failing_at = -1; /* a send whose first test fails */
static int longest = 40;    /* tests until a message is done, at most */
static bool nothing_arrives;
static struct timespec halt; /* in the first test of a receive that is cancelled */
static rnl_mpi_request no_request = {.number = -1};

/* Those that begin first take longest. */
static int add(message *messages, int *count, void *bytes, int size)
{
    cr_assert_lt(*count, MOST);
    messages[*count] = (message){bytes, size, longest - *count % longest, false};
    return (*count)++;
}

static int send(const void *bytes, int count, int to, int tag, rnl_mpi_request *request)
{
    if (tag == RNL_TAG_FAULT)
        return 1;
    cr_expect(to == PEER && tag == TAG);
    request->number = MOST + add(sent, &sends, (void *)(size_t)bytes, count);
    return 0;
}

static int receive(void *bytes, int count, int from, int tag, rnl_mpi_request *request)
{
    cr_expect(from == PEER && tag == TAG);
    request->number = add(received, &receives, bytes, count);
    return 0;
}

static int test(rnl_mpi_request *request, bool *done)
{
    cr_assert_neq(request->number, no_request.number, "a request is tested that is done");
    message *m =
        request->number < MOST ? &received[request->number] : &sent[request->number - MOST];
    if (failing_at >= 0 && request->number == MOST + failing_at) {
        failing_at = -1;
        return 17;
    }
    if (m->cancelled) {
        nanosleep(&halt, NULL);
        halt.tv_nsec = 0;
    }
    *done = nothing_arrives && request->number < MOST ? m->cancelled && request->number != matched
                                                      : --m->tests <= 0;
    vain_tests += !*done;
    if (!*done)
        return 0;
    if (request->number < MOST && !m->cancelled) {
        cr_assert_eq(m->count, sent[request->number].count);
        memcpy(m->bytes, sent[request->number].bytes, (size_t)m->count);
    }
    *request = no_request;
    return 0;
}

static int cancel(rnl_mpi_request *request)
{
    cr_assert_lt(request->number, MOST, "a send is cancelled");
    received[request->number].cancelled = true;
    return 0;
}

static void describe(int error, char *text, size_t room)
{
    snprintf(text, room, "error %d", error);
}

static int probe(int tag, int *from, bool *is_there)
{
    (void)tag, (void)from;
    *is_there = false;
    return 0;
}

static const rnl_mpi mpi = {.send = send,
                            .receive = receive,
                            .test = test,
                            .cancel = cancel,
                            .describe = describe,
                            .probe = probe};

static double heard[2], worked[2];
static rnl_job job = {
    .mpi = &mpi,
    .ranks = 2,
    .deadline = 1e9,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .heard = heard,
    .worked = worked,
};

/* Exchanges parcels of these sizes, whose bytes count on, and returns the number of messages. */
static int exchange(const size_t *sizes, size_t count)
{
    static char from[2 * SIZE], to[2 * SIZE];
    rnl_parcel parcels[4];
    size_t at = 0;
    for (size_t i = 0; i < sizeof from; ++i)
        from[i] = (char)(i % 251);
    memset(to, -1, sizeof to);
    for (size_t i = 0; i < count; at += sizes[i++]) {
        parcels[2 * i] = (rnl_parcel){PEER, TAG, false, from + at, sizes[i]};
        parcels[2 * i + 1] = (rnl_parcel){PEER, TAG, true, to + at, sizes[i]};
    }
    sends = receives = 0;
    cr_assert(rnl_job_exchange(&job, parcels, 2 * count));
    cr_expect_eq(job.open, 0u);
    cr_expect_eq(memcmp(from, to, at), 0);
    cr_expect(at == sizeof to || to[at] == -1);
    free(job.messages);
    job.messages = NULL;
    job.capacity = 0;
    cr_expect_eq(sends, receives);
    return sends;
}

Test(parcels, are_whole_unless_they_are_cut)
{
    rnl_job_cut(&job, RNL_JOB_WHOLE, RNL_JOB_WHOLE);
    cr_expect_eq(exchange((const size_t[]){SIZE, 7}, 2), 2);
}

Test(parcels, are_cut_by_their_size)
{
    rnl_job_cut(&job, 60000, RNL_JOB_WHOLE);
    cr_expect_eq(exchange((const size_t[]){RNL_JOB_SMALL, RNL_JOB_SMALL + 1}, 2), 18 + 1);
    cr_expect(sent[0].count == 60000 && sent[17].count == (1 << 20) - 17 * 60000);
    rnl_job_cut(&job, RNL_JOB_WHOLE, 60000);
    cr_expect_eq(exchange((const size_t[]){RNL_JOB_SMALL, RNL_JOB_SMALL + 1}, 2), 1 + 18);
    cr_expect_eq(exchange((const size_t[]){60000, 120000}, 2), 2);
}

Test(parcels, have_no_more_than_128_messages)
{
    rnl_job_cut(&job, 8000, 8000);
    cr_expect_eq(exchange((const size_t[]){128 * 8000}, 1), 128);
    cr_expect_eq(exchange((const size_t[]){128 * 8000 + 1}, 1), 128);
    cr_expect_eq(exchange((const size_t[]){SIZE}, 1), 128);
}

Test(parcels, of_hundreds_some_are_tested_at_a_time)
{
    static char bytes[100];
    const rnl_parcel parcel = {PEER, TAG, true, bytes, sizeof bytes};
    rnl_job_cut(&job, 1, 1);
    sends = receives = 0;
    for (int i = 0; i < MOST; ++i)
        sent[i] = (message){bytes, 1, 0, false};
    cr_assert(rnl_job_start(&job, &parcel, 1));
    cr_expect_eq(job.open, 100u);
    for (int i = 0; i < 5; ++i) {
        vain_tests = 0;
        rnl_job_move(&job);
        cr_expect_eq(vain_tests, 8);
    }
    int turns = 0;
    while (job.open > 0 && ++turns < 1000)
        rnl_job_move(&job);
    cr_expect_eq(job.open, 0u);
    free(job.messages);
}

/* ---- a broken job ---------------------------------------------------------------------------- */

/* Two messages each way, of which the first one's send fails. */
static void break_exchange(void)
{
    static char from[2000], to[2000];
    const rnl_parcel parcels[] = {{PEER, TAG, true, to, sizeof to},
                                  {PEER, TAG, false, from, sizeof from}};
    rnl_job_cut(&job, 1000, 1000);
    sends = receives = failing_at = 0;
    longest = 2; /* they are dropped after a tenth of a second */
    nothing_arrives = true;
    cr_assert_not(rnl_job_exchange(&job, parcels, 2));
    cr_expect_eq(job.fault, RNL_FAULT_LIBRARY);
    cr_expect_not_null(strstr(job.text, "error 17"));
    cr_expect(received[0].cancelled && received[1].cancelled);
    free(job.messages);
}

Test(parcels, of_a_broken_job_are_cancelled)
{
    break_exchange();
    cr_expect_not(job.left);
}

Test(parcels, of_a_broken_job_are_cancelled_where_the_process_is_halted)
{
    halt.tv_nsec = 200000000;
    break_exchange();
    cr_expect_not(job.left);
}

Test(parcels, of_a_broken_job_may_have_arrived)
{
    matched = 1;
    break_exchange();
    cr_expect(job.left);
}

Test(parcels, that_were_started_and_end_are_dropped)
{
    static char from[50], to[50];
    const rnl_parcel parcels[] = {{PEER, TAG, true, to, sizeof to},
                                  {PEER, TAG, false, from, sizeof from}};
    rnl_job_cut(&job, 10, 10);
    longest = 2;
    cr_assert(rnl_job_start(&job, parcels, 2));
    cr_expect_eq(job.open, 10u);
    rnl_job_drop(&job);
    cr_expect_not(job.left);
    cr_expect_eq(job.fault, RNL_FAULT_NONE);
    rnl_job_drop(&job);
    rnl_job_drop(NULL);
    free(job.messages);
}

/* ---- ranks that do not come ------------------------------------------------------------------ */

enum { DEADLINES_OF_PATIENCE = 20 };

/* Waits for a message that does not come, from a rank that was last heard, and last worked, then;
 * the deadline begins with the exchange. */
static void expect_broken(double last_heard, double last_worked, double deadlines,
                          const char *words)
{
    static char to[10];
    const rnl_parcel parcel = {PEER, TAG, true, to, sizeof to};
    rnl_job_cut(&job, RNL_JOB_WHOLE, RNL_JOB_WHOLE);
    nothing_arrives = true;
    job.deadline = 0.01;
    job.awake = 1000;
    heard[PEER] = last_heard;
    worked[PEER] = last_worked;
    cr_assert_not(rnl_job_exchange(&job, &parcel, 1));
    cr_expect_eq(job.fault, RNL_FAULT_SILENT);
    cr_expect_eq(job.culprit, PEER);
    cr_expect_gt(job.broken_at - 1000, deadlines * job.deadline);
    cr_expect_not_null(strstr(job.text, words), "%s", job.text);
    rnl_job_break(&job, RNL_FAULT_LIBRARY, 0, 1, "what comes later");
    cr_expect_eq(job.fault, RNL_FAULT_SILENT);
    cr_expect_not_null(strstr(job.text, words), "%s", job.text);
    free(job.messages);
}

Test(parcels, of_a_silent_rank_break_the_job)
{
    expect_broken(0, 1e9, 1, "has given no sign of life");
}

Test(parcels, of_a_rank_that_hangs_break_the_job)
{
    expect_broken(1e9, 0, 1, "lives, but has done nothing");
}

Test(parcels, of_a_rank_that_does_not_come_break_the_job)
{
    expect_broken(1e9, 1e9, DEADLINES_OF_PATIENCE, "lives, but has not come");
}
