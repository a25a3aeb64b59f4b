/*
 * The state of a job, for the files of exchange/ alone.
 */
#ifndef RNL_EXCHANGE_JOB_STATE_H
#define RNL_EXCHANGE_JOB_STATE_H

#include "exchange/job.h"
#include "exchange/mpi_table.h"

#include <pthread.h>
#include <stdatomic.h>

/* Tags of parcels are below. */
enum { RNL_TAG_PULSE = 16, RNL_TAG_FAULT, RNL_TAG_END, RNL_TAG_LETTER, RNL_TAG_BYTES };

/* What a rank that fails tells. */
typedef struct rnl_fault_message {
    int32_t code;
    char text[RNL_JOB_TEXT];
} rnl_fault_message;

struct rnl_job {
    const rnl_mpi *mpi;
    void *module; /* of dlopen */
    int rank, ranks;
    rnl_node_share share;
    double deadline; /* seconds */
    char library[128];
    pthread_mutex_t lock; /* held in every call of the library */
    pthread_t pulse;
    bool has_pulse;
    atomic_bool leaving;
    double awake, looked_at; /* seconds that count (rnl_job_awake), and when they were counted */
    double *heard;           /* (ranks) of these: the last sign of life */
    uint64_t step;
    rnl_mpi_request *requests; /* (capacity) */
    size_t *owners;            /* (capacity) the parcel that a request belongs to */
    size_t capacity;
    rnl_parcel *parcels;         /* (2 ranks) of rnl_job_gather */
    struct rnl_letters *letters; /* NULL: there were none yet (letters.c) */
    rnl_job_traffic traffic;
    rnl_fault_message own_fault;
    _Atomic rnl_fault fault; /* written once, behind what follows */
    int culprit;             /* rank, or -1 */
    int code;                /* exit code that goes with the fault */
    char text[RNL_JOB_TEXT];
};

/* Returns the seconds in which this process ran: if it was stopped, or its machine stood still, it
 * heard of nobody, and nobody is silent for that.  Holds the lock. */
double rnl_job_awake(rnl_job *job);

/* Starts and ends the thread that gives signs of life. */
bool rnl_pulse_start(rnl_job *job);
void rnl_pulse_end(rnl_job *job);

/* Takes what others have sent beside parcels: signs of life, faults.  Holds the lock. */
void rnl_job_listen(rnl_job *job);

/* Breaks the job; the first fault is kept.  Holds the lock. */
void rnl_job_break(rnl_job *job, rnl_fault fault, int culprit, int code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Breaks it by an error of the library in the exchange with a rank.  Holds the lock. */
void rnl_job_break_by_error(rnl_job *job, size_t peer, int error);

/* Ends the letters, before the library ends. */
void rnl_letters_release(rnl_job *job);

#endif
