#include "engine/workers/job_node.h"

#include "engine/base/error.h"
#include "engine/step/shared.h"
#include "engine/storage/digest.h"
#include "engine/workers/callbacks.h"
#include "threading/team.h"
#include "threading/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a rank is, and what it may use. */
typedef struct seat {
    char machine[64]; /* what its kernel drew when it started, or the host's name */
    char processors[RNL_DIGEST_DIGITS + 1];
    uint64_t cores, machine_cores;
} seat;

/* Containers and network namespaces of one machine share its cores, whatever they call it. */
static void name_machine(char name[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (file) {
        name[fread(name, 1, 63, file)] = '\0';
        fclose(file);
    } else if (gethostname(name, 63) != 0)
        *name = '\0';
}

static rnl_status count_cores(seat *own, const rnl_processor_set *affinity)
{
    char problem[256];
    rnl_topology topology;
    if (!rnl_topology_read(&topology, &(const rnl_topology_source){.affinity = affinity}, problem,
                           sizeof problem))
        return rnl_fail(RNL_THREADS, "%s", problem);
    own->cores = topology.core_count;
    own->machine_cores = topology.machine_cores;
    rnl_topology_release(&topology);
    return RNL_OK;
}

static rnl_status describe(seat *own)
{
    rnl_processor_set affinity = {0};
    name_machine(own->machine);
    if (!rnl_team_inherited_affinity(&affinity))
        return rnl_fail_memory(sizeof affinity);
    rnl_status status = rnl_digest(
        own->processors,
        &(const rnl_bytes){affinity.numbers, affinity.count * sizeof *affinity.numbers}, 1);
    if (status == RNL_OK)
        status = count_cores(own, &affinity);
    free(affinity.numbers);
    return status;
}

static bool share_cores(const seat *a, const seat *b)
{
    return memcmp(a->machine, b->machine, sizeof a->machine) == 0 &&
           memcmp(a->processors, b->processors, sizeof a->processors) == 0;
}

static rnl_node_share share_of(const seat *seats, size_t ranks, size_t rank)
{
    rnl_node_share share = {0};
    for (size_t r = 0; r < ranks; ++r) {
        const bool together = share_cores(&seats[r], &seats[rank]);
        share.index += together && r < rank;
        share.count += together;
    }
    return share;
}

/* Rank 0 speaks of its own machine: launchers treat all alike. */
static void tell(const rnl_job *job, const seat *seats, const rnl_options *options)
{
    const size_t ranks = rnl_job_count(job);
    const rnl_node_share share = rnl_job_share(job);
    size_t here = 0;
    for (size_t r = 0; r < ranks; ++r)
        here += memcmp(seats[r].machine, seats[0].machine, sizeof seats->machine) == 0;
    if (rnl_job_own_rank(job) != 0)
        return;
    rnl_log(options, RNL_LOG_INFO,
            "%zu ranks by %s, %zu on this machine, %s %llu of its %llu cores", ranks,
            rnl_job_library(job), here, share.count == here && here > 1 ? "sharing" : "each with",
            (unsigned long long)seats[0].cores, (unsigned long long)seats[0].machine_cores);
    if (share.count == 1 && seats[0].cores * here * 2 <= seats[0].machine_cores)
        rnl_log(options, RNL_LOG_WARNING,
                "the launcher left this rank %llu of %llu cores: mpirun --bind-to none, or srun "
                "--cpu-bind=none, lets the ranks of a machine share all of them",
                (unsigned long long)seats[0].cores, (unsigned long long)seats[0].machine_cores);
    else if (share.count > seats[0].cores)
        rnl_log(options, RNL_LOG_WARNING,
                "%zu ranks share %llu cores, which is slower than one process with as many "
                "workers: start one rank per machine",
                share.count, (unsigned long long)seats[0].cores);
}

rnl_status rnl_job_settle(rnl_job *job, const rnl_options *options)
{
    enum { TAG_SEATS = 6 };
    if (!job)
        return RNL_OK;
    const size_t ranks = rnl_job_count(job), rank = rnl_job_own_rank(job);
    seat *seats = calloc(ranks, sizeof *seats);
    rnl_status status = seats ? describe(&seats[rank]) : rnl_fail_memory(ranks * sizeof *seats);
    if (status == RNL_OK && !rnl_job_gather_each(job, TAG_SEATS, seats, sizeof *seats))
        status = rnl_fail_job(job);
    if (status == RNL_OK) {
        rnl_job_set_share(job, share_of(seats, ranks, rank));
        tell(job, seats, options);
    }
    free(seats);
    return status;
}
