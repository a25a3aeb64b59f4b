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

/* What a rank tells that fails, or finds another silent. */
typedef struct rnl_fault_message {
    int32_t fault, culprit, code;
    char text[RNL_JOB_TEXT];
} rnl_fault_message;

/* What the thread of the signs of life does. */
typedef enum rnl_life {
    RNL_LIFE_BEGINS, /* the library */
    RNL_LIFE_BEGUN,
    RNL_LIFE_BEATS,
    RNL_LIFE_ENDS,  /* ends the library, and itself */
    RNL_LIFE_BREAKS /* ends itself alone */
} rnl_life;

/* A message of a parcel that is not done. */
typedef struct rnl_open_message {
    rnl_mpi_request request;
    size_t peer;
    bool receives;
} rnl_open_message;

struct rnl_job {
    const rnl_mpi *mpi;
    void *module; /* of dlopen */
    int rank, ranks;
    rnl_node_share share;
    double deadline; /* seconds */
    char library[128];
    pthread_mutex_t lock; /* held in every call of the library */
    pthread_t pulse;
    _Atomic rnl_life life;
    int begin_error;     /* of the library */
    atomic_bool waiting; /* for other ranks */
    bool serialized;
    double awake, looked_at; /* seconds that count (rnl_job_awake), and when they were counted */
    double *heard;           /* (ranks) of these: the last sign of life */
    double *worked;          /* (ranks) the last one of a rank that did not hang */
    uint64_t step;
    rnl_open_message *messages; /* (capacity) */
    size_t open, capacity;
    size_t next;                 /* message to test */
    size_t pieces[2];            /* bytes of one message at most, of small and of large parcels */
    rnl_parcel *parcels;         /* (2 ranks) of rnl_job_gather */
    struct rnl_letters *letters; /* NULL: there were none yet (letters.c) */
    bool left;                   /* messages are open whose memory is gone */
    rnl_job_traffic traffic;
    rnl_fault_message own_fault;
    _Atomic rnl_fault fault; /* written once, behind what follows */
    int culprit;             /* rank, or -1 */
    double broken_at;        /* of the seconds that count */
    int code;                /* exit code that goes with the fault */
    char text[RNL_JOB_TEXT];
};

/* Returns the seconds in which this process ran: if it was stopped, or its machine stood still, it
 * heard of nobody, and nobody is silent for that.  Holds the lock. */
double rnl_job_awake(rnl_job *job);

/* Starts the thread that begins the library, and waits for that.  False, where the thread cannot be
 * started, or is still there after the deadline: then it and the job stay. */
bool rnl_life_begin(rnl_job *job, bool *started);

/* Lets the thread give signs of life. */
void rnl_life_beat(rnl_job *job);

/* Ends it: RNL_LIFE_ENDS, RNL_LIFE_BREAKS. */
void rnl_life_end(rnl_job *job, rnl_life how);

/* Takes what others have sent beside parcels: signs of life, faults.  Holds the lock. */
void rnl_job_listen(rnl_job *job);

/* Breaks the job; the first fault is kept.  Holds the lock. */
void rnl_job_break(rnl_job *job, rnl_fault fault, int culprit, int code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Tells the others why the job is broken.  Holds the lock. */
void rnl_job_tell_all(rnl_job *job);

/* Breaks it by an error of the library in the exchange with a rank.  Holds the lock. */
void rnl_job_break_by_error(rnl_job *job, size_t peer, int error);

/* Ends the letters, before the library ends.  Holds the lock. */
void rnl_letters_release(rnl_job *job);

#endif
