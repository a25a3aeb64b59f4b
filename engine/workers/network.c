#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/config.h"
#include "engine/workers/callbacks.h"
#include "engine/workers/machine.h"
#include "engine/workers/message_file.h"
#include "engine/workers/outlook.h"

#include <stdio.h>
#include <stdlib.h>

static void print_job(FILE *out, const rnl_job_step *job, double alone)
{
    fprintf(out, "%6zu %8zu %13.1f us %13.1f us %13.3f MB %9.2f %9.0f %%\n", job->ranks,
            job->workers, 1e6 * job->seconds, 1e6 * job->messages, 1e-6 * job->received,
            alone / job->seconds, 100 * alone / job->seconds / (double)job->ranks);
}

static rnl_status print_jobs(FILE *out, const rnl_outlook *o, size_t most)
{
    rnl_job_step alone, job, best;
    RNL_TRY(rnl_foresee_job(o, 1, &alone));
    fprintf(out, "A network of %.4g us and %.4g GB/s, one rank on each machine.\n\n",
            1e6 * o->messages->seconds[0], 1e-9 * o->messages->bandwidth);
    fprintf(out, "%6s %8s %16s %16s %16s %9s %11s\n", "ranks", "workers", "a step", "messages",
            "received", "faster", "efficiency");
    print_job(out, &alone, alone.seconds);
    best = alone;
    for (size_t ranks = 1; ranks < most;) {
        ranks = rnl_least(2 * ranks, most);
        RNL_TRY(rnl_foresee_job(o, ranks, &job));
        print_job(out, &job, alone.seconds);
        if (job.seconds < best.seconds)
            best = job;
    }
    if (best.ranks != most)
        fprintf(out, "\nwarning: %zu rank%s would be faster than %zu\n", best.ranks,
                best.ranks == 1 ? "" : "s", most);
    return RNL_OK;
}

static rnl_status check(const rnl_model *model, const rnl_network *network)
{
    const size_t shards = (size_t)model->config->training.shards;
    const bool is_given = network->latency >= 0 && network->bandwidth > 0;
    if (network->ranks == 0 || !(network->measured || is_given))
        return rnl_fail(RNL_BAD_CONFIG,
                        "network: expected at least 1 rank, a latency of at least 0 s and a "
                        "bandwidth above 0 bytes/s");
    if (network->ranks > shards)
        return rnl_fail(RNL_BAD_CONFIG,
                        "%zu ranks expect training.shards of at least as many, got %zu",
                        network->ranks, shards);
    return RNL_OK;
}

static rnl_status foresee_text(const rnl_outlook *o, size_t most, char **text)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    if (!out)
        return rnl_fail_memory(4096);
    rnl_status status = print_jobs(out, o, most);
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
    rnl_message_rates messages = rnl_message_rates_of(network->latency, network->bandwidth);
    const rnl_outlook o = {&topology, model, (size_t)model->config->training.batch_size,
                           rnl_options_given(options), &messages};
    RNL_TRY(check(model, network));
    if (network->measured)
        RNL_TRY(rnl_message_file_read(&messages, network->measured));
    RNL_TRY(rnl_read_machine(&topology, machine));
    const rnl_status status = foresee_text(&o, network->ranks, text);
    rnl_topology_release(&topology);
    return status;
}
