/*
 * What is found of a machine: its cores, what the process may use of them, and its CPU time.
 */
#include "threading/placement.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static rnl_topology read_from(const rnl_topology_source *source)
{
    rnl_topology topology;
    char problem[200] = "";
    cr_assert(rnl_topology_read(&topology, source, problem, sizeof problem), "%s", problem);
    return topology;
}

static rnl_topology read_restricted(const char *machine, const unsigned *numbers, size_t count)
{
    const rnl_processor_set affinity = {count, (unsigned *)numbers};
    return read_from(&(const rnl_topology_source){.synthetic = machine, .affinity = &affinity});
}

/* ---- synthetic machines -------------------------------------------------------------------- */

Test(topology, of_a_machine_with_two_nodes_and_hyper_threads)
{
    rnl_topology topology =
        read_from(&(const rnl_topology_source){.synthetic = "package:2 numa:1 core:4 pu:2"});
    cr_expect_eq(topology.machine_cores, 8);
    cr_expect_eq(topology.machine_processors, 16);
    cr_expect_eq(topology.usable_processors, 16);
    cr_expect_eq(topology.numa_nodes, 2);
    cr_expect_eq(topology.quota, 0);
    cr_assert_eq(topology.core_count, 8);
    for (unsigned i = 0; i < 8; ++i) {
        cr_expect_eq(topology.cores[i].processor, 2 * i);
        cr_expect_eq(topology.cores[i].core, i);
        cr_expect_eq(topology.cores[i].package, i / 4);
        cr_expect_eq(topology.cores[i].numa_node, i / 4);
    }
    rnl_topology_release(&topology);
}

/* Linux numbers the second threads of all cores after the first ones of all, and may number the
 * cores of two nodes in turn: processor = 2 core + node + 8 thread. */
Test(topology, follows_the_numbers_of_the_operating_system)
{
    rnl_topology topology = read_from(&(const rnl_topology_source){
        .synthetic = "numa:2(indexes=1,0) core:4 "
                     "pu:2(indexes=0,8,2,10,4,12,6,14,1,9,3,11,5,13,7,15)"});
    cr_assert_eq(topology.core_count, 8);
    static const unsigned processors[] = {0, 2, 4, 6, 1, 3, 5, 7};
    for (unsigned i = 0; i < 8; ++i) {
        cr_expect_eq(topology.cores[i].processor, processors[i]);
        cr_expect_eq(topology.cores[i].numa_node, i / 4);
    }
    rnl_topology_release(&topology);
}

Test(topology, of_processors_without_cores)
{
    rnl_topology topology = read_from(&(const rnl_topology_source){.synthetic = "numa:2 pu:3"});
    cr_expect_eq(topology.core_count, 6);
    cr_expect_eq(topology.machine_cores, 6);
    cr_expect_eq(topology.numa_nodes, 2);
    rnl_topology_release(&topology);
}

Test(topology, affinity_takes_cores_and_threads_away)
{
    /* Core 0 whole, the second thread of core 1, nothing of cores 2 to 5, node 1 from core 6. */
    static const unsigned numbers[] = {0, 1, 3, 12, 13, 15};
    rnl_topology topology = read_restricted("numa:2 core:4 pu:2", numbers, 6);
    cr_expect_eq(topology.machine_cores, 8);
    cr_expect_eq(topology.machine_processors, 16);
    cr_expect_eq(topology.usable_processors, 6);
    cr_expect_eq(topology.numa_nodes, 2);
    static const unsigned expected[] = {0, 3, 12, 15};
    cr_assert_eq(topology.core_count, 4);
    for (size_t i = 0; i < 4; ++i)
        cr_expect_eq(topology.cores[i].processor, expected[i]);
    rnl_placement placement;
    cr_assert(rnl_placement_plan(&placement, &topology, 0, RNL_PINNING_AUTO));
    cr_expect_eq(placement.workers, 4);
    for (size_t w = 0; w < 4; ++w)
        cr_expect_eq(placement.processors[w], expected[w]);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}

Test(topology, a_node_without_usable_cores_does_not_count)
{
    static const unsigned numbers[] = {4, 5, 6, 7, 99};
    rnl_topology topology = read_restricted("numa:2 core:4 pu:1", numbers, 5);
    cr_expect_eq(topology.numa_nodes, 1);
    cr_expect_eq(topology.usable_processors, 4);
    cr_assert_eq(topology.core_count, 4);
    cr_expect_eq(topology.cores[0].numa_node, 1);
    rnl_topology_release(&topology);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void expect_refusal(const rnl_topology_source *source, const char *named)
{
    rnl_topology topology;
    char problem[200] = "";
    cr_assert_not(rnl_topology_read(&topology, source, problem, sizeof problem));
    cr_expect(strstr(problem, named), "\"%s\" does not name \"%s\"", problem, named);
}

Test(topology, refuses_what_is_no_machine)
{
    const rnl_processor_set nothing = {0, NULL};
    expect_refusal(&(const rnl_topology_source){.synthetic = "nuna:2"}, "nuna:2");
    expect_refusal(&(const rnl_topology_source){.xml = "/nowhere/machine.xml"},
                   "/nowhere/machine.xml");
    expect_refusal(&(const rnl_topology_source){.xml = "/dev/null"}, "/dev/null");
    expect_refusal(&(const rnl_topology_source){.synthetic = "core:2 pu:2", .affinity = &nothing},
                   "processors");
}

/* ---- a machine in a file ------------------------------------------------------------------- */

static char folder[] = "/tmp/test_topology.XXXXXX";

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes the file below the folder, with all the folders that it is in; gives its whole path. */
static const char *write_file(const char *name, const char *text)
{
    static char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
    return path;
}

/* Two cores of two threads; the cpuset leaves processors 2 and 3. */
static const char machine_xml[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
    "<topology version=\"2.0\">\n"
    "<object type=\"Machine\" os_index=\"0\" cpuset=\"0xf\" complete_cpuset=\"0xf\" "
    "allowed_cpuset=\"0xc\" nodeset=\"0x1\" complete_nodeset=\"0x1\" allowed_nodeset=\"0x1\">\n"
    "<object type=\"NUMANode\" os_index=\"0\" cpuset=\"0xf\" complete_cpuset=\"0xf\" "
    "nodeset=\"0x1\" complete_nodeset=\"0x1\" local_memory=\"1024\"/>\n"
#define XML_CORE(number, mask, first, first_mask, second, second_mask)                             \
    "<object type=\"Core\" os_index=\"" number "\" cpuset=\"" mask "\" complete_cpuset=\"" mask    \
    "\" nodeset=\"0x1\" complete_nodeset=\"0x1\">\n" XML_THREAD(first, first_mask)                 \
        XML_THREAD(second, second_mask) "</object>\n"
#define XML_THREAD(number, mask)                                                                   \
    "<object type=\"PU\" os_index=\"" number "\" cpuset=\"" mask "\" complete_cpuset=\"" mask      \
    "\" nodeset=\"0x1\" complete_nodeset=\"0x1\"/>\n"
    XML_CORE("0", "0x5", "0", "0x1", "2", "0x4")
        XML_CORE("1", "0xa", "1", "0x2", "3", "0x8") "</object>\n"
                                                     "</topology>\n";

TestSuite(files, .init = make_folder, .fini = remove_folder);

Test(files, the_cpuset_takes_processors_away)
{
    rnl_topology topology =
        read_from(&(const rnl_topology_source){.xml = write_file("machine.xml", machine_xml)});
    cr_expect_eq(topology.machine_cores, 2);
    cr_expect_eq(topology.machine_processors, 4);
    cr_expect_eq(topology.usable_processors, 2);
    cr_assert_eq(topology.core_count, 2);
    cr_expect_eq(topology.cores[0].processor, 2);
    cr_expect_eq(topology.cores[1].processor, 3);
    cr_expect_eq(topology.quota, 0);
    rnl_topology_release(&topology);
}

/* ---- CPU time ------------------------------------------------------------------------------ */

static double quota_of(const char *groups)
{
    char *list = strdup(write_file("groups", groups));
    rnl_topology topology = read_from(&(const rnl_topology_source){
        .synthetic = "core:64 pu:1", .cgroup_root = folder, .cgroup_file = list});
    free(list);
    const double quota = topology.quota;
    rnl_topology_release(&topology);
    return quota;
}

Test(files, the_smallest_limit_of_version_2_up_to_the_root)
{
    cr_expect_eq(quota_of("0::/a/b/c\n"), 0);
    write_file("cpu.max", "max 100000\n");
    cr_expect_eq(quota_of("0::/a/b/c\n"), 0);
    write_file("a/b/c/cpu.max", "500000 100000\n");
    cr_expect_eq(quota_of("0::/a/b/c\n"), 5);
    cr_expect_eq(quota_of("0::/a/b\n"), 0);
    write_file("a/cpu.max", "25000 10000\n");
    cr_expect_eq(quota_of("0::/a/b/c\n"), 2.5);
    cr_expect_eq(quota_of("0::/a/b\n"), 2.5);
    write_file("cpu.max", "150000 100000\n");
    cr_expect_eq(quota_of("0::/a/b/c\n"), 1.5);
    cr_expect_eq(quota_of("0::/\n"), 1.5);
}

Test(files, a_container_that_sees_the_path_of_its_host)
{
    write_file("cpu.max", "300000 100000\n");
    cr_expect_eq(quota_of("0::/docker/0123456789\n"), 3);
    cr_expect_eq(quota_of("0::/../../other\n"), 3);
}

Test(files, limits_of_version_1)
{
    static const char groups[] = "3:cpuset:/x\n2:cpu,cpuacct:/g\n0::/h\n";
    write_file("cpu/x/cpu.cfs_quota_us", "100000\n"); /* the group of another controller */
    write_file("cpu/x/cpu.cfs_period_us", "100000\n");
    write_file("cpu/g/cpu.cfs_quota_us", "-1\n");
    write_file("cpu/g/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(quota_of(groups), 0);
    write_file("cpu/g/cpu.cfs_quota_us", "700000\n");
    cr_expect_eq(quota_of(groups), 7);
    write_file("cpu,cpuacct/cpu.cfs_quota_us", "600000\n");
    write_file("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(quota_of(groups), 6);
    write_file("unified/h/cpu.max", "400000 100000\n");
    cr_expect_eq(quota_of(groups), 4);
}

Test(files, what_cannot_be_read_sets_no_limit)
{
    cr_expect_eq(quota_of("nonsense\n\n:\n::\n1:cpu\n"), 0);
    write_file("cpu.max", "-1 100000\n");
    cr_expect_eq(quota_of("0::/\n"), 0);
    write_file("cpu.max", "100000 0\n");
    cr_expect_eq(quota_of("0::/\n"), 0);
    write_file("cpu.max", "much 100000\n");
    cr_expect_eq(quota_of("0::/\n"), 0);
    write_file("cpu.max", "");
    cr_expect_eq(quota_of("0::/\n"), 0);
}

Test(files, a_quota_of_two_on_64_cores_makes_two_workers)
{
    write_file("job/cpu.max", "200000 100000\n");
    char *groups = strdup(write_file("groups", "0::/job\n"));
    rnl_topology topology = read_from(&(const rnl_topology_source){
        .synthetic = "numa:2 core:32 pu:2", .cgroup_root = folder, .cgroup_file = groups});
    free(groups);
    cr_expect_eq(topology.core_count, 64);
    rnl_placement placement;
    cr_assert(rnl_placement_plan(&placement, &topology, 0, RNL_PINNING_AUTO));
    cr_expect_eq(placement.workers, 2);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}

/* ---- this machine -------------------------------------------------------------------------- */

Test(topology, of_this_machine_is_within_its_own_bounds)
{
    rnl_topology topology = read_from(&(const rnl_topology_source){0});
    const size_t online = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    cr_expect_geq(topology.core_count, 1);
    cr_expect_leq(topology.core_count, topology.machine_cores);
    cr_expect_leq(topology.core_count, topology.usable_processors);
    cr_expect_leq(topology.usable_processors, topology.machine_processors);
    cr_expect_leq(topology.usable_processors, online);
    cr_expect_geq(topology.quota, 0);
    rnl_topology_release(&topology);
}

Test(topology, of_this_machine_obeys_the_affinity_of_the_caller)
{
    rnl_topology whole = read_from(&(const rnl_topology_source){0});
    const unsigned last = whole.cores[whole.core_count - 1].processor;
    rnl_topology_release(&whole);
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(last, &only);
    cr_assert_eq(sched_setaffinity(0, sizeof only, &only), 0);
    rnl_topology topology = read_from(&(const rnl_topology_source){0});
    cr_expect_eq(topology.core_count, 1);
    cr_expect_eq(topology.usable_processors, 1);
    cr_expect_eq(topology.cores[0].processor, last);
    rnl_topology_release(&topology);
}

static unsigned first_processor(void)
{
    rnl_topology topology = read_from(&(const rnl_topology_source){0});
    const unsigned first = topology.cores[0].processor;
    rnl_topology_release(&topology);
    return first;
}

/* hwloc, asked anew, would find the machine that the environment describes. */
Test(topology, of_this_machine_is_read_once_for_an_affinity)
{
    unsigned first = first_processor(), both[] = {first, first + 1};
    const rnl_processor_set one = {1, &first}, two = {2, both};
    rnl_topology before = read_from(&(const rnl_topology_source){.affinity = &one});
    before.cores[0].claimed = true;
    setenv("HWLOC_SYNTHETIC", "core:777 pu:1", 1);
    for (int i = 0; i < 3; ++i) {
        rnl_topology again = read_from(&(const rnl_topology_source){.affinity = &one});
        cr_expect_eq(again.machine_processors, before.machine_processors);
        cr_assert_eq(again.core_count, 1u);
        cr_expect_eq(again.cores[0].processor, first);
        cr_expect_not(again.cores[0].claimed, "what is done to one is not done to the others");
        again.cores[0].claimed = true;
        rnl_topology_release(&again);
    }
    rnl_topology other = read_from(&(const rnl_topology_source){.affinity = &two});
    cr_expect_eq(other.machine_processors, 777u);
    cr_expect_eq(other.core_count, 2u);
    rnl_topology_release(&other);
    other = read_from(&(const rnl_topology_source){.affinity = &one});
    cr_expect_eq(other.machine_processors, 777u, "the last affinity alone is known");
    rnl_topology_release(&other);
    unsetenv("HWLOC_SYNTHETIC");
    rnl_topology_forget();
    other = read_from(&(const rnl_topology_source){.affinity = &one});
    cr_expect_eq(other.machine_processors, before.machine_processors);
    rnl_topology_release(&other);
    rnl_topology_release(&before);
}

/* Tests if a file has been opened since it was asked last. */
static bool was_opened(int watch)
{
    char events[4096];
    return read(watch, events, sizeof events) > 0;
}

/* The test may be halted for longer than a second. */
Test(topology, quota_is_not_read_again_at_once)
{
    unsigned first = first_processor();
    const rnl_processor_set one = {1, &first};
    const int watch = inotify_init1(IN_NONBLOCK);
    if (watch < 0 || inotify_add_watch(watch, "/proc/self/cgroup", IN_OPEN) < 0)
        cr_skip_test("opened files cannot be watched");
    bool opened[2] = {false, true};
    for (int i = 0; i < 10 && opened[1]; ++i) {
        rnl_topology_forget();
        for (int k = 0; k < 2; ++k) {
            rnl_topology topology = read_from(&(const rnl_topology_source){.affinity = &one});
            rnl_topology_release(&topology);
            opened[k] = was_opened(watch);
        }
    }
    cr_expect(opened[0]);
    cr_expect_not(opened[1]);
    close(watch);
}

/* Shares of ranks on one machine: contiguous, of all cores, each core in one of them. */
Test(topology, is_shared_by_processes)
{
    for (size_t count = 1; count <= 8; ++count) {
        unsigned next = 0;
        for (size_t index = 0; index < count; ++index) {
            rnl_topology topology =
                read_from(&(const rnl_topology_source){.synthetic = "numa:2 core:4 pu:2"});
            rnl_topology_take_share(&topology, index, count);
            cr_assert_geq(topology.core_count, 8 / count);
            for (size_t i = 0; i < topology.core_count; ++i)
                cr_assert_eq(topology.cores[i].core, next++);
            cr_expect_eq(topology.numa_nodes, topology.cores[topology.core_count - 1].numa_node -
                                                  topology.cores[0].numa_node + 1);
            rnl_topology_release(&topology);
        }
        cr_assert_eq(next, 8u);
    }
}

Test(topology, with_fewer_cores_than_processes_gives_one_each)
{
    for (size_t index = 0; index < 5; ++index) {
        rnl_topology topology = read_from(&(const rnl_topology_source){.synthetic = "core:2 pu:1"});
        rnl_topology_take_share(&topology, index, 5);
        cr_expect_eq(topology.core_count, 1u);
        cr_expect_eq(topology.cores[0].core, index * 2 / 5);
        cr_expect_lt(topology.quota, 1);
        rnl_topology_release(&topology);
    }
}
