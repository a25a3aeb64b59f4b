#include "engine/workers/machine.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/step/plan.h"
#include "engine/step/step.h"
#include "engine/workers/callbacks.h"
#include "engine/workers/foresight.h"
#include "exchange/job.h"
#include "simd/kernels.h"
#include "threading/claims.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rnl_status read_topology(rnl_topology *topology, const rnl_topology_source *source)
{
    char problem[512];
    return rnl_topology_read(topology, source, problem, sizeof problem)
               ? RNL_OK
               : rnl_fail(RNL_THREADS, "%s", problem);
}

/* Reads this machine, with the limits of the process. */
static rnl_status read_here(rnl_topology *topology)
{
    rnl_processor_set affinity = {0};
    if (!rnl_team_inherited_affinity(&affinity))
        return rnl_fail_memory(sizeof affinity);
    const rnl_status status =
        read_topology(topology, &(const rnl_topology_source){.affinity = &affinity});
    free(affinity.numbers);
    return status;
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Places the workers of a planned step, and sets `active`, or of any run without a step. */
static rnl_status place(rnl_placement *placement, size_t *active, const rnl_step_costs *work,
                        const rnl_topology *topology, const rnl_options *options)
{
    return work ? rnl_place_by_cost(placement, active, work, topology, options)
                : rnl_plan_placement(placement, topology, options);
}

/* Leaves cores to another run that claimed them a moment later, because it did not wait for its
 * turn. */
static void claim_cores(rnl_placement *placement, const rnl_topology *topology,
                        const rnl_options *options)
{
    if (placement->pinned && !rnl_claims_take(placement, topology) &&
        options->pin == RNL_PIN_AUTO) {
        placement->pinned = false;
        placement->crowded_out = true;
    }
}

static rnl_status place_and_claim(rnl_placement *placement, size_t *active,
                                  const rnl_step_costs *work, const rnl_options *options)
{
    rnl_topology topology;
    RNL_TRY(read_here(&topology));
    const rnl_node_share share = rnl_job_share(options->job);
    rnl_topology_take_share(&topology, share.index, share.count);
    const int turn = rnl_claims_await_turn();
    rnl_claims_read(&topology);
    const rnl_status status = place(placement, active, work, &topology, options);
    if (status == RNL_OK)
        claim_cores(placement, &topology, options);
    if (turn >= 0)
        close(turn);
    rnl_topology_release(&topology);
    return status;
}

rnl_status rnl_place_workers(rnl_placement *placement, const rnl_options *options)
{
    return place_and_claim(placement, NULL, NULL, options);
}

rnl_status rnl_place_step(rnl_placement *placement, size_t *active, const rnl_phase_list *phases,
                          const rnl_options *options)
{
    rnl_step_costs work;
    RNL_TRY(rnl_step_costs_list(&work, phases));
    const rnl_status status = place_and_claim(placement, active, &work, options);
    free(work.costs);
    return status;
}

/* ---- for people ------------------------------------------------------------------------------ */

static size_t count_claimed(const rnl_topology *topology)
{
    size_t claimed = 0;
    for (size_t i = 0; i < topology->core_count; ++i)
        claimed += topology->cores[i].claimed;
    return claimed;
}

static void print_machine(FILE *out, const rnl_topology *topology)
{
    fprintf(out, "machine   %zu cores, %zu hardware threads\n", topology->machine_cores,
            topology->machine_processors);
    fprintf(out, "usable    %zu cores, %zu hardware threads, on %zu NUMA node%s%s\n",
            topology->core_count, topology->usable_processors, topology->numa_nodes,
            topology->numa_nodes == 1 ? "" : "s",
            topology->usable_processors < topology->machine_processors
                ? " (cpuset and affinity take the others away)"
                : "");
    if (topology->quota > 0)
        fprintf(out, "quota     %.4g processors' worth of time (control groups)\n",
                topology->quota);
    const size_t claimed = count_claimed(topology);
    if (claimed > 0)
        fprintf(out, "claimed   %zu core%s by other runs\n", claimed, claimed == 1 ? "" : "s");
}

/* Prints "3", or "6-7" if several workers share a core; "." for a core without workers, "x" for one
 * claimed by another run. */
static void print_core(FILE *out, const rnl_core *core, const rnl_placement *placement)
{
    size_t first = placement->workers, last = 0;
    for (size_t i = 0; i < placement->workers; ++i)
        if (placement->processors[i] == core->processor) {
            first = i < first ? i : first;
            last = i;
        }
    if (core->claimed && (placement->crowded_out || first == placement->workers))
        fputs("   x", out);
    else if (first == placement->workers)
        fputs("   .", out);
    else if (first == last)
        fprintf(out, " %3zu", first);
    else
        fprintf(out, " %zu-%zu", first, last);
}

static void print_plan(FILE *out, const rnl_topology *topology, const rnl_placement *placement)
{
    fprintf(out, "workers   %zu, %s%s%s\n", placement->workers,
            placement->pinned ? "each bound to its core" : "not bound",
            placement->crowded_out ? ", because other runs have claimed too many cores" : "",
            placement->oversubscribed ? ", more than there are cores or quota for them" : "");
    enum { PER_LINE = 16 };
    for (size_t i = 0, column = 0; i < topology->core_count; ++i) {
        const rnl_core *core = &topology->cores[i];
        const bool new_node = i == 0 || core->numa_node != topology->cores[i - 1].numa_node;
        if (new_node)
            fprintf(out, "%snode %-4u", i == 0 ? "\n" : "\n\n", core->numa_node);
        else if (column % PER_LINE == 0)
            fputs("\n         ", out);
        column = new_node ? 1 : column + 1;
        print_core(out, core, placement);
    }
    fputs("\n\nEach number is a worker, each place a core; a point is a core without a worker",
          out);
    fputs(count_claimed(topology) > 0 ? ", x one that another run has claimed.\n" : ".\n", out);
}

static void print_phase(FILE *out, const rnl_phase *phase, size_t active, double seconds)
{
    const rnl_phase_cost *cost = &phase->cost;
    char name[96];
    snprintf(name, sizeof name, "%s%s%s", phase->layer ? phase->layer : "", phase->layer ? " " : "",
             phase->name);
    fprintf(out, "%-32s %6zu %9.3f %9.0f %9.0f %9.0f %10.1f us\n", name, phase->tiles,
            cost->flops / 1e6, rnl_phase_calls(cost, active), cost->bytes / 1e3, cost->shared / 1e3,
            seconds * 1e6);
}

/* Prints the time of each phase, and the effect of more workers. */
static rnl_status print_step(FILE *out, const rnl_topology *topology, const rnl_step_costs *work,
                             size_t active, size_t placed)
{
    size_t nodes;
    double alone, all;
    RNL_TRY(rnl_foresee(topology, work, 1, &nodes, &alone));
    RNL_TRY(rnl_foresee(topology, work, active, &nodes, &all));
    fprintf(out, "\n%-32s %6s %9s %9s %9s %9s %13s\n", "A step's phases", "tiles", "MFLOP",
            "products", "kB", "shared kB", "foreseen");
    for (size_t i = 0; i < work->phases->count; ++i)
        print_phase(out, &work->phases->items[i], active,
                    rnl_phase_seconds(&work->costs[i], &work->rates, active, nodes));
    fprintf(out,
            "%zu of %zu workers have tiles, on %zu node%s.  Foreseen: %.1f us a step, %.1f us on "
            "one worker.\n",
            active, placed, nodes, nodes == 1 ? "" : "s", all * 1e6, alone * 1e6);
    return RNL_OK;
}

static rnl_status print_all(FILE *out, const rnl_topology *topology, const rnl_step_costs *work,
                            const rnl_options *options)
{
    rnl_placement placement;
    size_t active = 0;
    if (work)
        RNL_TRY(rnl_place_by_cost(&placement, &active, work, topology, options));
    else
        RNL_TRY(rnl_plan_placement(&placement, topology, options));
    print_machine(out, topology);
    print_plan(out, topology, &placement);
    const size_t placed = placement.workers;
    rnl_placement_release(&placement);
    return work ? print_step(out, topology, work, active, placed) : RNL_OK;
}

static rnl_status describe(const rnl_topology *topology, const rnl_step_costs *work,
                           const rnl_options *options, char **text)
{
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    if (!out)
        return rnl_fail_memory(4096);
    rnl_status status = print_all(out, topology, work, options);
    if (fclose(out) != 0)
        status = rnl_fail_memory(size);
    if (status == RNL_OK)
        *text = printed;
    else
        free(printed);
    return status;
}

static bool is_xml(const char *machine)
{
    const size_t length = strlen(machine);
    return length > 4 && strcmp(machine + length - 4, ".xml") == 0;
}

rnl_status rnl_read_machine(rnl_topology *topology, const char *machine)
{
    const rnl_topology_source source = {
        .synthetic = machine && !is_xml(machine) ? machine : NULL,
        .xml = machine && is_xml(machine) ? machine : NULL,
    };
    RNL_TRY(machine ? read_topology(topology, &source) : read_here(topology));
    if (!machine)
        rnl_claims_read(topology);
    return RNL_OK;
}

static rnl_status describe_machine(const char *machine, const rnl_step_costs *work,
                                   const rnl_options *options, char **text)
{
    rnl_topology topology;
    RNL_TRY(rnl_read_machine(&topology, machine));
    const rnl_status status = describe(&topology, work, options, text);
    rnl_topology_release(&topology);
    return status;
}

static rnl_status describe_planned(const char *machine, const rnl_step *step,
                                   const rnl_options *options, char **text)
{
    rnl_step_costs work;
    RNL_TRY(rnl_step_costs_list(&work, &step->phases));
    const rnl_status status = describe_machine(machine, &work, options, text);
    free(work.costs);
    return status;
}

static rnl_status describe_step(const char *machine, const rnl_model *model,
                                const rnl_options *options, char **text)
{
    rnl_step step = {
        .given =
            {
                .model = model,
                .batch_size = (size_t)model->config->training.batch_size,
                .training = true,
            },
        .kernels = rnl_kernels_of(rnl_isa_detect()),
    };
    rnl_status status = rnl_step_plan(&step);
    if (status == RNL_OK)
        status = describe_planned(machine, &step, options, text);
    rnl_step_release(&step);
    return status;
}

rnl_status rnl_topology_describe(const char *machine, const rnl_model *model,
                                 const rnl_options *options, char **text)
{
    options = rnl_options_given(options);
    if (!model)
        return describe_machine(machine, NULL, options, text);
    return describe_step(machine, model, options, text);
}
