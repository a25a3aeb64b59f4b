/*
 * Matrix products, of floats and of pairs of bfloat16: bit for bit chains of fused multiply-adds,
 * and within rounding the sum in double.
 */
#include "tests/kernels/kernel_checks.h"

#include <string.h>

enum { MOST_ROWS = 27, MOST_COLUMNS = 64, MOST_BLOCKS = 8, EXTRA = 3, WRITTEN_STRIDE = 80 };

typedef void product_kernel(const rnl_panel_product *);

/* A product with its operands, in memory that ends where they end. */
typedef struct product_trial {
    rnl_panel_product p;
    bool transposed, pairs;
    uint32_t *a, *b; /* a float each, or a pair */
    float *c, *written;
    rnl_fetch fetches[3]; /* of what is written */
    float *before;        /* what C held, where the product is added to it */
    float *nodes;         /* of a tree */
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
                             .pads = true,
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

/* Gives a product rows that are written next and wider than those of C, to be fetched. */
static void write_next(product_trial *t)
{
    t->written = malloc(t->p.rows * WRITTEN_STRIDE * sizeof *t->written);
    for (size_t i = 0; i < t->p.rows * WRITTEN_STRIDE; ++i)
        t->written[i] = float_of_bits(0x7fc0beefu);
    t->fetches[0] = (rnl_fetch){t->written, t->p.rows, MOST_COLUMNS / 3, WRITTEN_STRIDE};
    t->fetches[1] = (rnl_fetch){t->written, 1, WRITTEN_STRIDE, WRITTEN_STRIDE};
    t->p.fetches = t->fetches;
}

/* Lets a product be added to what C holds. */
static void add_to_numbers(product_trial *t)
{
    const size_t count = t->p.rows * t->p.c.stride, padded = t->p.c.stride - EXTRA;
    t->before = malloc(count * sizeof *t->before);
    for (size_t i = 0; i < count; ++i)
        if (i % t->p.c.stride < padded)
            t->c[i] = i % t->p.c.stride < t->p.columns ? random_float(2) : 0;
    memcpy(t->before, t->c, count * sizeof *t->before);
    t->p.add = true;
}

/* Lets a product be the sum of a tree of products with so many inner terms. */
static void sum_in_a_tree(product_trial *t, size_t leaf)
{
    enum { LEVELS = 3 };
    t->nodes = malloc(LEVELS * RNL_PRODUCT_NODE * sizeof *t->nodes);
    t->p.leaf = leaf;
    t->p.nodes = t->nodes;
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

/* Inner terms from one on, a chain from +0. */
static float chain_of(const product_trial *t, size_t row, size_t column, size_t first, size_t terms)
{
    float chain = 0, a[2], b[2];
    for (size_t k = first; k < t->p.inner && k < first + terms; ++k) {
        const size_t count = terms_of(t, row, k, column, a, b);
        for (size_t i = 0; i < count; ++i)
            chain = fmaf(a[i], b[i], chain);
    }
    return chain;
}

/* The sum of some leaves of a tree: of the left half, the largest power of two that is less, and of
 * the others. */
static float tree_of(const float *leaves, size_t count)
{
    size_t left = 1;
    while (2 * left < count)
        left *= 2;
    return count == 1 ? *leaves : tree_of(leaves, left) + tree_of(leaves + left, count - left);
}

/* Blocks of 512 numbers, added to C or to each other in their order; or leaves. */
static float sum_of(const product_trial *t, size_t row, size_t column)
{
    const size_t block = RNL_PRODUCT_BLOCK / (t->pairs ? 2 : 1),
                 length = t->p.leaf > 0 ? t->p.leaf : block;
    float chains[MOST_BLOCKS], sum = t->before ? t->before[row * t->p.c.stride + column] : 0;
    size_t count = 0;
    for (size_t k = 0; k < t->p.inner; k += length)
        chains[count++] = chain_of(t, row, column, k, length);
    if (t->p.leaf > 0)
        return t->before ? sum + tree_of(chains, count) : tree_of(chains, count);
    for (size_t i = 0; i < count; ++i)
        sum = i == 0 && !t->before ? chains[i] : sum + chains[i];
    return sum;
}

static void expect_element(const product_trial *t, size_t row, size_t column)
{
    const float result = t->c[row * t->p.c.stride + column];
    double sum = t->before ? (double)t->before[row * t->p.c.stride + column] : 0;
    double size = fabs(sum), count = 1;
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
    cr_assert_eq(result, sum_of(t, row, column), "(%zu, %zu) of %zu x %zu x %zu", row, column,
                 t->p.rows, t->p.inner, t->p.columns);
}

static void check_trial(product_kernel *kernel, product_trial t)
{
    kernel(&t.p);
    const size_t padded = t.p.c.stride - EXTRA;
    for (size_t i = 0; i < t.p.rows; ++i) {
        for (size_t j = 0; j < t.p.columns; ++j)
            expect_element(&t, i, j);
        for (size_t j = t.p.columns; t.p.pads && j < padded; ++j)
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
    free(t.before);
    free(t.nodes);
}

/* Columns that end in half a vector, with all rests of rows, some added to C. */
static void check_halves(product_kernel *kernel, size_t columns, bool transposed, bool pairs)
{
    for (size_t rows = 24; rows <= 72; rows += rows < 48 ? 1 : 8)
        for (size_t rest = 0; rest < 15; rest += 3) {
            product_trial t =
                trial_of(rows, 5, columns - 15 + rest, rows % 16 == 0 ? 5 : 2, transposed, pairs);
            t.p.pads = rest > 0;
            if (rows % 5 == 0)
                add_to_numbers(&t);
            check_trial(kernel, t);
        }
    for (size_t inner = 127; inner <= 1023; inner += inner == 127 ? 1 : inner - 1)
        check_trial(kernel, trial_of(48, inner, columns - 12, inner, transposed, pairs));
}

/* Trees of one to seven leaves, the last one whole or not, in columns that fill their last vector
 * or half of it, some added to C. */
static void check_trees(product_kernel *kernel, size_t columns, bool pairs)
{
    for (size_t leaf = 1; leaf <= 48; leaf += 47)
        for (size_t inner = leaf; inner <= 7 * leaf; inner += leaf > 2 ? leaf / 2 : 1)
            for (size_t padding = 0; padding <= 12; padding += 4) {
                product_trial t =
                    trial_of(24 + padding, inner, columns - padding, inner, true, pairs);
                sum_in_a_tree(&t, leaf);
                if (inner % 3 == 0)
                    add_to_numbers(&t);
                check_trial(kernel, t);
            }
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
            product_trial added = trial_of(26, inner[pairs][6], columns - padding, inner[pairs][6],
                                           transposed, pairs);
            add_to_numbers(&added);
            check_trial(kernel, added);
        }
        if (transposed)
            check_trees(kernel, columns, pairs);
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
