/*
 * The order of rows in an epoch.
 */
#include "engine/data/row_order.h"
#include "engine/step/cut.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

Test(row_order, without_shuffling_as_they_come)
{
    uint32_t order[100];
    rnl_row_order(order, 100, 42, 3, false);
    for (uint32_t i = 0; i < 100; ++i)
        cr_assert_eq(order[i], i);
}

Test(row_order, is_a_permutation)
{
    static const size_t sizes[] = {0, 1, 2, 3, 1000, 60001};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
        uint32_t *order = malloc((sizes[s] + 1) * sizeof *order);
        bool *seen = calloc(sizes[s] + 1, sizeof *seen);
        order[sizes[s]] = 0xdeadbeef;
        rnl_row_order(order, sizes[s], 42, 0, true);
        for (size_t i = 0; i < sizes[s]; ++i) {
            cr_assert_lt(order[i], sizes[s]);
            cr_assert_not(seen[order[i]]);
            seen[order[i]] = true;
        }
        cr_assert_eq(order[sizes[s]], 0xdeadbeef);
        free(order);
        free(seen);
    }
}

Test(row_order, depends_on_seed_and_epoch)
{
    enum { ROWS = 500 };
    uint32_t first[ROWS], again[ROWS], epoch[ROWS], seed[ROWS], high[ROWS];
    rnl_row_order(first, ROWS, 42, 0, true);
    rnl_row_order(again, ROWS, 42, 0, true);
    rnl_row_order(epoch, ROWS, 42, 1, true);
    rnl_row_order(seed, ROWS, 43, 0, true);
    rnl_row_order(high, ROWS, 42 + (1ull << 32), 0, true);
    cr_expect_arr_eq(first, again, sizeof first);
    cr_expect_arr_neq(first, epoch, sizeof first);
    cr_expect_arr_neq(first, seed, sizeof first);
    cr_expect_arr_neq(first, high, sizeof first);
}

/* Chi-square over where each row lands: (ROWS - 1)^2 degrees of freedom, a fixed seed. */
Test(row_order, is_uniform)
{
    enum { ROWS = 16, EPOCHS = 16000 };
    static unsigned counts[ROWS][ROWS];
    for (uint32_t epoch = 0; epoch < EPOCHS; ++epoch) {
        uint32_t order[ROWS];
        rnl_row_order(order, ROWS, 1, epoch, true);
        for (size_t i = 0; i < ROWS; ++i)
            ++counts[i][order[i]];
    }
    const double expected = (double)EPOCHS / ROWS, freedom = (ROWS - 1) * (ROWS - 1);
    double chi = 0;
    for (size_t i = 0; i < ROWS; ++i)
        for (size_t j = 0; j < ROWS; ++j)
            chi += (counts[i][j] - expected) * (counts[i][j] - expected) / expected;
    cr_expect_float_eq(chi, freedom, 5 * sqrt(2 * freedom), "chi square %g", chi);
}

/* Each part of the rows feeds its shard alone, whatever is left for the last mini-batch. */
Test(row_order, parts_keep_to_their_shards)
{
    enum { MOST = 200 };
    static const size_t shards[] = {1, 2, 4, 16};
    for (size_t k = 0; k < sizeof shards / sizeof *shards; ++k)
        for (size_t rows = 1; rows <= MOST; ++rows) {
            const size_t batch = 3 * shards[k];
            uint32_t order[MOST];
            size_t seen[16] = {0}, ends[17] = {0};
            for (size_t s = 0; s < shards[k]; ++s)
                ends[s + 1] = ends[s] + rows / shards[k] + (s < rows % shards[k]);
            rnl_row_order_in_shards(order, rows, batch, shards[k], 7, 3, true);
            for (size_t begin = 0; begin < rows; begin += batch) {
                const rnl_cut cut = rnl_cut_rows(batch, shards[k]);
                const size_t count = rows - begin < batch ? rows - begin : batch;
                for (size_t s = 0; s < shards[k]; ++s) {
                    const rnl_shard shard = rnl_cut_shard(cut, count, s);
                    for (size_t i = 0; i < shard.filled; ++i, ++seen[s]) {
                        const uint32_t row = order[begin + shard.first + i];
                        cr_assert(row >= ends[s] && row < ends[s + 1], "row %u of shard %zu", row,
                                  s);
                    }
                }
            }
            for (size_t s = 0; s < shards[k]; ++s)
                cr_assert_eq(seen[s], ends[s + 1] - ends[s]);
        }
}

Test(row_order, in_shards_is_a_permutation)
{
    enum { ROWS = 997 };
    uint32_t order[ROWS], whole[ROWS];
    bool seen[ROWS] = {false};
    rnl_row_order_in_shards(order, ROWS, 64, 8, 7, 3, true);
    for (size_t i = 0; i < ROWS; ++i) {
        cr_assert(order[i] < ROWS && !seen[order[i]]);
        seen[order[i]] = true;
    }
    rnl_row_order_in_shards(order, ROWS, 64, 1, 7, 3, true);
    rnl_row_order(whole, ROWS, 7, 3, true);
    cr_expect_arr_eq(order, whole, sizeof whole);
}
