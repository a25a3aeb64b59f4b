/*
 * Training as one rank of a job: what is refused, and how a failure travels.
 */
#ifndef RNL_ENGINE_TRAINING_JOB_CHECK_H
#define RNL_ENGINE_TRAINING_JOB_CHECK_H

#include "engine/base/job_agreement.h"
#include "engine/model/model.h"

/* Refuses more ranks than shards. */
rnl_status rnl_job_check(const rnl_model *model, const rnl_options *options);

/* Refuses ranks that differ in what they would train: RNL_BAD_DATA, the same on all. */
rnl_status rnl_job_compare(rnl_job *job, const rnl_model *model);

/* Tells the other ranks of a failure; returns the status.  They meet NaN in the same step, and an
 * `agreed` end, and are told of neither. */
rnl_status rnl_job_tell(rnl_job *job, rnl_status status, bool agreed);

/* Compares what the ranks would train, and shares the cores of a machine out among its ranks. */
rnl_status rnl_job_begin(const rnl_model *model, const rnl_options *options);

#endif
