/*
 * The model of costs against sums written out by hand.
 */
#include "engine/cost/cost.h"

#include <criterion/criterion.h>

static const rnl_cost_rates rates = {
    .flops = 1e9,
    .call = 1e-6,
    .bytes = 1e9,
    .shared_bytes = 1e9,
    .crossing_bytes = 1e8,
    .barrier = 1e-7,
    .crossing_barrier = 1e-6,
    .messages = {.peers = 3,
                 .overhead = 1e-6,
                 .bandwidth = 1e8,
                 .count = 3,
                 .bytes = {0, 1000, 2000},
                 .seconds = {1e-3, 2e-3, 6e-3}},
};

static void expect_seconds(double seconds, double expected)
{
    cr_expect_float_eq(seconds, expected, 1e-12 + 1e-9 * expected, "%g instead of %g", seconds,
                       expected);
}

Test(cost, of_one_worker_is_the_work)
{
    const rnl_phase_cost phase = {
        .tiles = 4, .flops = 8e6, .calls = 4, .bytes = 2e6, .shared = 1e9};
    expect_seconds(rnl_phase_seconds(&phase, &rates, 1, 1), 8e-3 + 4e-6 + 2e-3);
    expect_seconds(rnl_step_seconds(&phase, 1, &rates, 1, 1), 8e-3 + 4e-6 + 2e-3);
}

Test(cost, follows_the_worker_with_the_most_tiles)
{
    const rnl_phase_cost phase = {.tiles = 4, .flops = 8e6};
    expect_seconds(rnl_phase_seconds(&phase, &rates, 2, 1), 4e-3);
    expect_seconds(rnl_phase_seconds(&phase, &rates, 3, 1), 4e-3);
    expect_seconds(rnl_phase_seconds(&phase, &rates, 4, 1), 2e-3);
    expect_seconds(rnl_phase_seconds(&phase, &rates, 100, 1), 2e-3);
}

/* 16 parts by 2 slices of 2 panels. */
Test(cost, of_calls_that_take_several_parts)
{
    const rnl_phase_cost rows = {.tiles = 32, .row_parts = 16, .calls = 64, .joins = 4, .line = 16};
    const struct {
        size_t workers;
        double calls;
    } by_rows[] = {{1, 4 * 4}, {2, 4 * 2 * 2}, {3, 4 * 2 * 16. / 6}, {8, 4 * 8}, {16, 64}};
    for (size_t i = 0; i < sizeof by_rows / sizeof *by_rows; ++i)
        cr_expect_float_eq(rnl_phase_calls(&rows, by_rows[i].workers), by_rows[i].calls, 1e-9,
                           "%zu workers", by_rows[i].workers);
    rnl_phase_cost slices = rows;
    slices.row_parts = 0;
    cr_expect_eq(rnl_phase_calls(&slices, 2), 4 * 4);
    cr_expect_eq(rnl_phase_calls(&slices, 16), 4 * 8);
    expect_seconds(rnl_phase_seconds(&slices, &rates, 16, 1), 2e-6);
    slices.line = 0;
    cr_expect_eq(rnl_phase_calls(&slices, 2), 64);
    slices.line = 16;
    slices.joins = 1;
    cr_expect_eq(rnl_phase_calls(&slices, 2), 64);
    slices.alone = 2;
    cr_expect_eq(rnl_phase_calls(&slices, 2), 64);
    cr_expect_eq(rnl_phase_calls(&slices, 1), 32);
}

Test(cost, counts_what_lies_with_others)
{
    const rnl_phase_cost phase = {.tiles = 2, .shared = 1e6};
    /* each reads half of it, and half of that comes from the other */
    expect_seconds(rnl_phase_seconds(&phase, &rates, 2, 1), 0.25e-3);
    /* and on two nodes, half of what a node reads crosses over */
    expect_seconds(rnl_phase_seconds(&phase, &rates, 2, 2), 0.25e-3 + 0.25e6 / 1e8);
}

Test(cost, has_a_barrier_after_each_phase)
{
    const rnl_phase_cost phases[] = {{.tiles = 2, .flops = 2e6}, {.tiles = 0}};
    expect_seconds(rnl_step_seconds(phases, 2, &rates, 2, 1), 1e-3 + 2 * 2e-7);
    expect_seconds(rnl_step_seconds(phases, 2, &rates, 4, 2), 1e-3 + 2 * (4e-7 + 1e-6));
    expect_seconds(rnl_step_seconds(phases, 2, &rates, 1, 1), 2e-3);
}

Test(cost, has_no_barrier_where_workers_keep_their_rows)
{
    const rnl_phase_cost phases[] = {
        {.row_parts = 4}, {.row_parts = 4}, {.barrier = RNL_BARRIER_AT_END}};
    expect_seconds(rnl_step_seconds(phases, 2, &rates, 2, 1), 2e-7);
    expect_seconds(rnl_step_seconds(phases, 3, &rates, 4, 1), 2 * 4e-7);
    expect_seconds(rnl_step_seconds(phases, 3, &rates, 3, 1), 3 * 3e-7);
}

Test(cost, has_no_barrier_for_a_phase_that_waits_with_the_one_before)
{
    const rnl_phase_cost phases[] = {{.tiles = 2}, {.tiles = 2, .barrier = RNL_BARRIER_SHARED}};
    expect_seconds(rnl_step_seconds(phases, 2, &rates, 2, 1), 2e-7);
}

Test(cost, waits_for_messages_whatever_the_number_of_workers)
{
    const rnl_phase_cost phase = {.tiles = 1, .waits = 2, .received = 9000};
    /* 1,500 bytes of each of 3 peers, twice: the first takes 4 ms, the others 1 us and 15 us */
    expect_seconds(rnl_message_seconds(&phase, &rates), 2 * (4e-3 + 2 * 16e-6));
    expect_seconds(rnl_phase_seconds(&phase, &rates, 1, 1), 2 * (4e-3 + 2 * 16e-6));
    expect_seconds(rnl_phase_seconds(&phase, &rates, 4, 1), 2 * (4e-3 + 2 * 16e-6));
}

Test(cost, of_a_message_follows_its_size)
{
    const rnl_message_rates *m = &rates.messages;
    expect_seconds(rnl_swap_seconds(m, 0), 1e-3);
    expect_seconds(rnl_swap_seconds(m, 250), 1.25e-3);
    expect_seconds(rnl_swap_seconds(m, 1000), 2e-3);
    expect_seconds(rnl_swap_seconds(m, 1250), 3e-3);
    expect_seconds(rnl_swap_seconds(m, 12000), 6e-3 + 1e4 / 1e8);
}

Test(cost, of_all_messages_has_one_latency)
{
    const rnl_message_rates m = rnl_message_rates_of(1e-3, 1e8);
    expect_seconds(rnl_swap_seconds(&m, 0), 1e-3);
    expect_seconds(rnl_swap_seconds(&m, 1000), 1e-3 + 1e-5);
    expect_seconds(rnl_swap_seconds(&m, 1e6), 1e-3 + 1e-2);
}

/* Each of 3 peers sends 3,000 bytes, or 1,000 without what left early. */
Test(cost, hides_messages_that_left_early_behind_what_is_computed)
{
    rnl_phase_cost phases[] = {{.tiles = 1, .bytes = 7e6},
                               {.tiles = 1, .sends = true},
                               {.tiles = 1, .bytes = 1e6},
                               {.tiles = 1, .bytes = 2e6},
                               {.tiles = 1, .waits = 1, .received = 9000, .early = 6000}};
    rnl_cost_rates slow = rates;
    slow.messages.bandwidth = 1e5;
    const double all = 6e-3 + 1e-2 + 2 * (1e-6 + 3e-2), late = 2e-3 + 2 * (1e-6 + 1e-2);
    expect_seconds(rnl_message_seconds(&phases[4], &slow), all);
    expect_seconds(rnl_hidden_seconds(phases, 5, &slow, 1, 1), 3e-3);
    expect_seconds(rnl_step_seconds(phases, 5, &slow, 1, 1), 7e-3 + all);
    phases[3].bytes = 1e9; /* more than enough: what leaves late is waited for */
    expect_seconds(rnl_hidden_seconds(phases, 5, &slow, 1, 1), all - late);
    phases[4].early = 0;
    expect_seconds(rnl_hidden_seconds(phases, 5, &slow, 1, 1), 0);
}

Test(cost, takes_the_bandwidth_of_the_largest_messages)
{
    rnl_message_rates m = rates.messages;
    rnl_message_rates_settle(&m);
    expect_seconds(m.bandwidth, 1000 / 4e-3);
    m.count = 1; /* of nothing but empty messages none is known */
    m.bytes[0] = 50;
    rnl_message_rates_settle(&m);
    expect_seconds(m.bandwidth, 50 / 1e-3);
}
