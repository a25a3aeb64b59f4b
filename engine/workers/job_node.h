/*
 * The ranks of a job on one machine: each has its share of the cores that they may all use.
 */
#ifndef RNL_ENGINE_WORKERS_JOB_NODE_H
#define RNL_ENGINE_WORKERS_JOB_NODE_H

#include "exchange/job.h"
#include "runnel/runnel.h"

/* Finds the ranks that may use the same cores, and this rank's share; rank 0 logs how many have
 * what, and warns where the launcher left most cores of a machine to nobody. */
rnl_status rnl_job_settle(rnl_job *job, const rnl_options *options);

#endif
