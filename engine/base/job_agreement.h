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

#endif
