/*
 * Shares of work, and which worker runs where: on synthetic machines of every shape.
 */
#include "threading/assignment.h"
#include "threading/placement.h"

#include <criterion/criterion.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static rnl_topology read_synthetic(const char *machine)
{
    rnl_topology topology;
    char problem[200];
    const rnl_topology_source source = {.synthetic = machine};
    cr_assert(rnl_topology_read(&topology, &source, problem, sizeof problem), "%s", problem);
    return topology;
}

static rnl_placement plan(const rnl_topology *topology, size_t threads, rnl_pinning pinning)
{
    rnl_placement placement;
    cr_assert(rnl_placement_plan(&placement, topology, threads, pinning));
    return placement;
}

static bool owns_processor(const rnl_placement *placement, size_t worker,
                           const rnl_topology *topology)
{
    for (size_t i = 0; i < topology->core_count; ++i)
        if (topology->cores[i].processor == placement->processors[worker])
            return topology->cores[i].numa_node == placement->numa_nodes[worker];
    return false;
}

static size_t count_on(const unsigned *numbers, size_t count, unsigned number)
{
    size_t found = 0;
    for (size_t i = 0; i < count; ++i)
        found += numbers[i] == number;
    return found;
}

/* What holds of every placement. */
static void check_placement(const rnl_placement *placement, const rnl_topology *topology)
{
    const size_t workers = placement->workers, cores = topology->core_count;
    const size_t least = workers / cores, most = (workers + cores - 1) / cores;
    for (size_t w = 0; w < workers; ++w) {
        cr_assert(owns_processor(placement, w, topology), "worker %zu of %zu", w, workers);
        const size_t sharing = count_on(placement->processors, workers, placement->processors[w]);
        cr_assert(sharing >= least && sharing <= most, "%zu workers on one core", sharing);
        cr_assert(w == 0 || placement->numa_nodes[w] >= placement->numa_nodes[w - 1],
                  "worker %zu of %zu leaves the order of nodes", w, workers);
    }
}

static void expect_nodes(const char *machine, size_t threads, const size_t *expected, size_t nodes)
{
    rnl_topology topology = read_synthetic(machine);
    rnl_placement placement = plan(&topology, threads, RNL_PINNING_AUTO);
    check_placement(&placement, &topology);
    for (unsigned node = 0; node < nodes; ++node)
        cr_expect_eq(count_on(placement.numa_nodes, placement.workers, node), expected[node],
                     "%s, %zu workers, node %u", machine, threads, node);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}

Test(share, contiguous_and_balanced)
{
    for (size_t count = 1; count < 140; ++count)
        for (size_t workers = 1; workers < 70; ++workers) {
            size_t sizes[70] = {0}, last = 0;
            for (size_t item = 0; item < count; ++item) {
                const size_t owner = rnl_share_owner(count, workers, item);
                cr_assert(owner >= last && owner < workers);
                last = owner;
                ++sizes[owner];
            }
            for (size_t w = 0; w < workers; ++w)
                cr_assert(sizes[w] == count / workers || sizes[w] == count / workers + 1,
                          "%zu items, worker %zu of %zu", count, w, workers);
        }
}

/* A range in the middle, and what is around it, are each balanced; without one around it is all. */
Test(share, apart)
{
    enum { COUNT = 24 };
    for (size_t first = 0; first < COUNT; first += 4)
        for (size_t own = 1; first + own <= COUNT; ++own)
            for (size_t workers = 1; workers < 9; ++workers) {
                size_t inside[9] = {0}, outside[9] = {0};
                for (size_t i = 0; i < COUNT; ++i) {
                    const size_t w = rnl_share_owner_apart(COUNT, first, own, workers, i);
                    cr_assert_lt(w, workers);
                    ++(i >= first && i < first + own ? inside : outside)[w];
                }
                for (size_t w = 0; w < workers; ++w) {
                    cr_assert_leq(inside[w] - own / workers, 1);
                    cr_assert_leq(outside[w] - (COUNT - own) / workers, 1);
                }
            }
    for (size_t i = 0; i < COUNT; ++i)
        cr_expect_eq(rnl_share_owner_apart(COUNT, 0, COUNT, 5, i), rnl_share_owner(COUNT, 5, i));
}

Test(share, does_not_overflow)
{
    const size_t count = SIZE_MAX - 1;
    cr_expect_eq(rnl_share_owner(count, 3, 0), 0);
    cr_expect_eq(rnl_share_owner(count, 3, count / 2), 1);
    cr_expect_eq(rnl_share_owner(count, 3, count - 1), 2);
}

Test(placement, holds_for_every_count_on_every_machine)
{
    static const char *const machines[] = {
        "pu:1",
        "core:4 pu:1",
        "core:6 pu:2",
        "numa:2 core:4 pu:2",
        "numa:8 core:8 pu:2",
        "package:2 numa:4 l3:2 core:4 pu:2",
        "numa:3 core:5 pu:4",
    };
    for (size_t m = 0; m < COUNT(machines); ++m) {
        rnl_topology topology = read_synthetic(machines[m]);
        for (size_t threads = 1; threads <= 150; ++threads) {
            rnl_placement placement = plan(&topology, threads, RNL_PINNING_ON);
            cr_assert_eq(placement.workers, threads);
            check_placement(&placement, &topology);
            rnl_placement_release(&placement);
        }
        rnl_topology_release(&topology);
    }
}

Test(placement, by_default_one_worker_on_the_first_thread_of_each_core)
{
    rnl_topology topology = read_synthetic("numa:2 core:4 pu:2");
    rnl_placement placement = plan(&topology, 0, RNL_PINNING_AUTO);
    cr_assert_eq(placement.workers, 8);
    cr_expect(placement.pinned);
    cr_expect_not(placement.oversubscribed);
    for (unsigned w = 0; w < 8; ++w) {
        cr_expect_eq(placement.processors[w], 2 * w);
        cr_expect_eq(placement.numa_nodes[w], w / 4);
    }
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}

Test(placement, keeps_to_the_fewest_nodes_and_spreads_over_them)
{
    expect_nodes("core:8 pu:2", 5, (const size_t[]){5}, 1);
    expect_nodes("numa:2 core:32 pu:1", 16, (const size_t[]){16, 0}, 2);
    expect_nodes("numa:2 core:32 pu:1", 32, (const size_t[]){32, 0}, 2);
    expect_nodes("numa:2 core:32 pu:1", 40, (const size_t[]){20, 20}, 2);
    expect_nodes("numa:2 core:32 pu:1", 33, (const size_t[]){17, 16}, 2);
    expect_nodes("numa:8 core:8 pu:2", 20, (const size_t[]){7, 7, 6, 0, 0, 0, 0, 0}, 8);
    expect_nodes("numa:8 core:8 pu:2", 63, (const size_t[]){8, 8, 8, 8, 8, 8, 8, 7}, 8);
    expect_nodes("numa:2 core:2 pu:1", 10, (const size_t[]){6, 4}, 2);
}

Test(placement, fills_uneven_nodes_no_further_than_their_cores)
{
    rnl_core cores[13];
    for (unsigned i = 0; i < 13; ++i) /* nodes of 2, 8 and 3 cores */
        cores[i] = (rnl_core){.processor = i, .core = i, .numa_node = i < 2 ? 0 : i < 10 ? 1 : 2};
    const rnl_topology topology = {.core_count = 13, .cores = cores, .numa_nodes = 3};
    static const size_t expected[][4] = {{5, 0, 5, 0},  {8, 0, 8, 0},  {9, 0, 6, 3},
                                         {11, 0, 8, 3}, {12, 2, 7, 3}, {13, 2, 8, 3}};
    for (size_t i = 0; i < COUNT(expected); ++i) {
        rnl_placement placement = plan(&topology, expected[i][0], RNL_PINNING_AUTO);
        check_placement(&placement, &topology);
        for (unsigned node = 0; node < 3; ++node)
            cr_expect_eq(count_on(placement.numa_nodes, placement.workers, node),
                         expected[i][1 + node], "%zu workers, node %u", placement.workers, node);
        rnl_placement_release(&placement);
    }
}

Test(placement, pins_unless_there_are_more_workers_than_cores)
{
    static const struct {
        size_t threads;
        rnl_pinning pinning;
        bool pinned, oversubscribed;
    } cases[] = {
        {4, RNL_PINNING_AUTO, true, false}, {4, RNL_PINNING_OFF, false, false},
        {5, RNL_PINNING_AUTO, false, true}, {5, RNL_PINNING_ON, true, true},
        {5, RNL_PINNING_OFF, false, true},  {1, RNL_PINNING_ON, true, false},
    };
    rnl_topology topology = read_synthetic("core:4 pu:2");
    for (size_t i = 0; i < COUNT(cases); ++i) {
        rnl_placement placement = plan(&topology, cases[i].threads, cases[i].pinning);
        cr_expect_eq(placement.workers, cases[i].threads);
        cr_expect_eq(placement.pinned, cases[i].pinned, "case %zu", i);
        cr_expect_eq(placement.oversubscribed, cases[i].oversubscribed, "case %zu", i);
        rnl_placement_release(&placement);
    }
    rnl_topology_release(&topology);
}

Test(placement, by_default_no_more_workers_than_the_quota)
{
    static const struct {
        double quota;
        size_t threads, workers;
        bool oversubscribed;
    } cases[] = {
        {0, 0, 64, false},  {2, 0, 2, false}, {2.9, 0, 2, false},
        {0.5, 0, 1, true},  {1, 0, 1, false}, {64, 0, 64, false},
        {80, 0, 64, false}, {2, 3, 3, true},  {2, 2, 2, false},
    };
    rnl_topology topology = read_synthetic("numa:2 core:32 pu:2");
    for (size_t i = 0; i < COUNT(cases); ++i) {
        topology.quota = cases[i].quota;
        rnl_placement placement = plan(&topology, cases[i].threads, RNL_PINNING_AUTO);
        cr_expect_eq(placement.workers, cases[i].workers, "quota %g", cases[i].quota);
        cr_expect_eq(placement.oversubscribed, cases[i].oversubscribed, "quota %g", cases[i].quota);
        check_placement(&placement, &topology);
        rnl_placement_release(&placement);
    }
    rnl_topology_release(&topology);
}

#ifndef __SANITIZE_ADDRESS__ /* which ends the program when an allocation is too large */
Test(placement, more_workers_than_memory_are_refused)
{
    rnl_topology topology = read_synthetic("core:4 pu:2");
    rnl_placement placement;
    cr_expect_not(rnl_placement_plan(&placement, &topology, SIZE_MAX, RNL_PINNING_AUTO));
    rnl_topology_release(&topology);
}
#endif

static void claim(rnl_topology *topology, size_t first, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        topology->cores[first + i].claimed = true;
}

static void expect_free_cores(const rnl_topology *topology, size_t threads, unsigned node)
{
    rnl_placement placement = plan(topology, threads, RNL_PINNING_AUTO);
    cr_expect(placement.pinned);
    for (size_t w = 0; w < threads; ++w) {
        cr_expect_eq(placement.numa_nodes[w], node, "worker %zu of %zu", w, threads);
        cr_expect_not(topology->cores[placement.processors[w]].claimed);
    }
    rnl_placement_release(&placement);
}

Test(placement, leaves_claimed_cores_to_others_and_takes_the_least_used_node)
{
    rnl_topology topology = read_synthetic("numa:2 core:8 pu:1");
    claim(&topology, 0, 3);
    expect_free_cores(&topology, 1, 1);
    expect_free_cores(&topology, 8, 1);
    claim(&topology, 8, 5);
    expect_free_cores(&topology, 1, 0);
    expect_free_cores(&topology, 5, 0);
    rnl_topology_release(&topology);
}

Test(placement, is_unbound_where_too_few_cores_are_free)
{
    rnl_topology topology = read_synthetic("numa:2 core:8 pu:1");
    claim(&topology, 2, 10);
    rnl_placement placement = plan(&topology, 7, RNL_PINNING_AUTO);
    cr_expect_not(placement.pinned);
    cr_expect(placement.crowded_out);
    check_placement(&placement, &topology);
    rnl_placement_release(&placement);
    placement = plan(&topology, 7, RNL_PINNING_ON);
    cr_expect(placement.pinned);
    check_placement(&placement, &topology);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}
