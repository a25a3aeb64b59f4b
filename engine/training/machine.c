#include "engine/training/machine.h"

#include "engine/error.h"
#include "threading/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORKERS 4096

static rnl_status read_topology(rnl_topology *topology, const rnl_topology_source *source)
{
    char problem[512];
    return rnl_topology_read(topology, source, problem, sizeof problem)
               ? RNL_OK
               : rnl_fail(RNL_THREADS, "%s", problem);
}

/* This machine, less what binds the process. */
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

static rnl_status plan(rnl_placement *placement, const rnl_topology *topology,
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

rnl_status rnl_place_workers(rnl_placement *placement, const rnl_options *options)
{
    rnl_topology topology;
    RNL_TRY(read_here(&topology));
    const rnl_status status = plan(placement, &topology, options);
    rnl_topology_release(&topology);
    return status;
}

/* ---- for people ------------------------------------------------------------------------------ */

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
}

/* "3" or, where several workers share a core, "6-7"; "." for a core without. */
static void print_core(FILE *out, const rnl_core *core, const rnl_placement *placement)
{
    size_t first = placement->workers, last = 0;
    for (size_t i = 0; i < placement->workers; ++i)
        if (placement->processors[i] == core->processor) {
            first = i < first ? i : first;
            last = i;
        }
    if (first == placement->workers)
        fputs("   .", out);
    else if (first == last)
        fprintf(out, " %3zu", first);
    else
        fprintf(out, " %zu-%zu", first, last);
}

static void print_plan(FILE *out, const rnl_topology *topology, const rnl_placement *placement)
{
    fprintf(out, "workers   %zu, %s%s\n", placement->workers,
            placement->pinned ? "each bound to its core" : "not bound",
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
    fputs("\n\nEach number is a worker, each place a core; a point is a core without a worker.\n",
          out);
}

static rnl_status describe(const rnl_topology *topology, const rnl_options *options, char **text)
{
    rnl_placement placement;
    RNL_TRY(plan(&placement, topology, options));
    char *printed = NULL;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    if (!out) {
        rnl_placement_release(&placement);
        return rnl_fail_memory(4096);
    }
    print_machine(out, topology);
    print_plan(out, topology, &placement);
    rnl_placement_release(&placement);
    if (fclose(out) != 0) {
        free(printed);
        return rnl_fail_memory(size);
    }
    *text = printed;
    return RNL_OK;
}

static bool is_xml(const char *machine)
{
    const size_t length = strlen(machine);
    return length > 4 && strcmp(machine + length - 4, ".xml") == 0;
}

rnl_status rnl_topology_describe(const char *machine, const rnl_options *options, char **text)
{
    static const rnl_options defaults = {0};
    const rnl_topology_source source = {
        .synthetic = machine && !is_xml(machine) ? machine : NULL,
        .xml = machine && is_xml(machine) ? machine : NULL,
    };
    rnl_topology topology;
    RNL_TRY(machine ? read_topology(&topology, &source) : read_here(&topology));
    const rnl_status status = describe(&topology, options ? options : &defaults, text);
    rnl_topology_release(&topology);
    return status;
}
