/*
 * The matrix product against plain loops in double, inside of a team of one, and its packed
 * operand.
 */
#include "engine/product/product.h"
#include "simd/kernels.h"
#include "simd/philox.h"
#include "threading/team.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum { A, PLAIN, C, MATRICES };

typedef struct trial {
    rnl_product_shape shape;
    size_t stride; /* between rows of the plain matrix, of which the operand is a part */
    float *matrix[MATRICES], *packed, *unpacked;
    rnl_status status;
    char description[256];
} trial;

/* Space for a matrix of the trial; A and PLAIN in [-1, 1), the others full of NaN. */
static float *create_matrix(size_t index, size_t count)
{
    float *values = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    for (size_t i = 0; i < count; ++i) {
        const rnl_random_place place = {RNL_RANDOM_GENERATED_DATA, .layer = (uint32_t)index,
                                        .column = (uint32_t)i};
        values[i] =
            index < C ? (float)(2 * rnl_random_uniform(rnl_random(5, place).word[0]) - 1) : NAN;
    }
    return values;
}

/* Twice, because a bound call is executed many times. */
static rnl_status run_twice(const trial *t, const rnl_product *product, rnl_product_worker *worker)
{
    rnl_product_call *call = NULL;
    rnl_status status =
        rnl_product_bind(&call, product, worker, t->matrix[A], t->packed, t->matrix[C]);
    for (int i = 0; status == RNL_OK && i < 2; ++i)
        status = rnl_product_execute(call);
    rnl_product_call_free(call);
    return status;
}

static rnl_status run(trial *t)
{
    rnl_product *product;
    rnl_product_worker *worker = NULL;
    rnl_status status = rnl_product_create(&product, t->shape);
    if (status != RNL_OK)
        return status;
    snprintf(t->description, sizeof t->description, "%s", rnl_product_description(product));
    status = rnl_product_worker_create(&worker, &product, 1);
    if (status == RNL_OK)
        status = run_twice(t, product, worker);
    rnl_product_worker_free(worker);
    rnl_product_free(product);
    return status;
}

static void run_in_team(rnl_worker *worker, void *context)
{
    (void)worker;
    trial *t = context;
    t->status = run(t);
}

static void in_team_of_one(void (*work)(rnl_worker *, void *), void *context)
{
    rnl_topology topology;
    rnl_placement placement;
    char problem[256];
    cr_assert(
        rnl_topology_read(&topology, &(const rnl_topology_source){0}, problem, sizeof problem));
    cr_assert(rnl_placement_plan(&placement, &topology, 1, RNL_PINNING_OFF));
    cr_assert(rnl_team_run(&placement, work, context, problem, sizeof problem), "%s", problem);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}

static void run_trial(trial *t)
{
    in_team_of_one(run_in_team, t);
    cr_assert_eq(t->status, RNL_OK, "%s", rnl_message());
}

/* Within rounding. */
static void expect_product(const trial *t)
{
    const size_t a_stride = t->shape.a_stride, c_stride = rnl_product_row_stride(t->shape.columns);
    for (size_t i = 0; i < t->shape.rows; ++i)
        for (size_t j = 0; j < t->shape.columns; ++j) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < t->shape.inner; ++k) {
                const double term = (double)t->matrix[A][i * a_stride + k] *
                                    (double)t->matrix[PLAIN][k * t->stride + j];
                sum += term;
                size += fabs(term);
            }
            const double result = (double)t->matrix[C][i * c_stride + j];
            cr_assert(fabs(result - sum) <= 6e-8 * size * (1 + sqrt((double)t->shape.inner)),
                      "(%zu, %zu): %g instead of %g", i, j, result, sum);
        }
}

/* A, with 0 behind its columns. */
static float *create_operand(const rnl_product_shape *shape)
{
    float *a = create_matrix(A, shape->rows * shape->a_stride);
    for (size_t i = 0; i < shape->rows; ++i)
        memset(a + i * shape->a_stride + shape->inner, 0,
               (shape->a_stride - shape->inner) * sizeof *a);
    return a;
}

static void check_product(const rnl_product_shape *shape)
{
    trial t = {.shape = *shape, .stride = shape->columns + 5};
    const rnl_packing packing = rnl_packing_of(shape->inner, shape->columns);
    t.matrix[A] = create_operand(shape);
    t.matrix[PLAIN] = create_matrix(PLAIN, shape->inner * t.stride);
    t.matrix[C] = create_matrix(C, shape->rows * rnl_product_row_stride(shape->columns));
    t.packed = calloc(rnl_packed_count(&packing), sizeof *t.packed);
    t.unpacked = create_matrix(C, shape->inner * shape->columns);
    rnl_pack(&packing, t.matrix[PLAIN], t.stride, t.packed);
    rnl_unpack(&packing, t.packed, t.unpacked, shape->columns);
    for (size_t k = 0; k < shape->inner; ++k)
        cr_assert_arr_eq(t.unpacked + k * shape->columns, t.matrix[PLAIN] + k * t.stride,
                         shape->columns * sizeof(float));
    run_trial(&t);
    cr_expect(strstr(t.description, "ref") == NULL, "%s", t.description);
    expect_product(&t);
    for (size_t i = 0; i < MATRICES; ++i)
        free(t.matrix[i]);
    free(t.packed);
    free(t.unpacked);
}

ParameterizedTest(product_sizes *sizes, product, agrees_with_plain_loops)
{
    rnl_product_shape shape = {sizes->rows, sizes->inner, sizes->columns,
                               rnl_product_row_stride(sizes->inner)};
    check_product(&shape);
    shape.a_stride = rnl_product_close_stride(sizes->inner);
    check_product(&shape);
}

/* A product over some of the panels is a part of that over all, bit for bit: what the tiles of a
 * dense layer rely on. */
Test(product, takes_any_whole_panels)
{
    enum { ROWS = 20, INNER = 37, COLUMNS = 90 };
    const rnl_packing packing = rnl_packing_of(INNER, COLUMNS);
    const size_t stride = rnl_product_row_stride(COLUMNS), width = packing.width;
    float *plain = create_matrix(PLAIN, INNER * COLUMNS);
    trial whole = {.shape = {ROWS, INNER, COLUMNS, rnl_product_row_stride(INNER)}};
    whole.packed = calloc(rnl_packed_count(&packing), sizeof *whole.packed);
    rnl_pack(&packing, plain, COLUMNS, whole.packed);
    whole.matrix[A] = create_operand(&whole.shape);
    whole.matrix[C] = create_matrix(C, ROWS * stride);
    run_trial(&whole);
    for (size_t p = 0; p < packing.panels; ++p) {
        trial part = whole;
        part.shape.columns = width;
        part.packed += p * packing.distance;
        part.matrix[C] = create_matrix(C, ROWS * rnl_product_row_stride(width));
        run_trial(&part);
        for (size_t i = 0; i < ROWS; ++i)
            cr_assert_arr_eq(part.matrix[C] + i * rnl_product_row_stride(width),
                             whole.matrix[C] + i * stride + p * width,
                             rnl_panel_columns(&packing, p) * sizeof(float));
        free(part.matrix[C]);
    }
    free(plain);
    free(whole.packed);
    free(whole.matrix[A]);
    free(whole.matrix[C]);
}

/* Products that oneDNN leaves to sgemm or to plain loops. */
typedef struct slow_products {
    size_t count;
    rnl_product_shape shape; /* one of them */
    char description[64];
    rnl_status status;
} slow_products;

static void count_if_slow(slow_products *slow, rnl_product_shape shape)
{
    rnl_product *product = NULL;
    slow->status = rnl_product_create(&product, shape);
    if (slow->status == RNL_OK && strncmp(rnl_product_description(product), "brg", 3) != 0) {
        ++slow->count;
        slow->shape = shape;
        snprintf(slow->description, sizeof slow->description, "%s",
                 rnl_product_description(product));
    }
    rnl_product_free(product);
}

static void count_slow(rnl_worker *worker, void *context)
{
    static const size_t sizes[] = {1, 2, 7, 16, 31, 38, 64, 150, 784, 1024};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    (void)worker;
    slow_products *slow = context;
    for (size_t i = 0; slow->status == RNL_OK && i < SIZES * SIZES * SIZES; ++i) {
        const size_t inner = sizes[i / SIZES % SIZES];
        const size_t strides[] = {rnl_product_close_stride(inner), rnl_product_row_stride(inner)};
        for (size_t k = 0; slow->status == RNL_OK && k < 2; ++k)
            count_if_slow(slow, (rnl_product_shape){sizes[i / SIZES / SIZES], inner,
                                                    sizes[i % SIZES], strides[k]});
    }
}

/* With AVX-512, where weights lie in panels for its sake. */
Test(product, of_any_shape_is_fast)
{
    if (strncmp(rnl_product_library(), "oneDNN", 6) != 0 || rnl_isa_detect() != RNL_ISA_AVX512)
        cr_skip_test("no oneDNN with AVX-512");
    slow_products slow = {0};
    in_team_of_one(count_slow, &slow);
    cr_assert_eq(slow.status, RNL_OK, "%s", rnl_message());
    cr_expect_eq(slow.count, 0, "%zu products, as (%zu, %zu, %zu), by %s", slow.count,
                 slow.shape.rows, slow.shape.inner, slow.shape.columns, slow.description);
}
