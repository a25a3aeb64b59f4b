/*
 * A pass that ranks share out: they take its mini-batches in turn, and send each other what is
 * known of the rows.  So every rank adds up the numbers that one process would, in its order, and
 * has the same bits.
 */
#ifndef RNL_ENGINE_WORKERS_PASS_SHARING_H
#define RNL_ENGINE_WORKERS_PASS_SHARING_H

#include "engine/step/step.h"
#include "exchange/job.h"

typedef struct rnl_pass_sharing rnl_pass_sharing;

/* For passes of a step that is bound; *sharing is NULL without a job.  With `classes` labels and
 * predicted classes are sent, too.  RNL_NO_MEMORY. */
rnl_status rnl_pass_sharing_create(rnl_pass_sharing **sharing, rnl_step *step, rnl_job *job,
                                   bool classes);
void rnl_pass_sharing_free(rnl_pass_sharing *sharing);

/* The number of mini-batches of a round, one for each rank, and the own one of them. */
size_t rnl_pass_sharing_ranks(const rnl_pass_sharing *sharing);
size_t rnl_pass_sharing_own(const rnl_pass_sharing *sharing);

/* Ends a round; *stop becomes true where a rank is asked to stop.  RNL_JOB. */
rnl_status rnl_pass_sharing_exchange(rnl_pass_sharing *sharing, bool *stop);

/* Puts what is known of a rank's mini-batch of this round into the step. */
void rnl_pass_sharing_take(const rnl_pass_sharing *sharing, size_t rank);

#endif
