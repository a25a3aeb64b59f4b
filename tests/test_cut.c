/*
 * The canonical cut: everything is in one block, and blocks are as large as they are said to be.
 */
#include "engine/step/cut.h"
#include "engine/step/row_tiles.h"

#include <criterion/criterion.h>

Test(cut, rows_are_in_few_blocks_of_whole_parts)
{
    for (size_t batch = 1; batch <= 5000; ++batch) {
        const rnl_cut cut = rnl_cut_rows(batch);
        const size_t part = rnl_cut_part(cut.size);
        cr_assert(cut.blocks >= 1 && cut.blocks <= 4);
        cr_assert(cut.blocks * cut.size >= batch && (cut.blocks - 1) * cut.size < batch);
        cr_assert_eq(cut.blocks == 1, batch <= 32);
        cr_assert(cut.size % part == 0 && (part >= 64 || part == cut.size));
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

static void check_inputs(rnl_input_cut cut, size_t inputs)
{
    cr_assert(cut.ranges >= 1 && cut.ranges <= 8);
    cr_assert_eq(rnl_cut_input(cut, 0), 0);
    cr_assert_eq(rnl_cut_input(cut, cut.ranges), inputs);
    for (size_t range = 0; range < cut.ranges; ++range) {
        cr_assert_eq(rnl_cut_input(cut, range) % RNL_CUT_INPUTS, 0);
        cr_assert_lt(rnl_cut_input(cut, range), rnl_cut_input(cut, range + 1));
    }
}

Test(cut, columns_are_in_blocks_of_whole_vectors)
{
    for (size_t units = 1; units <= 3000; ++units) {
        check_columns(rnl_cut_dense(rnl_cut_rows(32), 100, units).columns, units, 4);
        cr_assert_eq(rnl_cut_dense(rnl_cut_rows(32), units, 100).inputs.ranges, 1);
        check_inputs(rnl_cut_dense(rnl_cut_rows(512), units, 100).inputs, units);
    }
    const rnl_dense_cut few = rnl_cut_dense(rnl_cut_rows(32), 784, 300),
                        many = rnl_cut_dense(rnl_cut_rows(512), 784, 300);
    cr_expect_eq(few.columns.blocks, 4);
    cr_expect_eq(rnl_cut_column(few.columns, 1), 64);
    cr_expect_eq(many.columns.blocks, 1);
    cr_expect_eq(many.inputs.ranges, 8);
}

Test(cut, few_rows_are_cut_by_columns_and_more_by_parts)
{
    for (size_t batch = 1; batch <= 600; ++batch) {
        const rnl_cut rows = rnl_cut_rows(batch);
        const rnl_dense_cut cut = rnl_cut_dense(rows, 784, 300);
        cr_assert_eq(cut.by_columns, batch <= 32);
        cr_assert_eq(cut.parts * cut.part_rows, rows.blocks * rows.size);
        cr_assert_eq(rows.size % cut.part_rows, 0);
        cr_assert(!cut.by_columns || cut.parts == (batch == 32 ? 2 : 1));
    }
}

/* In their order, each in one part, together all rows of the used blocks. */
Test(cut, row_tiles_follow_each_other_part_by_part)
{
    for (size_t batch_size = 1; batch_size <= 600; ++batch_size)
        for (size_t rows = 1; rows <= batch_size; rows += 1 + rows / 3) {
            rnl_step step = {.rows = rnl_cut_rows(batch_size)};
            step.part_rows = rnl_cut_part(step.rows.size);
            const rnl_batch batch = {.rows = rows};
            const size_t tiles = rnl_row_tiles_in(step.rows);
            const size_t parts = rnl_cut_parts(step.rows);
            size_t end = 0;
            cr_assert_eq(tiles % parts, 0);
            for (size_t tile = 0; tile < tiles; ++tile) {
                const rnl_row_tile t = rnl_row_tile_of(&step, &batch, tile);
                cr_assert_eq(t.begin, end);
                cr_assert(t.begin <= t.filled && t.filled <= t.end);
                cr_assert(t.begin == t.end || t.filled == (t.end < rows ? t.end : rows) ||
                          t.begin >= rows);
                cr_assert(t.begin == t.end ||
                          (t.begin / step.part_rows == tile / (tiles / parts) &&
                           (t.end - 1) / step.part_rows == t.begin / step.part_rows));
                end = t.end;
            }
            cr_assert_eq(end, rnl_cut_used(step.rows, rows) * step.rows.size);
        }
}
