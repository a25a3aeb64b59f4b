#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/config.h"
#include "engine/step/plan.h"
#include "engine/step/step.h"
#include "engine/workers/callbacks.h"
#include "engine/workers/foresight.h"
#include "engine/workers/machine.h"
#include "simd/kernels.h"

#include <stdio.h>
#include <stdlib.h>

/* A step of a job of so many ranks, one on each of as many machines. */
typedef struct job_step {
    size_t ranks, workers;    /* workers of a rank that have tiles */
    double seconds, messages; /* of the step, and of waiting for messages in it */
    double received;          /* bytes by a rank */
} job_step;

typedef struct question {
    const rnl_topology *topology;
    const rnl_model *model;
    const rnl_options *options;
    const rnl_network *network;
} question;

static void sum_messages(job_step *job, const rnl_step_costs *work)
{
    for (size_t i = 0; i < work->phases->count; ++i) {
        job->messages += rnl_message_seconds(&work->costs[i], &work->rates);
        job->received += work->costs[i].received;
    }
}

static rnl_status foresee_costs(const question *q, job_step *job, rnl_step_costs *work)
{
    rnl_placement placement;
    size_t nodes;
    work->rates.latency = q->network->latency;
    work->rates.received_bytes = q->network->bandwidth;
    RNL_TRY(rnl_place_by_cost(&placement, &job->workers, work, q->topology, q->options));
    rnl_placement_release(&placement);
    sum_messages(job, work);
    return rnl_foresee(q->topology, work, job->workers, &nodes, &job->seconds);
}

static rnl_status foresee_planned(const question *q, job_step *job, const rnl_step *step)
{
    rnl_step_costs work;
    RNL_TRY(rnl_step_costs_list(&work, &step->phases));
    const rnl_status status = foresee_costs(q, job, &work);
    free(work.costs);
    return status;
}

static rnl_status foresee_job(const question *q, size_t ranks, job_step *job)
{
    rnl_step step = {
        .given =
            {
                .model = q->model,
                .batch_size = (size_t)q->model->config->training.batch_size,
                .training = true,
                .ranks_foreseen = ranks,
            },
        .kernels = rnl_kernels_of(rnl_isa_detect()),
    };
    *job = (job_step){.ranks = ranks};
    rnl_status status = rnl_step_plan(&step);
    if (status == RNL_OK)
        status = foresee_planned(q, job, &step);
    rnl_step_release(&step);
    return status;
}

static void print_job(FILE *out, const job_step *job, double alone)
{
    fprintf(out, "%6zu %8zu %13.1f us %13.1f us %13.3f MB %9.2f %9.0f %%\n", job->ranks,
            job->workers, 1e6 * job->seconds, 1e6 * job->messages, 1e-6 * job->received,
            alone / job->seconds, 100 * alone / job->seconds / (double)job->ranks);
}

static rnl_status print_jobs(FILE *out, const question *q)
{
    job_step alone, job, best;
    RNL_TRY(foresee_job(q, 1, &alone));
    fprintf(out, "A network of %.4g us and %.4g GB/s, one rank on each machine.\n\n",
            1e6 * q->network->latency, 1e-9 * q->network->bandwidth);
    fprintf(out, "%6s %8s %16s %16s %16s %9s %11s\n", "ranks", "workers", "a step", "messages",
            "received", "faster", "efficiency");
    print_job(out, &alone, alone.seconds);
    best = alone;
    for (size_t ranks = 1; ranks < q->network->ranks;) {
        ranks = rnl_least(2 * ranks, q->network->ranks);
        RNL_TRY(foresee_job(q, ranks, &job));
        print_job(out, &job, alone.seconds);
        if (job.seconds < best.seconds)
            best = job;
    }
    if (best.ranks != q->network->ranks)
        fprintf(out, "\nwarning: %zu rank%s would be faster than %zu\n", best.ranks,
                best.ranks == 1 ? "" : "s", q->network->ranks);
    return RNL_OK;
}

static rnl_status check(const question *q)
{
    const size_t shards = (size_t)q->model->config->training.shards;
    if (q->network->ranks == 0 || !(q->network->latency >= 0) || !(q->network->bandwidth > 0))
        return rnl_fail(RNL_BAD_CONFIG,
                        "network: expected at least 1 rank, a latency of at least 0 s and a "
                        "bandwidth above 0 bytes/s");
    if (q->network->ranks > shards)
        return rnl_fail(RNL_BAD_CONFIG,
                        "%zu ranks expect training.shards of at least as many, got %zu",
                        q->network->ranks, shards);
    return RNL_OK;
}

static rnl_status foresee_text(const question *q, char **text)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    if (!out)
        return rnl_fail_memory(4096);
    rnl_status status = print_jobs(out, q);
    if (fclose(out) != 0)
        status = rnl_fail_memory(size);
    if (status == RNL_OK)
        *text = printed;
    else
        free(printed);
    return status;
}

rnl_status rnl_network_foresee(const char *machine, const rnl_model *model,
                               const rnl_options *options, const rnl_network *network, char **text)
{
    rnl_topology topology;
    const question q = {&topology, model, rnl_options_given(options), network};
    RNL_TRY(check(&q));
    RNL_TRY(rnl_read_machine(&topology, machine));
    const rnl_status status = foresee_text(&q, text);
    rnl_topology_release(&topology);
    return status;
}
