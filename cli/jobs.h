/*
 * Processes of this program, several at a time, each on cores of its own.
 */
#ifndef RNL_CLI_JOBS_H
#define RNL_CLI_JOBS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_job {
    const char **words; /* the program's arguments, from "runnel" to NULL */
    const char *log;    /* the file that its streams go to */
} rnl_job;

/* Runs the jobs, `at_once` at a time; calls `ended` for each with its exit code.  Complains and
 * returns false if a job cannot be started.  After Ctrl-C or SIGTERM the running jobs are stopped,
 * each of which saves a checkpoint, no other begins, and `interrupted` is the signal, else 0. */
bool rnl_jobs_run(const rnl_job *jobs, size_t count, size_t at_once,
                  void (*ended)(size_t job, int exit_code, void *user), void *user,
                  int *interrupted);

#endif
