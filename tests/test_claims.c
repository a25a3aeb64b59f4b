/*
 * Cores claimed by runs: seen by every process, and free again when their process ends.
 */
#include "include/runnel/runnel.h"
#include "threading/claims.h"
#include "threading/team.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A machine that nothing else runs on: its cores have numbers of this process's own. */
static rnl_topology read_machine(void)
{
    rnl_topology topology;
    char problem[200];
    const rnl_topology_source source = {.synthetic = "numa:2 core:4 pu:2"};
    cr_assert(rnl_topology_read(&topology, &source, problem, sizeof problem), "%s", problem);
    for (size_t i = 0; i < topology.core_count; ++i)
        topology.cores[i].first_thread += 100000 + 100 * (unsigned)getpid();
    return topology;
}

static size_t count_claimed(rnl_topology *topology)
{
    size_t claimed = 0;
    rnl_claims_read(topology);
    for (size_t i = 0; i < topology->core_count; ++i)
        claimed += topology->cores[i].claimed;
    return claimed;
}

static rnl_placement plan(const rnl_topology *topology, size_t threads)
{
    rnl_placement placement;
    cr_assert(rnl_placement_plan(&placement, topology, threads, RNL_PINNING_AUTO));
    return placement;
}

Test(claims, runs_get_cores_of_their_own_until_none_are_left)
{
    rnl_topology topology = read_machine();
    rnl_placement runs[4];
    for (size_t i = 0; i < 4; ++i) {
        cr_expect_eq(count_claimed(&topology), 2 * i);
        runs[i] = plan(&topology, 2);
        cr_expect(runs[i].pinned);
        cr_expect(rnl_claims_take(&runs[i], &topology));
        for (size_t k = 0; k < i; ++k)
            for (size_t w = 0; w < 4; ++w)
                cr_expect_neq(runs[k].processors[w / 2], runs[i].processors[w % 2]);
    }
    cr_expect_eq(count_claimed(&topology), 8);
    rnl_placement unbound = plan(&topology, 2);
    cr_expect_not(unbound.pinned);
    cr_expect(unbound.crowded_out);
    rnl_placement_release(&unbound);
    for (size_t i = 4; i-- > 0;) {
        rnl_placement_release(&runs[i]);
        cr_expect_eq(count_claimed(&topology), 2 * i);
    }
    rnl_topology_release(&topology);
}

Test(claims, all_or_nothing)
{
    rnl_topology topology = read_machine();
    rnl_placement first = plan(&topology, 1), second = plan(&topology, 3);
    /* The last of the three cores is taken: the other two are given up. */
    first.processors[0] = second.processors[2];
    cr_expect(rnl_claims_take(&first, &topology));
    cr_expect_not(rnl_claims_take(&second, &topology));
    cr_expect_eq(count_claimed(&topology), 1);
    rnl_placement_release(&second);
    cr_expect_eq(count_claimed(&topology), 1);
    rnl_placement_release(&first);
    rnl_topology_release(&topology);
}

/* Two cores that may be used by one thread each, of the same core, are one core to all. */
Test(claims, are_of_cores_and_not_of_their_threads)
{
    char problem[200];
    unsigned numbers[] = {0, 1};
    rnl_topology machines[2];
    for (size_t i = 0; i < 2; ++i) {
        const rnl_processor_set one = {.count = 1, .numbers = &numbers[i]};
        const rnl_topology_source source = {.synthetic = "core:1 pu:2", .affinity = &one};
        cr_assert(rnl_topology_read(&machines[i], &source, problem, sizeof problem), "%s", problem);
    }
    cr_expect_neq(machines[0].cores->processor, machines[1].cores->processor);
    cr_expect_eq(machines[0].cores->first_thread, machines[1].cores->first_thread);
    rnl_topology_release(&machines[0]);
    rnl_topology_release(&machines[1]);
}

static void claim_and_stay(rnl_topology *topology, int told)
{
    rnl_placement placement = plan(topology, 3);
    const bool taken = rnl_claims_take(&placement, topology);
    if (write(told, taken ? "y" : "n", 1) == 1)
        pause();
    _exit(0);
}

Test(claims, end_with_their_process_however_it_ends)
{
    rnl_topology topology = read_machine();
    int ends[2];
    char answer = 0;
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0)
        claim_and_stay(&topology, ends[1]);
    cr_assert_eq(read(ends[0], &answer, 1), 1);
    cr_expect_eq(answer, 'y');
    cr_expect_eq(count_claimed(&topology), 3);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_expect_eq(count_claimed(&topology), 0);
    rnl_topology_release(&topology);
}

/* Runs of others have turns, too, and may be halted in one. */
static int await_turn_among_others(void)
{
    int turn = -1;
    for (int tries = 0; turn < 0 && tries < 200; ++tries)
        turn = rnl_claims_await_turn();
    return turn;
}

Test(claims, one_process_at_a_time_looks_for_cores)
{
    const int turn = await_turn_among_others();
    cr_assert_geq(turn, 0);
    cr_expect_eq(rnl_claims_await_turn(), -1);
    close(turn);
    const int next = await_turn_among_others();
    cr_expect_geq(next, 0);
    close(next);
}

/* Some other run may have been quicker to claim a core: then that one is told. */
Test(claims, are_told_with_the_machine)
{
    rnl_processor_set affinity;
    rnl_topology topology;
    char problem[200], *text;
    cr_assert(rnl_team_inherited_affinity(&affinity));
    const rnl_topology_source source = {.affinity = &affinity};
    cr_assert(rnl_topology_read(&topology, &source, problem, sizeof problem), "%s", problem);
    rnl_placement placement = plan(&topology, topology.core_count);
    const bool taken = rnl_claims_take(&placement, &topology);
    cr_assert_eq(rnl_topology_describe(NULL, NULL, &(const rnl_options){.threads = 1}, &text),
                 RNL_OK);
    cr_expect(!taken || strstr(text, "\nclaimed   "), "%s", text);
    cr_expect(!taken || strstr(text, "because other runs have claimed too many cores"), "%s", text);
    cr_expect(!taken || strstr(text, "   x"), "%s", text);
    rnl_text_free(text);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
    free(affinity.numbers);
}
