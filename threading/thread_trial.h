/*
 * Whether the system lets this process have more threads.
 */
#ifndef RNL_THREADING_THREAD_TRIAL_H
#define RNL_THREADING_THREAD_TRIAL_H

#include <stddef.h>

/* Starts `count` threads that exist at the same time beside a megabyte for the OpenMP runtime,
 * which ends the process where it gets no memory, and ends them.  Returns 0, or the errno of the
 * first that could not be started. */
int rnl_thread_trial(size_t count);

/* The private memory that the system must grant for this trial. */
size_t rnl_thread_trial_bytes(size_t count);

#endif
