#include "threading/placement.h"

#include <stdlib.h>
#include <unistd.h>

/* The cores of one NUMA node, and the number of workers placed on it. */
typedef struct node_share {
    size_t first, cores, workers;
} node_share;

static size_t default_workers(const rnl_topology *topology)
{
    const double quota = topology->quota;
    if (quota <= 0 || quota >= (double)topology->core_count)
        return topology->core_count;
    return quota < 1 ? 1 : (size_t)quota;
}

static size_t collect_nodes(node_share *nodes, const rnl_topology *topology)
{
    size_t count = 0;
    for (size_t i = 0; i < topology->core_count; ++i) {
        if (i == 0 || topology->cores[i].numa_node != topology->cores[i - 1].numa_node)
            nodes[count++] = (node_share){.first = i};
        ++nodes[count - 1].cores;
    }
    return count;
}

static int larger_first(const void *a, const void *b)
{
    const node_share *x = a, *y = b;
    if (x->cores != y->cores)
        return x->cores > y->cores ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

static int in_order(const void *a, const void *b)
{
    const node_share *x = a, *y = b;
    return x->first < y->first ? -1 : 1;
}

/* Returns the number of nodes needed to give each worker a core, taking the largest nodes first. */
static size_t count_needed_nodes(const node_share *nodes, size_t workers)
{
    size_t needed = 0;
    for (size_t cores = 0; cores < workers; ++needed)
        cores += nodes[needed].cores;
    return needed;
}

/* Divides evenly, but gives no node more workers than cores; the smallest nodes, at the end, are
 * filled first. */
static void divide_workers(node_share *nodes, size_t count, size_t workers)
{
    for (size_t i = count; i-- > 0;) {
        const size_t even = workers / (i + 1);
        nodes[i].workers = nodes[i].cores < even ? nodes[i].cores : even;
        workers -= nodes[i].workers;
    }
}

static void assign_core(rnl_placement *placement, size_t worker, const rnl_core *core)
{
    placement->processors[worker] = core->processor;
    placement->numa_nodes[worker] = core->numa_node;
}

/* Copies the cores that no run has claimed; the caller frees the array.  false if memory runs
 * out. */
static bool leave_claimed_out(rnl_topology *unclaimed, const rnl_topology *topology)
{
    *unclaimed = (rnl_topology){.cores = calloc(topology->core_count, sizeof *unclaimed->cores)};
    for (size_t i = 0; unclaimed->cores && i < topology->core_count; ++i)
        if (!topology->cores[i].claimed)
            unclaimed->cores[unclaimed->core_count++] = topology->cores[i];
    return unclaimed->cores != NULL;
}

static bool give_each_a_core(rnl_placement *placement, const rnl_topology *topology)
{
    node_share *nodes = calloc(topology->core_count, sizeof *nodes);
    if (!nodes)
        return false;
    const size_t count = collect_nodes(nodes, topology);
    qsort(nodes, count, sizeof *nodes, larger_first);
    const size_t needed = count_needed_nodes(nodes, placement->workers);
    divide_workers(nodes, needed, placement->workers);
    qsort(nodes, needed, sizeof *nodes, in_order);
    size_t worker = 0;
    for (size_t i = 0; i < needed; ++i)
        for (size_t k = 0; k < nodes[i].workers; ++k)
            assign_core(placement, worker++, &topology->cores[nodes[i].first + k]);
    free(nodes);
    return true;
}

static void share_cores(rnl_placement *placement, const rnl_topology *topology)
{
    const size_t cores = topology->core_count;
    const size_t each = placement->workers / cores, rest = placement->workers % cores;
    size_t worker = 0;
    for (size_t i = 0; i < cores; ++i)
        for (size_t k = 0; k < each + (i < rest); ++k)
            assign_core(placement, worker++, &topology->cores[i]);
}

/* Unpinned workers are assigned nodes in the same order: memory is laid out by it. */
static bool give_out_cores(rnl_placement *placement, const rnl_topology *topology,
                           rnl_pinning pinning)
{
    const bool crowded = placement->workers > topology->core_count;
    rnl_topology unclaimed;
    if (!leave_claimed_out(&unclaimed, topology))
        return false;
    const bool enough = placement->workers <= unclaimed.core_count;
    placement->pinned = pinning == RNL_PINNING_ON || (pinning == RNL_PINNING_AUTO && enough);
    placement->crowded_out = pinning == RNL_PINNING_AUTO && !enough && !crowded;
    bool given = true;
    if (crowded)
        share_cores(placement, topology);
    else
        given = give_each_a_core(placement, enough ? &unclaimed : topology);
    free(unclaimed.cores);
    return given;
}

bool rnl_placement_plan(rnl_placement *placement, const rnl_topology *topology, size_t threads,
                        rnl_pinning pinning)
{
    const size_t workers = threads > 0 ? threads : default_workers(topology);
    rnl_placement plan = {
        .workers = workers,
        .oversubscribed = workers > topology->core_count ||
                          (topology->quota > 0 && (double)workers > topology->quota),
        .processors = calloc(workers, sizeof *plan.processors),
        .numa_nodes = calloc(workers, sizeof *plan.numa_nodes),
        .claims = calloc(workers, sizeof *plan.claims),
    };
    const bool planned = plan.processors && plan.numa_nodes && plan.claims &&
                         give_out_cores(&plan, topology, pinning);
    if (planned)
        *placement = plan;
    else
        rnl_placement_release(&plan);
    return planned;
}

void rnl_placement_give_up_claims(rnl_placement *placement)
{
    while (placement->claim_count > 0)
        close(placement->claims[--placement->claim_count]);
}

void rnl_placement_release(rnl_placement *placement)
{
    rnl_placement_give_up_claims(placement);
    free(placement->claims);
    free(placement->processors);
    free(placement->numa_nodes);
    *placement = (rnl_placement){0};
}
