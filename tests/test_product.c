/*
 * The matrix product and its packed operand against plain loops in double.
 */
#include "engine/product/product.h"
#include "simd/philox.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>

typedef struct product_sizes {
    size_t rows, inner, columns;
} product_sizes;

ParameterizedTestParameters(product, agrees_with_plain_loops)
{
    static product_sizes sizes[] = {{1, 1, 1},      {8, 784, 80},   {32, 784, 76},  {784, 32, 16},
                                    {16, 300, 64},  {16, 100, 10},  {7, 33, 17},    {3, 1, 5},
                                    {125, 300, 36}, {2, 1024, 3},   {64, 256, 256}, {1, 13, 1},
                                    {32, 100, 1},   {100, 7, 16},   {52, 31, 300},  {32, 1040, 16},
                                    {1, 16, 33},    {30, 2048, 48}, {97, 512, 16},  {5, 10, 1024}};
    return cr_make_param_array(product_sizes, sizes, sizeof sizes / sizeof *sizes);
}

static float *random_matrix(uint32_t which, size_t count)
{
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; ++i) {
        const rnl_random_place place = {RNL_RANDOM_GENERATED_DATA, .layer = which,
                                        .column = (uint32_t)i};
        values[i] = (float)(2 * rnl_random_uniform(rnl_random(5, place).word[0]) - 1);
    }
    return values;
}

/* A as plain rows, and as a product takes it. */
typedef struct first_operand {
    float *plain, *given;
    size_t stride, distance;
} first_operand;

static first_operand lay_out(const product_sizes *n, rnl_operand_layout layout)
{
    first_operand a = {.plain = random_matrix(0, n->rows * n->inner)};
    const rnl_packing packing = rnl_packing_uniform(n->rows, n->inner);
    const size_t strides[] = {n->inner + 5, n->rows + 3, packing.width};
    a.stride = strides[layout];
    a.distance = packing.distance;
    a.given = calloc((n->rows + 5) * (n->inner + 5) + rnl_packed_count(&packing), sizeof(float));
    if (layout == RNL_PACKED)
        rnl_pack(&packing, a.plain, n->inner, a.given);
    for (size_t i = 0; layout != RNL_PACKED && i < n->rows; ++i)
        for (size_t k = 0; k < n->inner; ++k)
            a.given[layout == RNL_BY_ROWS ? i * a.stride + k : i + k * a.stride] =
                a.plain[i * n->inner + k];
    return a;
}

/* Within rounding. */
static void expect_product(const product_sizes *n, const float *a, const float *b, const float *c,
                           size_t stride)
{
    for (size_t i = 0; i < n->rows; ++i)
        for (size_t j = 0; j < n->columns; ++j) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < n->inner; ++k) {
                const double term = (double)a[i * n->inner + k] * (double)b[k * n->columns + j];
                sum += term;
                size += fabs(term);
            }
            const double result = (double)c[i * stride + j];
            cr_assert(fabs(result - sum) <= 6e-8 * size * (1 + sqrt((double)n->inner)),
                      "(%zu, %zu): %g instead of %g", i, j, result, sum);
        }
}

static rnl_product product_of(const product_sizes *n, const first_operand *a,
                              rnl_operand_layout layout, rnl_packing packing,
                              const rnl_kernels *kernels)
{
    return (rnl_product){.shape = {.rows = n->rows,
                                   .inner = n->inner,
                                   .a_layout = layout,
                                   .a_stride = a->stride,
                                   .a_distance = a->distance,
                                   .b = packing},
                         .kernels = kernels};
}

static void check(const product_sizes *n, rnl_operand_layout layout, rnl_packing packing)
{
    const first_operand a = lay_out(n, layout);
    float *b = random_matrix(1, n->inner * n->columns),
          *packed = calloc(rnl_packed_count(&packing), sizeof(float)),
          *unpacked = calloc(n->inner * n->columns, sizeof(float));
    rnl_pack(&packing, b, n->columns, packed);
    rnl_unpack(&packing, packed, unpacked, n->columns);
    cr_assert_arr_eq(unpacked, b, n->inner * n->columns * sizeof *b);
    rnl_product product = product_of(n, &a, layout, packing, rnl_kernels_of(rnl_isa_detect()));
    product.shape.c_stride = rnl_product_row_stride(n->columns);
    float *c = malloc(n->rows * product.shape.c_stride * sizeof *c);
    rnl_product_all(&product, NULL, n->rows, a.given, packed, c);
    expect_product(n, a.plain, b, c, product.shape.c_stride);
    free(a.plain);
    free(a.given);
    free(b);
    free(packed);
    free(unpacked);
    free(c);
}

ParameterizedTest(product_sizes *n, product, agrees_with_plain_loops)
{
    for (rnl_operand_layout layout = RNL_BY_ROWS; layout <= RNL_PACKED; ++layout) {
        check(n, layout, rnl_packing_of(n->inner, n->columns));
        check(n, layout, rnl_packing_uniform(n->inner, n->columns));
    }
}

static void multiply(const rnl_kernels *kernels, rnl_product_shape shape, const float *a,
                     const float *b, float *c)
{
    const rnl_product product = {.shape = shape, .kernels = kernels};
    rnl_product_all(&product, NULL, shape.rows, a, b, c);
}

/* Compares the gradients of inputs that are read down their columns with those of transposed ones.
 */
static void expect_same_by_rows(const product_sizes *n, const rnl_kernels *kernels)
{
    const rnl_packing packing = rnl_packing_of(n->inner, n->columns);
    const size_t stride = rnl_product_row_stride(n->columns),
                 row_stride = rnl_product_row_stride(n->inner);
    float *x = random_matrix(0, n->inner * n->rows), *b = random_matrix(1, n->inner * n->columns),
          *transposed = calloc(n->rows * row_stride, sizeof(float)),
          *packed = calloc(rnl_packed_count(&packing), sizeof(float)),
          *by_columns = calloc(n->rows * stride, sizeof(float)),
          *by_rows = calloc(n->rows * stride, sizeof(float));
    rnl_pack(&packing, b, n->columns, packed);
    kernels->transpose(&(const rnl_transpose){
        .rows = n->inner, .columns = n->rows, .x = {x, n->rows}, .y = {transposed, row_stride}});
    rnl_product_shape shape = {.rows = n->rows,
                               .inner = n->inner,
                               .a_layout = RNL_BY_COLUMNS,
                               .a_stride = n->rows,
                               .b = packing,
                               .c_stride = stride};
    multiply(kernels, shape, x, packed, by_columns);
    shape.a_layout = RNL_BY_ROWS;
    shape.a_stride = row_stride;
    multiply(kernels, shape, transposed, packed, by_rows);
    cr_assert_arr_eq(by_rows, by_columns, n->rows * stride * sizeof(float),
                     "%zu x %zu x %zu, instruction set %d", n->rows, n->inner, n->columns,
                     (int)kernels->isa);
    float *all[] = {x, b, transposed, packed, by_columns, by_rows};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        free(all[i]);
}

Test(product, has_the_same_bits_by_rows_and_by_columns)
{
    static const product_sizes sizes[] = {{48, 256, 256}, {48, 512, 300},   {48, 600, 52},
                                          {2, 1040, 200}, {48, 1040, 1024}, {7, 513, 33}};
    const rnl_kernels *kernels;
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT && (kernels = rnl_kernels_of(isa));
         ++isa)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
            expect_same_by_rows(&sizes[i], kernels);
}

/* Multiplies panel by panel, without and with fetching. */
static void expect_same_fetching(const product_sizes *n, const rnl_kernels *kernels,
                                 rnl_operand_layout layout, bool pairs)
{
    const first_operand a = lay_out(n, layout), next = lay_out(n, layout);
    const rnl_packing packing = rnl_packing_of(n->inner, n->columns);
    float *b = random_matrix(1, n->inner * n->columns),
          *packed = calloc(rnl_packed_count(&packing), sizeof(float));
    rnl_pack(&packing, b, n->columns, packed);
    rnl_product product = product_of(n, &a, layout, packing, kernels);
    product.shape.pairs = pairs;
    const size_t count = n->rows * packing.width;
    float *c = calloc(count, sizeof *c), *fetching = calloc(count, sizeof *c);
    const rnl_fetch fetches[] = {{b, n->inner, n->columns, n->columns}, {a.plain, 1, 100, 0}, {0}};
    for (size_t p = 0; p < packing.panels; ++p) {
        rnl_product_panel(&product, NULL, n->rows, p, a.given, packed, c);
        rnl_product_panel_fetching(&product, NULL, n->rows, p, a.given, packed, fetching,
                                   (rnl_product_next){next.given, fetches});
        cr_assert_arr_eq(fetching, c, count * sizeof *c,
                         "%s, layout %d, %zu x %zu x %zu, panel %zu", rnl_isa_name(kernels->isa),
                         (int)layout, n->rows, n->inner, n->columns, p);
    }
    free(a.plain);
    free(a.given);
    free(next.plain);
    free(next.given);
    free(b);
    free(packed);
    free(c);
    free(fetching);
}

Test(product, that_fetches_has_the_same_bits)
{
    static const product_sizes sizes[] = {{64, 1024, 64}, {48, 300, 100}, {7, 600, 33},
                                          {1, 512, 52},   {64, 100, 10},  {33, 520, 300}};
    for (rnl_isa isa = RNL_ISA_SCALAR; isa <= rnl_isa_detect(); ++isa)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
            for (rnl_operand_layout layout = RNL_BY_ROWS; layout <= RNL_PACKED; ++layout)
                for (int pairs = 0; pairs <= (layout != RNL_PACKED); ++pairs)
                    expect_same_fetching(&sizes[i], rnl_kernels_of(isa), layout, pairs);
}

static bool is_faster_by_rows(rnl_isa isa, size_t rows, size_t inner, size_t panels)
{
    const rnl_kernels kernels = {.isa = isa};
    return rnl_product_is_faster_by_rows(
        &(const rnl_product){.shape = {.rows = rows, .inner = inner}, .kernels = &kernels}, panels);
}

Test(product, of_many_terms_and_panels_is_faster_by_rows_on_avx2)
{
    cr_expect(is_faster_by_rows(RNL_ISA_AVX2, 48, 256, 4));
    cr_expect_not(is_faster_by_rows(RNL_ISA_AVX2, 48, 255, 4));
    cr_expect_not(is_faster_by_rows(RNL_ISA_AVX2, 48, 256, 3));
    cr_expect_not(is_faster_by_rows(RNL_ISA_AVX512, 48, 256, 4));
    cr_expect_not(is_faster_by_rows(RNL_ISA_SCALAR, 48, 256, 4));
    cr_expect(is_faster_by_rows(RNL_ISA_AVX2, 48, 2730, 4));
    cr_expect_not(is_faster_by_rows(RNL_ISA_AVX2, 48, 2731, 4));
    cr_expect(is_faster_by_rows(RNL_ISA_AVX2, 16, 2731, 4));
    const rnl_product unplanned = {.shape = {.rows = 48, .inner = 256}};
    cr_expect_not(rnl_product_is_faster_by_rows(&unplanned, 4));
}

Test(product, panels_are_even_and_of_whole_vectors)
{
    for (size_t columns = 1; columns <= 2000; ++columns) {
        const rnl_packing packing = rnl_packing_of(20, columns);
        cr_assert(packing.width % 16 == 0 && packing.width <= 64);
        cr_assert(packing.last % 16 == 0 && packing.last <= packing.width);
        cr_assert_eq(packing.distance, 32 * packing.width);
        size_t all = 0;
        for (size_t p = 0; p < packing.panels; ++p) {
            const size_t own = rnl_panel_columns(&packing, p);
            cr_assert(own > 0 && own <= rnl_panel_stride(&packing, p));
            cr_assert(rnl_panel_stride(&packing, p) - own < 16);
            all += own;
        }
        cr_assert_eq(all, columns);
    }
}

/* Rows of many floats do not compete for the same lines of the cache. */
Test(product, rows_begin_at_cache_lines_and_not_at_multiples_of_1_kib)
{
    for (size_t columns = 1; columns <= 3000; ++columns) {
        const size_t stride = rnl_product_row_stride(columns);
        cr_assert(stride >= columns && stride < columns + 32 && stride % 16 == 0 &&
                  stride % 256 != 0);
    }
}
