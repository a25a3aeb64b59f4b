/*
 * Matrix products, of floats and of pairs of bfloat16: bit for bit chains of fused multiply-adds,
 * and within rounding the sum in double.
 */
#include "tests/kernels/kernel_checks.h"

#include <string.h>

enum { MOST_ROWS = 27, MOST_COLUMNS = 64, EXTRA = 3, WRITTEN_STRIDE = 80 };

typedef void product_kernel(const rnl_panel_product *);

/* A product with its operands, in memory that ends where they end. */
typedef struct product_trial {
    rnl_panel_product p;
    bool transposed, pairs;
    uint32_t *a, *b; /* a float each, or a pair */
    float *c, *written;
} product_trial;

static uint32_t *random_words(size_t count, bool pairs)
{
    uint32_t *words = malloc(count * sizeof *words);
    for (size_t i = 0; i < count; ++i)
        words[i] = pairs ? random_pair() : bits_of_float(random_float(2));
    return words;
}

/* Offset of A's element, as the declaration gives it. */
static size_t place_in_a(const product_trial *t, size_t row, size_t k)
{
    return t->transposed
               ? row + k * t->p.inner_step
               : row * t->p.row_step + k / t->p.segment * t->p.segment_distance + k % t->p.segment;
}

static product_trial trial_of(size_t rows, size_t inner, size_t columns, size_t segment,
                              bool transposed, bool pairs)
{
    product_trial t = {.p = {.rows = rows,
                             .inner = inner,
                             .columns = columns,
                             .row_step = segment < inner ? segment : inner + EXTRA,
                             .inner_step = rows + EXTRA,
                             .segment = segment,
                             .segment_distance = rows * segment + EXTRA},
                       .transposed = transposed,
                       .pairs = pairs};
    t.a = random_words(place_in_a(&t, rows - 1, inner - 1) + 1, pairs);
    const size_t padded = (columns + 15) / 16 * 16, stride = padded + EXTRA;
    t.b = random_words((inner - 1) * stride + padded, pairs);
    for (size_t k = 0; k < inner; ++k)
        memset(t.b + k * stride + columns, 0, (padded - columns) * sizeof *t.b);
    t.c = malloc(rows * stride * sizeof *t.c);
    for (size_t i = 0; i < rows * stride; ++i)
        t.c[i] = float_of_bits(0x7fc0beefu);
    t.p.a = (const float *)(const void *)t.a;
    t.p.b = (rnl_view){(const float *)(const void *)t.b, stride};
    t.p.c = (rnl_mutable_view){t.c, stride};
    return t;
}

/* Gives a product rows that are written next, and wider than those of C. */
static void write_next(product_trial *t)
{
    t->written = malloc(t->p.rows * WRITTEN_STRIDE * sizeof *t->written);
    for (size_t i = 0; i < t->p.rows * WRITTEN_STRIDE; ++i)
        t->written[i] = float_of_bits(0x7fc0beefu);
    t->p.written = (rnl_mutable_view){t->written, WRITTEN_STRIDE};
}

/* The numbers of an element in the order in which they are multiplied: of a pair, odd before
 * even.  Returns how many. */
static size_t numbers_of(const product_trial *t, uint32_t word, float numbers[2])
{
    numbers[0] = t->pairs ? float_of_upper(word >> 16) : float_of_bits(word);
    numbers[1] = t->pairs ? float_of_upper(word & 0xffff) : 0;
    return t->pairs ? 2 : 1;
}

/* The k-th numbers of a row of A and of a column of B. */
static size_t terms_of(const product_trial *t, size_t row, size_t k, size_t column, float a[2],
                       float b[2])
{
    numbers_of(t, t->a[place_in_a(t, row, k)], a);
    return numbers_of(t, t->b[k * t->p.b.stride + column], b);
}

/* Blocks of 512 numbers, each a chain from +0, added in their order. */
static float chain_of(const product_trial *t, size_t row, size_t column)
{
    const size_t length = RNL_PRODUCT_BLOCK / (t->pairs ? 2 : 1);
    float sum = 0, a[2], b[2];
    for (size_t block = 0; block < t->p.inner; block += length) {
        float chain = 0;
        for (size_t k = block; k < t->p.inner && k < block + length; ++k) {
            const size_t count = terms_of(t, row, k, column, a, b);
            for (size_t i = 0; i < count; ++i)
                chain = fmaf(a[i], b[i], chain);
        }
        sum = block == 0 ? chain : sum + chain;
    }
    return sum;
}

static void expect_element(const product_trial *t, size_t row, size_t column)
{
    const float result = t->c[row * t->p.c.stride + column];
    double sum = 0, size = 0, count = 0;
    float a[2], b[2];
    for (size_t k = 0; k < t->p.inner; ++k) {
        const size_t numbers = terms_of(t, row, k, column, a, b);
        for (size_t i = 0; i < numbers; ++i) {
            const double term = (double)a[i] * (double)b[i];
            sum += term;
            size += fabs(term);
        }
        count += (double)numbers;
    }
    cr_assert(fabs((double)result - sum) <= 6e-8 * size * (1 + sqrt(count)),
              "(%zu, %zu) of %zu x %zu x %zu: %g instead of %g", row, column, t->p.rows, t->p.inner,
              t->p.columns, (double)result, sum);
    cr_assert_eq(result, chain_of(t, row, column), "(%zu, %zu) of %zu x %zu x %zu", row, column,
                 t->p.rows, t->p.inner, t->p.columns);
}

static void check_trial(product_kernel *kernel, product_trial t)
{
    kernel(&t.p);
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
    for (size_t i = 0; t.written && i < t.p.rows * WRITTEN_STRIDE; ++i)
        cr_assert_eq(bits_of_float(t.written[i]), 0x7fc0beefu, "element %zu was written", i);
    free(t.a);
    free(t.b);
    free(t.c);
    free(t.written);
}

/* Columns that end in half a vector, with all rests of rows. */
static void check_halves(product_kernel *kernel, size_t columns, bool transposed, bool pairs)
{
    for (size_t rows = 24; rows <= 72; rows += rows < 48 ? 1 : 8)
        for (size_t rest = 0; rest <= 6; rest += 3)
            check_trial(kernel, trial_of(rows, 5, columns - 15 + rest, 5, transposed, pairs));
    for (size_t inner = 127; inner <= 1023; inner += inner == 127 ? 1 : inner - 1)
        check_trial(kernel, trial_of(48, inner, columns - 12, inner, transposed, pairs));
}

/* All numbers of rows and vectors, then many terms in one or many segments. */
static void check_shapes(product_kernel *kernel, bool transposed, bool pairs)
{
    static const size_t inner[2][7] = {{1, 2, 48, 511, 512, 513, 1100},
                                       {1, 2, 24, 255, 256, 257, 550}};
    flush_denormals();
    for (size_t columns = 16; columns <= MOST_COLUMNS; columns += 16) {
        for (size_t padding = 1; padding < 16; ++padding)
            check_trial(kernel, trial_of(7, 5, columns - padding, 5, transposed, pairs));
        for (size_t rows = 1; rows <= MOST_ROWS; ++rows)
            check_trial(kernel, trial_of(rows, 5, columns, 5, transposed, pairs));
        check_halves(kernel, columns, transposed, pairs);
        for (size_t i = 0; i < sizeof inner[0] / sizeof inner[0][0]; ++i)
            for (size_t segment = inner[pairs][i]; segment > 0; segment /= 4)
                check_trial(kernel,
                            trial_of(7, inner[pairs][i], columns, segment, transposed, pairs));
        for (size_t padding = 0; padding <= 8; padding += 8) {
            product_trial large = trial_of(48, inner[pairs][6], columns - padding, inner[pairs][6],
                                           transposed, pairs);
            large.p.far = columns > 32;
            write_next(&large);
            check_trial(kernel, large);
        }
    }
}

void check_product(const rnl_kernels *k)
{
    check_shapes(k->product, false, false);
}

void check_transposed_product(const rnl_kernels *k)
{
    check_shapes(k->transposed_product, true, false);
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
    check_shapes(k->bfloat16_product, false, true);
    check_denormals(k);
}

void check_transposed_bfloat16_product(const rnl_kernels *k)
{
    check_shapes(k->transposed_bfloat16_product, true, true);
}
