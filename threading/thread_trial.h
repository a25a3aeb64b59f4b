/*
 * Whether the system lets this process have more threads.
 */
#ifndef RNL_THREADING_THREAD_TRIAL_H
#define RNL_THREADING_THREAD_TRIAL_H

#include <stddef.h>

/* Starts `count` threads that exist at the same time, and ends them.  Returns 0, or the errno of
 * the first that could not be started. */
int rnl_thread_trial(size_t count);

#endif
