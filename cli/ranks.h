/*
 * A command as one rank of a job: rank 0 writes files and talks, what others would say is held back
 * until somebody has to hear it.
 */
#ifndef RNL_CLI_RANKS_H
#define RNL_CLI_RANKS_H

#include <runnel/runnel.h>

#include <stdbool.h>

typedef struct rnl_ranks {
    rnl_job *job;  /* NULL: alone */
    bool leads;    /* rank 0, or alone */
    int held;      /* a descriptor of what this rank would have said, or -1 */
    int messages;  /* that of standard error meanwhile */
    int spread;    /* the descriptor of a file that was spread */
    char file[32]; /* its name */
} rnl_ranks;

/* Joins the job that the process was started in; complains and returns an exit code.  With
 * `verbose` nothing is held back. */
int rnl_ranks_join(rnl_ranks *ranks, double deadline, bool verbose);

/* Waits for all ranks, and returns the same exit code on all: 0, if all of them give 0.  Rank 0
 * says why another rank failed. */
int rnl_ranks_agree(rnl_ranks *ranks, int code);

/* Gives the other ranks a file of rank 0, NULL for none, in memory; *path is where they read it, or
 * NULL.  Rank 0's own is left as it is.  Complains and returns an exit code, the same on all. */
int rnl_ranks_spread_file(rnl_ranks *ranks, const char **path);

/* Frees the memory of that file, once it was read. */
void rnl_ranks_drop_file(const rnl_ranks *ranks, const char *path);

/* Whether this rank reports a failure of a training. */
bool rnl_ranks_speak(const rnl_ranks *ranks, rnl_status status);

/* Leaves the job when all have come; returns the exit code. */
int rnl_ranks_leave(rnl_ranks *ranks, int code);

#endif
