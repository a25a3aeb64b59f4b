/*
 * What the model of costs foresees of a step that ranks share.
 */
#ifndef RNL_ENGINE_WORKERS_OUTLOOK_H
#define RNL_ENGINE_WORKERS_OUTLOOK_H

#include "engine/cost/message_cost.h"
#include "engine/model/model.h"
#include "exchange/job.h"
#include "threading/topology.h"

/* What is asked: a step of a training on machines that are alike, one rank on each. */
typedef struct rnl_outlook {
    const rnl_topology *topology;
    const rnl_model *model;
    size_t batch_size;
    const rnl_options *options;
    const rnl_message_rates *messages; /* whatever their number of peers */
} rnl_outlook;

/* A step of so many ranks. */
typedef struct rnl_job_step {
    size_t ranks, workers;    /* workers of a rank that have tiles */
    double seconds, messages; /* of the step, and of waiting for messages in it */
    double received;          /* bytes by a rank */
} rnl_job_step;

rnl_status rnl_foresee_job(const rnl_outlook *outlook, size_t ranks, rnl_job_step *step);

/* Measures the network, and lets rank 0 log the time that a step is foreseen to take, with a
 * warning where fewer ranks would be faster; all ranks call it at once.  NULL is no job. */
rnl_status rnl_tell_outlook(rnl_job *job, const rnl_model *model, size_t batch_size,
                            const rnl_options *options);

#endif
