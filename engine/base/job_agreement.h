/*
 * Ranks of a job come to one end: what a rank has met is told to all.
 */
#ifndef RNL_ENGINE_BASE_JOB_AGREEMENT_H
#define RNL_ENGINE_BASE_JOB_AGREEMENT_H

#include "exchange/job.h"
#include "runnel/runnel.h"

/* The fault of a broken job: RNL_JOB. */
rnl_status rnl_fail_job(const rnl_job *job);

/* Brings all ranks together with a status each: fails on all where one has failed, and the job goes
 * on, to its end.  Without a job it returns the status. */
rnl_status rnl_job_agree_on(rnl_job *job, rnl_status status);

/* Returns the status; other ranks, which wait for this one, hear of a failure at once.  No job:
 * nobody does. */
rnl_status rnl_job_tell_failure(rnl_job *job, rnl_status status);

/* RNL_BAD_DATA: the rank has "another configuration", or what it may be. */
rnl_status rnl_fail_other(const rnl_job *job, size_t rank, const char *what);

/* Gathers a record of each rank, all of one size: *records is freed with free. */
rnl_status rnl_job_gather_records(rnl_job *job, const void *own, size_t size, void **records);

#endif
