/*
 * bfloat16: rounding against the nearest number of 8 bits in double, numbers read out of pairs, and
 * sums of pairs.
 */
#include "tests/kernels/kernel_checks.h"

#include <string.h>

/* ---- rounding -------------------------------------------------------------------------------- */

enum { ROUND_ROWS = 5, ROUND_STRIDE = LONGEST + 2, ROUND_SPACE = ROUND_ROWS * ROUND_STRIDE };

/* The nearest number of 8 bits, in double, where that is exact. */
static uint32_t rounded(float x)
{
    if (isnan(x))
        return (bits_of_float(x) | 0x400000u) & 0xffff0000u;
    if (isinf(x) || (bits_of_float(x) & 0x7fffffffu) == 0)
        return bits_of_float(x);
    const int unit = ilogb((double)x) - 7;
    const double nearest = ldexp(nearbyint(ldexp((double)x, -unit)), unit);
    return fabs((double)x) < 0x1p-126 ? bits_of_float(copysignf(0, x))
                                      : bits_of_float((float)nearest);
}

/* Any bits, ties, and their neighbours. */
static float draw(size_t i)
{
    const uint32_t bits = random_word();
    return i % 8 == 0   ? special[random_word() % SPECIALS]
           : i % 4 == 1 ? float_of_bits((bits & 0xffff0000u) | (0x7fffu + bits % 3))
                        : float_of_bits(bits);
}

typedef struct round_trial {
    size_t rows, columns;
    const float *x;
    uint32_t y[ROUND_SPACE], by_rows[ROUND_SPACE], by_columns[ROUND_SPACE];
} round_trial;

static uint32_t expected_at(const round_trial *t, size_t i, size_t j)
{
    return i < t->rows && j < t->columns ? rounded(t->x[i * ROUND_STRIDE + j]) : 0;
}

/* All that a kernel may write is as it should be, and all else as it was. */
static void expect_rounded(const round_trial *t)
{
    for (size_t i = 0; i < ROUND_ROWS; ++i)
        for (size_t j = 0; j < ROUND_STRIDE; ++j) {
            const size_t at = i * ROUND_STRIDE + j;
            const bool in_y = i < t->rows && j < t->columns,
                       in_rows = i < t->rows && 2 * j < t->columns,
                       in_columns = 2 * i < t->rows && j < t->columns;
            const uint32_t by_rows = expected_at(t, i, 2 * j + 1) | expected_at(t, i, 2 * j) >> 16,
                           by_columns =
                               expected_at(t, 2 * i + 1, j) | expected_at(t, 2 * i, j) >> 16;
            cr_assert_eq(t->y[at], in_y ? expected_at(t, i, j) : 0x7fc0beefu);
            cr_assert_eq(t->by_rows[at], in_rows ? by_rows : 0x7fc0beefu, "(%zu, %zu)", i, j);
            cr_assert_eq(t->by_columns[at], in_columns ? by_columns : 0x7fc0beefu);
        }
}

static rnl_mutable_view view_of(uint32_t *words)
{
    for (size_t i = 0; i < ROUND_SPACE; ++i)
        words[i] = 0x7fc0beefu;
    return (rnl_mutable_view){(float *)(void *)words, ROUND_STRIDE};
}

void check_round_to_bfloat16(const rnl_kernels *k)
{
    static float x[ROUND_SPACE];
    static round_trial t;
    for (size_t pass = 0; pass < 8; ++pass)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            for (size_t i = 0; i < ROUND_SPACE; ++i)
                x[i] = draw(i);
            t.rows = 1 + columns % ROUND_ROWS;
            t.columns = columns;
            t.x = x;
            k->round_to_bfloat16(&(const rnl_rounding){.rows = t.rows,
                                                       .columns = columns,
                                                       .x = {x, ROUND_STRIDE},
                                                       .y = view_of(t.y),
                                                       .by_rows = view_of(t.by_rows),
                                                       .by_columns = view_of(t.by_columns)});
            expect_rounded(&t);
        }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Any bits, and none beyond the row: the numbers are those of the halves. */
void check_read_bfloat16(const rnl_kernels *k)
{
    static guarded output;
    for (size_t columns = 0; columns <= LONGEST; ++columns) {
        uint32_t *pairs = malloc(columns * sizeof *pairs + 1);
        for (size_t i = 0; i < columns; ++i)
            pairs[i] = random_word();
        for (int odd = 0; odd < 2; ++odd) {
            float *y = guarded_start(&output, SPACE);
            k->read_bfloat16(&(const rnl_bfloat16_row){columns, odd == 1,
                                                       (const float *)(const void *)pairs, y});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j)
                cr_assert_eq(bits_of_float(y[j]), odd ? pairs[j] & 0xffff0000u : pairs[j] << 16);
        }
        free(pairs);
    }
}

/* ---- sums ------------------------------------------------------------------------------------ */

void check_bfloat16_column_sums(const rnl_kernels *k)
{
    static guarded output;
    static uint32_t pairs[SPACE];
    flush_denormals();
    for (size_t i = 0; i < SPACE; ++i)
        pairs[i] = random_pair();
    const rnl_view x = {(const float *)(const void *)pairs, STRIDE};
    for (size_t rows = 1; rows <= ROWS; ++rows)
        for (size_t columns = 0; columns <= LONGEST; ++columns) {
            float *sums = guarded_start(&output, SPACE);
            k->bfloat16_column_sums(&(const rnl_column_sums){rows, columns, x, sums});
            guarded_check(&output, 1, columns, SPACE);
            for (size_t j = 0; j < columns; ++j) {
                float sum = 0;
                for (size_t i = 0; i < rows; ++i) {
                    sum += float_of_upper(pairs[i * STRIDE + j] & 0xffff);
                    sum += float_of_upper(pairs[i * STRIDE + j] >> 16);
                }
                cr_assert_eq(sums[j], sum);
            }
        }
}
