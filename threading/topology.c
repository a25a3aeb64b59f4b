#include "threading/topology.h"

#include "threading/kept.h"
#include "threading/quota.h"

#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(char *problem, size_t problem_size, const char *what, const char *subject,
                 const char *reason)
{
    snprintf(problem, problem_size, "%s%s: %s", what, subject, reason);
    return false;
}

static bool load_machine(hwloc_topology_t machine, const rnl_topology_source *source, char *problem,
                         size_t problem_size)
{
    /* Without this flag, processors outside the cpuset would be missing from the machine. */
    hwloc_topology_set_flags(machine, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (source->synthetic && hwloc_topology_set_synthetic(machine, source->synthetic) != 0)
        return fail(problem, problem_size, "not a machine: ", source->synthetic,
                    "see hwloc's synthetic topologies, \"numa:2 core:4 pu:2\"");
    if (source->xml && hwloc_topology_set_xml(machine, source->xml) != 0)
        return fail(problem, problem_size, "", source->xml,
                    errno ? strerror(errno) : "not a machine in hwloc's XML");
    if (hwloc_topology_load(machine) != 0)
        return fail(problem, problem_size, "", source->xml ? source->xml : "this machine",
                    "hwloc cannot read its topology");
    return true;
}

static bool keep_only(hwloc_bitmap_t usable, const rnl_processor_set *affinity)
{
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    bool kept = mask != NULL;
    for (size_t i = 0; kept && i < affinity->count; ++i)
        kept = hwloc_bitmap_set(mask, affinity->numbers[i]) == 0;
    kept = kept && hwloc_bitmap_and(usable, usable, mask) == 0;
    hwloc_bitmap_free(mask);
    return kept;
}

static bool keep_only_own(hwloc_bitmap_t usable, hwloc_topology_t machine)
{
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    bool kept = mask != NULL;
    /* If the kernel does not report a binding, all allowed processors are usable. */
    if (kept && hwloc_get_cpubind(machine, mask, HWLOC_CPUBIND_THREAD) == 0)
        kept = hwloc_bitmap_and(usable, usable, mask) == 0;
    hwloc_bitmap_free(mask);
    return kept;
}

static bool find_usable(hwloc_bitmap_t usable, hwloc_topology_t machine,
                        const rnl_topology_source *source)
{
    if (hwloc_bitmap_copy(usable, hwloc_topology_get_allowed_cpuset(machine)) != 0)
        return false;
    if (source->affinity)
        return keep_only(usable, source->affinity);
    return !hwloc_topology_is_thissystem(machine) || keep_only_own(usable, machine);
}

/* Returns the physical core of a hardware thread, or the thread itself on machines that do not
 * report cores. */
static hwloc_obj_t core_of(hwloc_topology_t machine, hwloc_obj_t thread)
{
    const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_CORE, thread);
    return core ? core : thread;
}

/* If a core has several nodes, the first is its ordinary memory; the others are of special
 * kinds. */
static unsigned numa_node_of(hwloc_topology_t machine, hwloc_obj_t core)
{
    const int number = hwloc_bitmap_first(core->nodeset);
    const hwloc_obj_t node =
        number < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(machine, (unsigned)number);
    return node ? node->logical_index : 0;
}

static rnl_core describe_core(hwloc_topology_t machine, hwloc_obj_t core, hwloc_obj_t thread)
{
    const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_PACKAGE, core);
    return (rnl_core){
        .processor = thread->os_index,
        .first_thread = (unsigned)hwloc_bitmap_first(core->cpuset),
        .core = core->logical_index,
        .package = package ? package->logical_index : 0,
        .numa_node = numa_node_of(machine, core),
    };
}

static void count_machine(rnl_topology *topology, hwloc_topology_t machine)
{
    const int threads = hwloc_get_nbobjs_by_type(machine, HWLOC_OBJ_PU);
    const int cores = hwloc_get_nbobjs_by_type(machine, HWLOC_OBJ_CORE);
    topology->machine_processors = (size_t)threads;
    topology->machine_cores = (size_t)(cores > 0 ? cores : threads);
}

/* hwloc's logical order lists hardware threads core by core. */
static void collect_cores(rnl_topology *topology, hwloc_topology_t machine,
                          hwloc_const_bitmap_t usable)
{
    hwloc_obj_t last = NULL;
    for (hwloc_obj_t thread = NULL;
         (thread = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_PU, thread)) != NULL;) {
        if (!hwloc_bitmap_isset(usable, thread->os_index))
            continue;
        ++topology->usable_processors;
        const hwloc_obj_t core = core_of(machine, thread);
        if (core != last)
            topology->cores[topology->core_count++] = describe_core(machine, core, thread);
        last = core;
    }
}

static int by_node_then_core(const void *a, const void *b)
{
    const rnl_core *x = a, *y = b;
    if (x->numa_node != y->numa_node)
        return x->numa_node < y->numa_node ? -1 : 1;
    return x->core < y->core ? -1 : 1;
}

static void order_cores(rnl_topology *topology)
{
    qsort(topology->cores, topology->core_count, sizeof *topology->cores, by_node_then_core);
    for (size_t i = 0; i < topology->core_count; ++i)
        topology->numa_nodes +=
            i == 0 || topology->cores[i].numa_node != topology->cores[i - 1].numa_node;
}

static double find_quota(const rnl_topology_source *source)
{
    const bool elsewhere = source->synthetic || source->xml;
    if (elsewhere && !source->cgroup_root && !source->cgroup_file)
        return 0;
    return rnl_quota_read(source->cgroup_root ? source->cgroup_root : "/sys/fs/cgroup",
                          source->cgroup_file ? source->cgroup_file : "/proc/self/cgroup");
}

static bool read_machine(rnl_topology *topology, hwloc_topology_t machine, hwloc_bitmap_t usable,
                         const rnl_topology_source *source, char *problem, size_t problem_size)
{
    if (!load_machine(machine, source, problem, problem_size))
        return false;
    count_machine(topology, machine);
    topology->cores = calloc(topology->machine_cores, sizeof *topology->cores);
    if (!topology->cores || !find_usable(usable, machine, source))
        return fail(problem, problem_size, "", "reading the machine's topology", "out of memory");
    collect_cores(topology, machine, usable);
    if (topology->core_count == 0)
        return fail(problem, problem_size, "", "the processors that this process may use",
                    "none of them is in the machine");
    order_cores(topology);
    return true;
}

/* ---- what was read before ---------------------------------------------------------------------
 */

/* This machine, as a process with an affinity may use it: hwloc takes milliseconds to find out, on
 * large machines tens of them, which is more than a prediction of some rows takes.  A cpuset that
 * changes changes the affinity, too; a quota is read again after a second. */
static struct {
    rnl_kept kept; /* the quota */
    rnl_processor_set affinity;
    rnl_topology topology; /* without cores: none was read */
} known = {.kept.busy = ATOMIC_FLAG_INIT};

static bool is_kept(const rnl_topology_source *source)
{
    return source->affinity && !source->synthetic && !source->xml && !source->cgroup_root &&
           !source->cgroup_file;
}

static void *copy_of(const void *bytes, size_t count)
{
    void *copy = malloc(count);
    return copy ? memcpy(copy, bytes, count) : NULL;
}

static bool recall(rnl_topology *topology, const rnl_processor_set *affinity)
{
    if (!rnl_kept_enter(&known.kept))
        return false;
    const bool same = known.topology.cores && known.affinity.count == affinity->count &&
                      memcmp(known.affinity.numbers, affinity->numbers,
                             affinity->count * sizeof *affinity->numbers) == 0;
    rnl_core *cores =
        same ? copy_of(known.topology.cores, known.topology.core_count * sizeof *cores) : NULL;
    if (cores) {
        if (rnl_kept_expires(&known.kept, false))
            known.topology.quota = find_quota(&(const rnl_topology_source){0});
        *topology = known.topology;
        topology->cores = cores;
    }
    rnl_kept_leave(&known.kept);
    return cores != NULL;
}

void rnl_topology_forget(void)
{
    free(known.affinity.numbers);
    rnl_topology_release(&known.topology);
    known.affinity = (rnl_processor_set){0};
}

static void remember(const rnl_topology *topology, const rnl_processor_set *affinity)
{
    if (!rnl_kept_enter(&known.kept))
        return;
    rnl_topology_forget();
    known.affinity = (rnl_processor_set){
        affinity->count, copy_of(affinity->numbers, affinity->count * sizeof *affinity->numbers)};
    known.topology = *topology;
    rnl_kept_expires(&known.kept, true);
    known.topology.cores =
        known.affinity.numbers
            ? copy_of(topology->cores, topology->core_count * sizeof *topology->cores)
            : NULL;
    rnl_kept_leave(&known.kept);
}

static bool read_anew(rnl_topology *topology, const rnl_topology_source *source, char *problem,
                      size_t problem_size)
{
    rnl_topology found = {0};
    hwloc_topology_t machine = NULL;
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    errno = 0;
    bool read = usable && hwloc_topology_init(&machine) == 0;
    if (!read)
        fail(problem, problem_size, "", "reading the machine's topology", "out of memory");
    read = read && read_machine(&found, machine, usable, source, problem, problem_size);
    if (machine)
        hwloc_topology_destroy(machine);
    hwloc_bitmap_free(usable);
    if (read)
        *topology = found;
    else
        rnl_topology_release(&found);
    return read;
}

bool rnl_topology_read(rnl_topology *topology, const rnl_topology_source *source, char *problem,
                       size_t problem_size)
{
    const bool kept = is_kept(source);
    if (kept && recall(topology, source->affinity))
        return true;
    if (!read_anew(topology, source, problem, problem_size))
        return false;
    topology->quota = find_quota(source);
    if (kept)
        remember(topology, source->affinity);
    return true;
}

void rnl_topology_release(rnl_topology *topology)
{
    free(topology->cores);
    *topology = (rnl_topology){0};
}

void rnl_topology_take_share(rnl_topology *topology, size_t index, size_t count)
{
    const size_t cores = topology->core_count, first = index * cores / count,
                 end = (index + 1) * cores / count;
    if (count <= 1)
        return;
    topology->usable_processors = topology->usable_processors / count + 1;
    topology->core_count = end > first ? end - first : 1;
    memmove(topology->cores, topology->cores + first,
            topology->core_count * sizeof *topology->cores);
    topology->quota /= (double)count;
    if (count > cores && (topology->quota == 0 || topology->quota > (double)cores / (double)count))
        topology->quota = (double)cores / (double)count;
    topology->numa_nodes = 0;
    order_cores(topology);
}
