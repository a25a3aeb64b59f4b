#include "engine/workers/foresight.h"

#include "engine/base/error.h"
#include "simd/kernels.h"

#include <stdlib.h>

#define MAX_WORKERS 4096

rnl_status rnl_plan_placement(rnl_placement *placement, const rnl_topology *topology,
                              const rnl_options *options)
{
    static const rnl_pinning pinnings[] = {
        [RNL_PIN_AUTO] = RNL_PINNING_AUTO,
        [RNL_PIN_ON] = RNL_PINNING_ON,
        [RNL_PIN_OFF] = RNL_PINNING_OFF,
    };
    if ((unsigned)options->pin > RNL_PIN_OFF)
        return rnl_fail(RNL_BAD_CONFIG, "pin: expected RNL_PIN_AUTO, _ON or _OFF, got %d",
                        (int)options->pin);
    if (options->threads > MAX_WORKERS)
        return rnl_fail(RNL_THREADS, "%zu threads: expected at most %d", options->threads,
                        MAX_WORKERS);
    return rnl_placement_plan(placement, topology, options->threads, pinnings[options->pin])
               ? RNL_OK
               : rnl_fail_memory(options->threads * sizeof(unsigned));
}

rnl_cost_rates rnl_rates_here(void)
{
    static const double flops[] = {
        [RNL_ISA_SCALAR] = 25e9, [RNL_ISA_AVX2] = 94e9, [RNL_ISA_AVX512] = 98e9};
    return (rnl_cost_rates){
        .flops = flops[rnl_isa_detect()],
        .call = 0.5e-6,
        .bytes = 1e12,
        .shared_bytes = 5.8e9,
        .crossing_bytes = 30e9,
        .barrier = 0.1e-6,
        .crossing_barrier = 0.5e-6,
        .messages = rnl_message_rates_of(20e-6, 1.25e9),
    };
}

rnl_status rnl_step_costs_list(rnl_step_costs *work, const rnl_phase_list *phases)
{
    work->phases = phases;
    work->rates = rnl_rates_here();
    work->costs = malloc((phases->count + 1) * sizeof *work->costs);
    if (!work->costs)
        return rnl_fail_memory((phases->count + 1) * sizeof *work->costs);
    for (size_t i = 0; i < phases->count; ++i)
        work->costs[i] = phases->items[i].cost;
    return RNL_OK;
}

static size_t nodes_of(const rnl_placement *placement)
{
    size_t nodes = 0;
    for (size_t i = 0; i < placement->workers; ++i) {
        bool known = false;
        for (size_t k = 0; k < i; ++k)
            known |= placement->numa_nodes[k] == placement->numa_nodes[i];
        nodes += !known;
    }
    return nodes;
}

rnl_status rnl_foresee(const rnl_topology *topology, const rnl_step_costs *work, size_t workers,
                       size_t *nodes, double *seconds)
{
    rnl_placement placement;
    RNL_TRY(rnl_plan_placement(&placement, topology, &(const rnl_options){.threads = workers}));
    *nodes = nodes_of(&placement);
    rnl_placement_release(&placement);
    *seconds = rnl_step_seconds(work->costs, work->phases->count, &work->rates, workers, *nodes);
    return RNL_OK;
}

static rnl_status find_cheapest(size_t *cheapest, const rnl_topology *topology,
                                const rnl_step_costs *work, size_t most)
{
    double least = 0;
    for (size_t workers = 1; workers <= most; ++workers) {
        size_t nodes;
        double seconds;
        RNL_TRY(rnl_foresee(topology, work, workers, &nodes, &seconds));
        if (workers == 1 || seconds < least) {
            least = seconds;
            *cheapest = workers;
        }
    }
    return RNL_OK;
}

rnl_status rnl_place_by_cost(rnl_placement *placement, size_t *active, const rnl_step_costs *work,
                             const rnl_topology *topology, const rnl_options *options)
{
    RNL_TRY(rnl_plan_placement(placement, topology, options));
    const rnl_status status = find_cheapest(active, topology, work, placement->workers);
    if (status == RNL_OK && (options->threads > 0 || *active == placement->workers))
        return RNL_OK;
    rnl_placement_release(placement);
    RNL_TRY(status);
    rnl_options fewer = *options;
    fewer.threads = *active;
    return rnl_plan_placement(placement, topology, &fewer);
}
