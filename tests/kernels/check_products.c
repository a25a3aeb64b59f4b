/*
 * Matrix products: bit for bit chains of fused multiply-adds, and within rounding the sum in
 * double.
 */
#include "tests/kernels/kernel_checks.h"

#include <string.h>

enum { MOST_ROWS = 27, MOST_COLUMNS = 64, EXTRA = 3 };

/* A product with its operands, in memory that ends where they end. */
typedef struct product_trial {
    rnl_panel_product p;
    bool transposed;
    float *a, *b, *c;
} product_trial;

static float *random_floats(size_t count)
{
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; ++i)
        values[i] = random_float(2);
    return values;
}

/* Offset of A's element, as the declaration gives it. */
static size_t place_in_a(const product_trial *t, size_t row, size_t k)
{
    return t->transposed
               ? row + k * t->p.inner_step
               : row * t->p.row_step + k / t->p.segment * t->p.segment_distance + k % t->p.segment;
}

static product_trial trial_of(size_t rows, size_t inner, size_t columns, size_t segment,
                              bool transposed)
{
    product_trial t = {.p = {.rows = rows,
                             .inner = inner,
                             .columns = columns,
                             .row_step = segment < inner ? segment : inner + EXTRA,
                             .inner_step = rows + EXTRA,
                             .segment = segment,
                             .segment_distance = rows * segment + EXTRA},
                       .transposed = transposed};
    t.a = random_floats(place_in_a(&t, rows - 1, inner - 1) + 1);
    const size_t padded = (columns + 15) / 16 * 16, stride = padded + EXTRA;
    t.b = random_floats((inner - 1) * stride + padded);
    for (size_t k = 0; k < inner; ++k)
        memset(t.b + k * stride + columns, 0, (padded - columns) * sizeof *t.b);
    t.c = malloc(rows * stride * sizeof *t.c);
    for (size_t i = 0; i < rows * stride; ++i)
        t.c[i] = float_of_bits(0x7fc0beefu);
    t.p.a = t.a;
    t.p.b = (rnl_view){t.b, stride};
    t.p.c = (rnl_mutable_view){t.c, stride};
    return t;
}

/* Blocks of 512 terms, each a chain from +0, added in their order. */
static float chain_of(const product_trial *t, size_t row, size_t column)
{
    float sum = 0;
    for (size_t block = 0; block < t->p.inner; block += RNL_PRODUCT_BLOCK) {
        float chain = 0;
        for (size_t k = block; k < t->p.inner && k < block + RNL_PRODUCT_BLOCK; ++k)
            chain = fmaf(t->a[place_in_a(t, row, k)], t->b[k * t->p.b.stride + column], chain);
        sum = block == 0 ? chain : sum + chain;
    }
    return sum;
}

static void expect_element(const product_trial *t, size_t row, size_t column)
{
    const float result = t->c[row * t->p.c.stride + column];
    double sum = 0, size = 0;
    for (size_t k = 0; k < t->p.inner; ++k) {
        const double term =
            (double)t->a[place_in_a(t, row, k)] * (double)t->b[k * t->p.b.stride + column];
        sum += term;
        size += fabs(term);
    }
    cr_assert(fabs((double)result - sum) <= 6e-8 * size * (1 + sqrt((double)t->p.inner)),
              "(%zu, %zu) of %zu x %zu x %zu: %g instead of %g", row, column, t->p.rows, t->p.inner,
              t->p.columns, (double)result, sum);
    cr_assert_eq(result, chain_of(t, row, column), "(%zu, %zu) of %zu x %zu x %zu", row, column,
                 t->p.rows, t->p.inner, t->p.columns);
}

static void check_trial(const rnl_kernels *k, product_trial t)
{
    (t.transposed ? k->transposed_product : k->product)(&t.p);
    const size_t padded = t.p.c.stride - EXTRA;
    for (size_t i = 0; i < t.p.rows; ++i) {
        for (size_t j = 0; j < t.p.columns; ++j)
            expect_element(&t, i, j);
        for (size_t j = t.p.columns; j < padded; ++j)
            cr_assert_eq(bits_of_float(t.c[i * t.p.c.stride + j]), 0, "column %zu", j);
        for (size_t j = padded; j < t.p.c.stride; ++j)
            cr_assert_eq(bits_of_float(t.c[i * t.p.c.stride + j]), 0x7fc0beefu,
                         "column %zu was written", j);
    }
    free(t.a);
    free(t.b);
    free(t.c);
}

/* All numbers of rows and vectors, then many terms in one or many segments. */
static void check_shapes(const rnl_kernels *k, bool transposed)
{
    static const size_t inner[] = {1, 2, 48, 511, 512, 513, 1100};
    flush_denormals();
    for (size_t columns = 16; columns <= MOST_COLUMNS; columns += 16) {
        for (size_t padding = 1; padding < 16; ++padding)
            check_trial(k, trial_of(7, 5, columns - padding, 5, transposed));
        for (size_t rows = 1; rows <= MOST_ROWS; ++rows)
            check_trial(k, trial_of(rows, 5, columns, 5, transposed));
        for (size_t i = 0; i < sizeof inner / sizeof *inner; ++i)
            for (size_t segment = inner[i]; segment > 0; segment /= 4)
                check_trial(k, trial_of(7, inner[i], columns, segment, transposed));
        check_trial(k, trial_of(48, 1100, columns, 1100, transposed));
    }
}

void check_product(const rnl_kernels *k)
{
    check_shapes(k, false);
}

void check_transposed_product(const rnl_kernels *k)
{
    check_shapes(k, true);
}
