/*
 * Messages between the ranks of a job, timed.
 */
#ifndef RNL_ENGINE_WORKERS_MESSAGE_PROBE_H
#define RNL_ENGINE_WORKERS_MESSAGE_PROBE_H

#include "engine/cost/message_cost.h"
#include "exchange/job.h"
#include "runnel/runnel.h"

/* Messages at most that rnl_job_swap sends at once. */
#define RNL_SWAPS 32

/* Sends `count` messages of `size` bytes each to the rank that is half of all ranks on, on another
 * machine where there are several, and receives as many of the one as far back; all ranks do so at
 * once.  `sent` holds one message, `received` one, too.  false if the job is broken. */
bool rnl_job_swap(rnl_job *job, char *sent, char *received, size_t size, size_t count);

/* Measures what messages take, in some 100 ms at 10 Gbit/s, and cuts those of the job into the
 * pieces that took the shortest time; all ranks call it at once. */
rnl_status rnl_probe_messages(rnl_job *job, rnl_message_rates *rates);

#endif
