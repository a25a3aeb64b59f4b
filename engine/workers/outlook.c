#include "engine/workers/outlook.h"

#include "engine/base/error.h"
#include "engine/step/plan.h"
#include "engine/step/step.h"
#include "engine/workers/callbacks.h"
#include "engine/workers/foresight.h"
#include "engine/workers/machine.h"
#include "engine/workers/message_probe.h"
#include "simd/kernels.h"

#include <stdlib.h>

static void sum_messages(rnl_job_step *job, const rnl_step_costs *work)
{
    for (size_t i = 0; i < work->phases->count; ++i) {
        job->messages += rnl_message_seconds(&work->costs[i], &work->rates);
        job->received += work->costs[i].received;
    }
}

static rnl_status foresee_costs(const rnl_outlook *o, rnl_job_step *job, rnl_step_costs *work)
{
    rnl_placement placement;
    size_t nodes;
    work->rates.messages = *o->messages;
    work->rates.messages.peers = job->ranks - 1;
    RNL_TRY(rnl_place_by_cost(&placement, &job->workers, work, o->topology, o->options));
    rnl_placement_release(&placement);
    sum_messages(job, work);
    RNL_TRY(rnl_foresee(o->topology, work, job->workers, &nodes, &job->seconds));
    job->messages -=
        rnl_hidden_seconds(work->costs, work->phases->count, &work->rates, job->workers, nodes);
    return RNL_OK;
}

static rnl_status foresee_planned(const rnl_outlook *o, rnl_job_step *job, const rnl_step *step)
{
    rnl_step_costs work;
    RNL_TRY(rnl_step_costs_list(&work, &step->phases));
    const rnl_status status = foresee_costs(o, job, &work);
    free(work.costs);
    return status;
}

rnl_status rnl_foresee_job(const rnl_outlook *o, size_t ranks, rnl_job_step *job)
{
    rnl_step step = {
        .given =
            {
                .model = o->model,
                .batch_size = o->batch_size,
                .training = true,
                .ranks_foreseen = ranks,
            },
        .kernels = rnl_kernels_of(rnl_isa_detect()),
    };
    *job = (rnl_job_step){.ranks = ranks};
    rnl_status status = rnl_step_plan(&step);
    if (status == RNL_OK)
        status = foresee_planned(o, job, &step);
    rnl_step_release(&step);
    return status;
}

/* ---- before training ------------------------------------------------------------------------- */

static void tell(const rnl_job_step *all, const rnl_job_step *alone, const rnl_job_step *best,
                 const rnl_options *options)
{
    const bool fewer = best->ranks < all->ranks;
    rnl_log(options, fewer ? RNL_LOG_WARNING : RNL_LOG_INFO,
            "a step is foreseen to take %.3g ms on %zu ranks, %.3g of it waiting for messages, and "
            "%.3g on one%s",
            1e3 * all->seconds, all->ranks, 1e3 * all->messages, 1e3 * alone->seconds,
            !fewer             ? ""
            : best->ranks == 1 ? ", which would be faster"
                               : "");
    if (fewer && best->ranks > 1)
        rnl_log(options, RNL_LOG_WARNING, "%zu ranks would be faster than %zu: %.3g ms",
                best->ranks, all->ranks, 1e3 * best->seconds);
}

/* The fastest of 2, 4, 8 ... ranks, where that is faster than `best`. */
static rnl_status find_best(const rnl_outlook *o, size_t ranks, rnl_job_step *best)
{
    rnl_job_step some;
    for (size_t fewer = 2; fewer < ranks; fewer *= 2) {
        RNL_TRY(rnl_foresee_job(o, fewer, &some));
        if (some.seconds < best->seconds)
            *best = some;
    }
    return RNL_OK;
}

/* One rank may use what the ranks of its machine share. */
static rnl_status foresee_all(const rnl_outlook *o, rnl_topology *topology, rnl_job *job)
{
    const rnl_node_share share = rnl_job_share(job);
    rnl_job_step alone, all;
    RNL_TRY(rnl_foresee_job(o, 1, &alone));
    rnl_topology_take_share(topology, share.index, share.count);
    RNL_TRY(rnl_foresee_job(o, rnl_job_count(job), &all));
    rnl_job_step best = alone.seconds < all.seconds ? alone : all;
    RNL_TRY(find_best(o, all.ranks, &best));
    tell(&all, &alone, &best, o->options);
    return RNL_OK;
}

rnl_status rnl_tell_outlook(rnl_job *job, const rnl_model *model, size_t batch_size,
                            const rnl_options *options)
{
    rnl_topology topology;
    rnl_message_rates messages;
    const rnl_outlook o = {&topology, model, batch_size, options, &messages};
    if (!job)
        return RNL_OK;
    /* Before the others claim cores. */
    RNL_TRY(rnl_read_machine(&topology, NULL));
    rnl_status status = rnl_probe_messages(job, &messages);
    if (status == RNL_OK && rnl_job_own_rank(job) == 0)
        status = foresee_all(&o, &topology, job);
    rnl_topology_release(&topology);
    return status;
}
