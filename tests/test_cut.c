/*
 * The canonical cut: everything is in one block, and blocks are as large as they are said to be.
 */
#include "engine/step/cut.h"
#include "engine/step/row_tiles.h"

#include <criterion/criterion.h>

Test(cut, rows_are_in_few_blocks_of_whole_parts)
{
    for (size_t batch = 1; batch <= 5000; ++batch) {
        const rnl_cut cut = rnl_cut_rows(batch, 1);
        const size_t part = rnl_cut_part(cut.size);
        cr_assert(cut.blocks >= 1 && cut.blocks <= 4);
        cr_assert(cut.blocks * cut.size >= batch && (cut.blocks - 1) * cut.size < batch);
        cr_assert_eq(cut.blocks == 1, batch <= 32);
        cr_assert(cut.size % part == 0 && (part >= 64 || part == cut.size));
        size_t filled = 0;
        for (size_t block = 0; block < cut.blocks; ++block)
            filled += rnl_cut_filled(cut, batch, block);
        cr_assert_eq(filled, batch);
        cr_assert_eq(rnl_cut_shard(cut, batch, 0).used, cut.blocks * cut.size);
        cr_assert_eq(rnl_cut_shard(cut, 1, 0).used, cut.size);
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
        const size_t begin = rnl_cut_input(cut, range), end = rnl_cut_input(cut, range + 1);
        cr_assert_eq(begin % RNL_CUT_MULTIPLE, 0);
        cr_assert_lt(begin, end);
        cr_assert_lt(end - begin, inputs / cut.ranges + 2 * (size_t)RNL_CUT_MULTIPLE);
    }
}

Test(cut, columns_are_in_blocks_of_whole_vectors)
{
    for (size_t units = 1; units <= 3000; ++units) {
        check_columns(rnl_cut_dense(rnl_cut_rows(32, 1), 100, units).columns, units, 4);
        cr_assert_eq(rnl_cut_dense(rnl_cut_rows(32, 1), units, 100).inputs.ranges, 1);
        check_inputs(rnl_cut_dense(rnl_cut_rows(512, 1), units, 100).inputs, units);
    }
    const rnl_dense_cut few = rnl_cut_dense(rnl_cut_rows(32, 1), 784, 300),
                        many = rnl_cut_dense(rnl_cut_rows(512, 1), 784, 300);
    cr_expect_eq(few.columns.blocks, 4);
    cr_expect_eq(rnl_cut_column(few.columns, 1), 64);
    cr_expect_eq(many.columns.blocks, 1);
    cr_expect_eq(many.inputs.ranges, 8);
}

Test(cut, few_rows_are_cut_by_columns_and_more_by_parts)
{
    for (size_t batch = 1; batch <= 600; ++batch) {
        const rnl_cut rows = rnl_cut_rows(batch, 1);
        const rnl_dense_cut cut = rnl_cut_dense(rows, 784, 300);
        cr_assert_eq(cut.by_columns, batch <= 32);
        cr_assert_eq(cut.parts * cut.part_rows, rows.blocks * rows.size);
        cr_assert_eq(rows.size % cut.part_rows, 0);
        cr_assert(!cut.by_columns || cut.parts == (batch == 32 ? 2 : 1));
    }
}

/* Tiles of a part, joined, are the rows of all of them. */
static void check_joined(const rnl_step *step, const rnl_batch *batch)
{
    const size_t each = rnl_row_tiles_per_part(step->part_rows);
    for (size_t tile = 0; tile < rnl_row_tiles_in(step->rows); ++tile) {
        const rnl_row_tile first = rnl_row_tile_of(step, batch, tile);
        for (size_t count = 1, filled = 0; tile % each + count <= each; ++count) {
            const rnl_row_tile last = rnl_row_tile_of(step, batch, tile + count - 1),
                               all = rnl_row_tiles_of(step, batch, tile, count);
            filled += last.filled - last.begin;
            cr_assert_eq(all.begin, first.begin);
            cr_assert_eq(all.number, first.number);
            cr_assert_eq(all.filled - all.begin, filled);
            cr_assert_eq(all.end, last.end);
        }
    }
}

/* In their order, each in one part, together all rows of the used blocks. */
Test(cut, row_tiles_follow_each_other_part_by_part)
{
    for (size_t batch_size = 1; batch_size <= 600; ++batch_size)
        for (size_t rows = 1; rows <= batch_size; rows += 1 + rows / 3) {
            rnl_step step = {.rows = rnl_cut_rows(batch_size, 1)};
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
            cr_assert_eq(end, rnl_cut_shard(step.rows, rows, 0).used);
            check_joined(&step, &batch);
        }
}

/* The shards hold all rows, in their order, as evenly as can be. */
Test(cut, shards_share_a_mini_batch)
{
    for (size_t shards = 1; shards <= 64; shards *= 2)
        for (size_t batch = shards; batch <= 1500; batch += shards) {
            const rnl_cut cut = rnl_cut_rows(batch, shards);
            cr_assert_eq(cut.blocks % shards, 0);
            cr_assert_geq(rnl_cut_shard_rows(cut), batch / shards);
            cr_assert(cut.size % rnl_cut_part(cut.size) == 0);
            for (size_t rows = 1; rows <= batch; rows += 1 + rows / 2) {
                size_t first = 0, filled = 0;
                for (size_t s = 0; s < shards; ++s) {
                    const rnl_shard shard = rnl_cut_shard(cut, rows, s);
                    cr_assert_eq(shard.first, first);
                    cr_assert_eq(shard.row, s * rnl_cut_shard_rows(cut));
                    cr_assert(shard.filled == rows / shards || shard.filled == rows / shards + 1);
                    cr_assert(shard.filled <= shard.used && shard.used <= rnl_cut_shard_rows(cut));
                    cr_assert_eq(shard.filled > 0, s < rnl_cut_used_shards(cut, rows));
                    first += shard.filled;
                }
                cr_assert_eq(first, rows);
                for (size_t block = 0; block < cut.blocks; ++block)
                    filled += rnl_cut_filled(cut, rows, block);
                cr_assert_eq(filled, rows);
            }
        }
}

/* Shards are never cut by columns: a layer's cut does not tell how many of them a machine has. */
Test(cut, shards_are_cut_by_rows)
{
    cr_expect(rnl_cut_dense(rnl_cut_rows(16, 1), 784, 300).by_columns);
    cr_expect_not(rnl_cut_dense(rnl_cut_rows(16, 2), 784, 300).by_columns);
    cr_expect_eq(rnl_cut_dense(rnl_cut_rows(16, 2), 784, 300).columns.blocks, 1);
}

/* Each row of a mini-batch is in one tile, under its number. */
Test(cut, row_tiles_number_the_rows_of_shards)
{
    enum { SHARDS = 4, MOST = 600 };
    for (size_t batch_size = SHARDS; batch_size <= MOST; batch_size += 3 * SHARDS)
        for (size_t rows = 1; rows <= batch_size; rows += 1 + rows / 3) {
            rnl_step step = {.rows = rnl_cut_rows(batch_size, SHARDS)};
            step.part_rows = rnl_cut_part(step.rows.size);
            const rnl_batch batch = {.rows = rows};
            size_t seen[MOST] = {0};
            for (size_t tile = 0; tile < rnl_row_tiles_in(step.rows); ++tile) {
                const rnl_row_tile t = rnl_row_tile_of(&step, &batch, tile);
                for (size_t i = t.begin; i < t.filled; ++i) {
                    const size_t number = t.number + (i - t.begin),
                                 s = i / rnl_cut_shard_rows(step.rows);
                    const rnl_shard shard = rnl_cut_shard(step.rows, rows, s);
                    cr_assert_eq(number - shard.first, i - shard.row);
                    ++seen[number];
                }
            }
            for (size_t i = 0; i < rows; ++i)
                cr_assert_eq(seen[i], 1);
            check_joined(&step, &batch);
        }
}
