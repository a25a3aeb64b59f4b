/*
 * The canonical cut: everything is in one block, and blocks are as large as they are said to be.
 */
#include "engine/step/cut.h"

#include <criterion/criterion.h>

Test(cut, rows_are_in_few_blocks_of_whole_parts)
{
    for (size_t batch = 1; batch <= 5000; ++batch) {
        const rnl_cut cut = rnl_cut_rows(batch);
        const size_t part = rnl_cut_part(cut.size);
        cr_assert(cut.blocks >= 1 && cut.blocks <= 4);
        cr_assert(cut.blocks * cut.size >= batch && (cut.blocks - 1) * cut.size < batch);
        cr_assert_eq(cut.blocks == 1, batch <= 32);
        cr_assert(cut.size % part == 0 && (part >= 32 || part == cut.size));
        size_t filled = 0;
        for (size_t block = 0; block < cut.blocks; ++block)
            filled += rnl_cut_filled(cut, batch, block);
        cr_assert_eq(filled, batch);
        cr_assert_eq(rnl_cut_used(cut, batch), cut.blocks);
        cr_assert_eq(rnl_cut_used(cut, 1), 1);
    }
}

static void check_columns(rnl_column_cut cut, size_t columns, size_t most)
{
    cr_assert(cut.blocks >= 1 && cut.blocks <= most && cut.units == columns);
    cr_assert_eq(rnl_cut_column(cut, 0), 0);
    cr_assert_eq(rnl_cut_column(cut, cut.blocks), columns);
    for (size_t block = 0; block < cut.blocks; ++block) {
        cr_assert_eq(rnl_cut_column(cut, block) % RNL_CUT_MULTIPLE, 0);
        cr_assert(rnl_cut_width(cut, block) >= 1);
        cr_assert_leq(rnl_cut_width(cut, block),
                      columns / cut.blocks + 2 * (size_t)RNL_CUT_MULTIPLE);
    }
}

Test(cut, columns_are_in_blocks_of_whole_vectors)
{
    for (size_t units = 1; units <= 3000; ++units) {
        check_columns(rnl_cut_columns(units), units, 4);
        cr_assert_eq(rnl_cut_inputs(units, 32).blocks, 1);
        for (size_t rows = 48; rows <= 1024; rows += 61)
            check_columns(rnl_cut_inputs(units, rows), units, 8);
    }
    cr_expect_eq(rnl_cut_columns(300).blocks, 4);
    cr_expect_eq(rnl_cut_column(rnl_cut_columns(300), 1), 64);
    cr_expect_eq(rnl_cut_inputs(784, 512).blocks, 8);
}

Test(cut, many_rows_and_few_gradients_are_made_together)
{
    cr_expect(rnl_cut_by_panels(32, 784, 80));
    cr_expect_not(rnl_cut_by_panels(32, 100, 48));
    cr_expect_not(rnl_cut_by_panels(512, 784, 80));
}
