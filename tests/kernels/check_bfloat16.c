/*
 * bfloat16: products bit for bit chains of fused multiply-adds, and within rounding the sum in
 * double; rounding against the nearest number of 8 bits in double.
 */
#include "tests/kernels/kernel_checks.h"

#include <string.h>

enum { MOST_ROWS = 27, MOST_COLUMNS = 64, EXTRA = 3, BLOCK = RNL_PRODUCT_BLOCK / 2 };

static float float_of_upper(uint32_t bits)
{
    return float_of_bits(bits << 16);
}

/* ---- products -------------------------------------------------------------------------------- */

/* A product with its operands, in memory that ends where they end. */
typedef struct pair_trial {
    rnl_panel_product p;
    bool transposed;
    uint32_t *a, *b;
    float *c;
} pair_trial;

static uint32_t random_pair(void)
{
    const uint32_t odd = bits_of_float(random_float(2)), even = bits_of_float(random_float(2));
    return (odd & 0xffff0000u) | even >> 16;
}

static uint32_t *random_pairs(size_t count)
{
    uint32_t *pairs = malloc(count * sizeof *pairs);
    for (size_t i = 0; i < count; ++i)
        pairs[i] = random_pair();
    return pairs;
}

/* Offset of A's pair, as the declaration gives it. */
static size_t place_in_a(const pair_trial *t, size_t row, size_t k)
{
    return t->transposed
               ? row + k * t->p.inner_step
               : row * t->p.row_step + k / t->p.segment * t->p.segment_distance + k % t->p.segment;
}

static pair_trial trial_of(size_t rows, size_t inner, size_t columns, size_t segment,
                           bool transposed)
{
    pair_trial t = {.p = {.rows = rows,
                          .inner = inner,
                          .columns = columns,
                          .row_step = segment < inner ? segment : inner + EXTRA,
                          .inner_step = rows + EXTRA,
                          .segment = segment,
                          .segment_distance = rows * segment + EXTRA},
                    .transposed = transposed};
    t.a = random_pairs(place_in_a(&t, rows - 1, inner - 1) + 1);
    t.b = random_pairs((inner - 1) * (columns + EXTRA) + columns);
    t.c = malloc(rows * (columns + EXTRA) * sizeof *t.c);
    for (size_t i = 0; i < rows * (columns + EXTRA); ++i)
        t.c[i] = float_of_bits(0x7fc0beefu);
    t.p.a = (const float *)(const void *)t.a;
    t.p.b = (rnl_view){(const float *)(const void *)t.b, columns + EXTRA};
    t.p.c = (rnl_mutable_view){t.c, columns + EXTRA};
    return t;
}

/* The numbers that a term multiplies. */
typedef struct term {
    float odd[2], even[2];
} term;

static term term_of(const pair_trial *t, size_t row, size_t k, size_t column)
{
    const uint32_t a = t->a[place_in_a(t, row, k)], b = t->b[k * t->p.b.stride + column];
    return (term){{float_of_upper(a >> 16), float_of_upper(b >> 16)},
                  {float_of_upper(a & 0xffff), float_of_upper(b & 0xffff)}};
}

/* Blocks of 512 numbers, each a chain from +0, odd before even, added in their order. */
static float chain_of(const pair_trial *t, size_t row, size_t column)
{
    float sum = 0;
    for (size_t block = 0; block < t->p.inner; block += BLOCK) {
        float chain = 0;
        for (size_t k = block; k < t->p.inner && k < block + BLOCK; ++k) {
            const term pair = term_of(t, row, k, column);
            chain = fmaf(pair.odd[0], pair.odd[1], chain);
            chain = fmaf(pair.even[0], pair.even[1], chain);
        }
        sum = block == 0 ? chain : sum + chain;
    }
    return sum;
}

static void expect_element(const pair_trial *t, size_t row, size_t column)
{
    const float result = t->c[row * t->p.c.stride + column];
    double sum = 0, size = 0;
    for (size_t k = 0; k < t->p.inner; ++k) {
        const term pair = term_of(t, row, k, column);
        const double odd = (double)pair.odd[0] * (double)pair.odd[1],
                     even = (double)pair.even[0] * (double)pair.even[1];
        sum += odd + even;
        size += fabs(odd) + fabs(even);
    }
    cr_assert(fabs((double)result - sum) <= 6e-8 * size * (1 + sqrt(2 * (double)t->p.inner)),
              "(%zu, %zu) of %zu x %zu x %zu: %g instead of %g", row, column, t->p.rows, t->p.inner,
              t->p.columns, (double)result, sum);
    cr_assert_eq(result, chain_of(t, row, column), "(%zu, %zu) of %zu x %zu x %zu", row, column,
                 t->p.rows, t->p.inner, t->p.columns);
}

static void check_trial(const rnl_kernels *k, pair_trial t)
{
    (t.transposed ? k->transposed_bfloat16_product : k->bfloat16_product)(&t.p);
    for (size_t i = 0; i < t.p.rows; ++i) {
        for (size_t j = 0; j < t.p.columns; ++j)
            expect_element(&t, i, j);
        for (size_t j = t.p.columns; j < t.p.c.stride; ++j)
            cr_assert_eq(bits_of_float(t.c[i * t.p.c.stride + j]), 0x7fc0beefu,
                         "column %zu was written", j);
    }
    free(t.a);
    free(t.b);
    free(t.c);
}

/* All numbers of rows and vectors, then many pairs in one or many segments. */
static void check_shapes(const rnl_kernels *k, bool transposed)
{
    static const size_t inner[] = {1, 2, 24, 255, 256, 257, 550};
    flush_denormals();
    for (size_t columns = 16; columns <= MOST_COLUMNS; columns += 16) {
        for (size_t rows = 1; rows <= MOST_ROWS; ++rows)
            check_trial(k, trial_of(rows, 5, columns, 5, transposed));
        for (size_t i = 0; i < sizeof inner / sizeof *inner; ++i)
            for (size_t segment = inner[i]; segment > 0; segment /= 4)
                check_trial(k, trial_of(7, inner[i], columns, segment, transposed));
    }
}

/* A product of denormals and the smallest numbers is 0 in any mode, and the mode stays. */
static void check_denormals(const rnl_kernels *k)
{
    const uint32_t a[2] = {0x00010080u, 0x3f80007fu};
    uint32_t b[2 * 16];
    float c[16];
    for (size_t j = 0; j < 16; ++j) {
        b[j] = 0x7f003f80u;
        b[16 + j] = 0x00403f80u;
    }
    const unsigned before = _mm_getcsr();
    k->bfloat16_product(&(const rnl_panel_product){.rows = 1,
                                                   .inner = 2,
                                                   .columns = 16,
                                                   .a = (const float *)(const void *)a,
                                                   .row_step = 2,
                                                   .segment = 2,
                                                   .b = {(const float *)(const void *)b, 16},
                                                   .c = {c, 16}});
    cr_assert_eq(_mm_getcsr() & 0xffc0, before & 0xffc0);
    for (size_t j = 0; j < 16; ++j)
        cr_assert_eq(bits_of_float(c[j]), 0x00800000u, "%a", (double)c[j]);
}

void check_bfloat16_product(const rnl_kernels *k)
{
    check_denormals(k);
    check_shapes(k, false);
    check_denormals(k);
}

void check_transposed_bfloat16_product(const rnl_kernels *k)
{
    check_shapes(k, true);
}

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
