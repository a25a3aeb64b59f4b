/*
 * A job: the processes, or ranks, that a launcher has started to train together, and messages
 * between them.
 *
 * No call waits for ever.  A thread of each rank sends the others a sign of life, and says whether
 * the rank works: a rank that is waited for and does neither until the deadline, or says that it
 * failed, breaks the job: from then on every exchange fails at once, with the same fault.
 */
#ifndef RNL_EXCHANGE_JOB_H
#define RNL_EXCHANGE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rnl_job rnl_job;

/* Why a job cannot go on. */
typedef enum rnl_fault {
    RNL_FAULT_NONE,
    RNL_FAULT_SILENT, /* a rank gives no sign of life, hangs, or does not come */
    RNL_FAULT_TOLD,   /* a rank says that it failed */
    RNL_FAULT_LIBRARY /* the message library reports an error */
} rnl_fault;

#define RNL_JOB_TEXT 512

/* Seconds without a sign of life, or of work: with a second between signs, and what a launcher
 * takes to end processes, a job ends within 30. */
#define RNL_JOB_DEADLINE 25.0

/* Joins the job of the launcher's ranks.  *job is NULL where this process is alone.  false if the
 * others cannot be joined, with the reason in `problem`. */
bool rnl_job_enter(rnl_job **job, double deadline, char problem[RNL_JOB_TEXT]);

/* Leaves it: after a fault, or with a code other than 0, without waiting for the others, who are
 * ended with this code. */
void rnl_job_exit(rnl_job *job, int code);

size_t rnl_job_own_rank(const rnl_job *job);
size_t rnl_job_count(const rnl_job *job);

/* This rank's number among those of its machine that may use the same cores, and their count. */
typedef struct rnl_node_share {
    size_t index, count;
} rnl_node_share;

void rnl_job_set_share(rnl_job *job, rnl_node_share share);
rnl_node_share rnl_job_share(const rnl_job *job); /* 0 of 1 until it is set, and for NULL */

/* "Open MPI v4.1.4". */
const char *rnl_job_library(const rnl_job *job);

/* A message. */
typedef struct rnl_parcel {
    size_t peer;
    int tag; /* below 16; parcels of a pair and a tag arrive in the order in which they are sent */
    bool receives;
    void *bytes;
    size_t size; /* the same on both sides; 0 sends nothing */
} rnl_parcel;

/* Bytes of one message at most, which an int counts, and of a small parcel. */
#define RNL_JOB_WHOLE ((size_t)1 << 30)
#define RNL_JOB_SMALL ((size_t)1 << 20)

/* Cuts small parcels, and large ones, into messages of so many bytes, between exchanges; all ranks
 * set the same.  A large message first asks its receiver for room; small ones leave at once. */
void rnl_job_cut(rnl_job *job, size_t small, size_t large);

/* Starts parcels that the next exchange waits for; messages move while the library is called. */
bool rnl_job_start(rnl_job *job, const rnl_parcel *parcels, size_t count);
void rnl_job_move(rnl_job *job);

/* Ends what was started and is not done, before its memory goes: receives are cancelled. */
void rnl_job_drop(rnl_job *job);

/* Sends and receives all parcels, and those that were started; false if the job is broken. */
bool rnl_job_exchange(rnl_job *job, const rnl_parcel *parcels, size_t count);

/* Sends each rank the own part of an array and receives theirs; ends[r] is where the part of rank r
 * ends, in bytes. */
bool rnl_job_gather(rnl_job *job, int tag, void *array, const size_t *ends);

/* The same where each rank has a record of `size` bytes. */
bool rnl_job_gather_each(rnl_job *job, int tag, void *records, size_t size);

/* Sends a copy of the bytes, which leaves while both ranks look for letters; false if the job is
 * broken. */
bool rnl_job_post(rnl_job *job, size_t to, const void *bytes, size_t size);

/* Takes the next letter that has arrived: *bytes is freed with free, and NULL where there is none.
 * A rank that is silent for the deadline, while this one looks, breaks the job; false if it is
 * broken. */
bool rnl_job_look(rnl_job *job, size_t *from, void **bytes, size_t *size);

/* What this rank has sent in parcels so far, and how long it has waited for them. */
typedef struct rnl_job_traffic {
    uint64_t sent;  /* bytes */
    double waiting; /* seconds */
} rnl_job_traffic;

rnl_job_traffic rnl_job_count_traffic(const rnl_job *job); /* none for NULL */

/* The step that messages about faults name. */
void rnl_job_stand_at(rnl_job *job, uint64_t step);

/* Tells the others that this rank has failed, and breaks the job. */
void rnl_job_fail(rnl_job *job, int code, const char *text);

/* The fault, with its text and the exit code that goes with it. */
rnl_fault rnl_job_fault(const rnl_job *job, const char **text, int *code);

/* Tests if this rank is the one that speaks of the fault. */
bool rnl_job_speaks(const rnl_job *job);

#endif
