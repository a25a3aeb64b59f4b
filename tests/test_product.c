/*
 * The three matrix products of a tile against plain loops in double, inside of a team of one.
 */
#include "engine/product/product.h"
#include "simd/philox.h"
#include "threading/team.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tile_shape {
    size_t rows, fan_in, units;
    size_t parts[RNL_PRODUCT_KINDS]; /* calls that make all rows of a kind */
};

ParameterizedTestParameters(product, agrees_with_plain_loops)
{
    static struct tile_shape shapes[] = {
        {1, 1, 1, {1, 1, 1}},      {8, 784, 80, {1, 1, 1}},   {16, 784, 60, {1, 1, 1}},
        {16, 300, 64, {1, 1, 1}},  {16, 100, 10, {1, 1, 1}},  {7, 33, 17, {1, 1, 1}},
        {128, 300, 48, {4, 1, 2}}, {3, 1, 5, {1, 1, 1}},      {125, 300, 36, {1, 1, 1}},
        {2, 1024, 3, {1, 1, 1}},   {64, 256, 256, {1, 1, 1}}, {1, 13, 1, {1, 1, 1}}};
    return cr_make_param_array(struct tile_shape, shapes, sizeof shapes / sizeof *shapes);
}

enum { X, KERNEL, DELTA, Z, GRADIENT, DX, UNPACKED, MATRICES };

typedef struct trial {
    struct tile_shape shape;
    size_t stride; /* between rows of the plain kernel, of which the tile is a part */
    float *matrix[MATRICES];
    rnl_status status;
    char description[256];
} trial;

/* Space for a matrix of the trial; X, KERNEL and DELTA in [-1, 1), the others full of NaN. */
static float *create_matrix(size_t index, size_t count)
{
    float *values = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    for (size_t i = 0; i < count; ++i) {
        const rnl_random_place place = {RNL_RANDOM_GENERATED_DATA, .layer = (uint32_t)index,
                                        .column = (uint32_t)i};
        values[i] =
            index < Z ? (float)(2 * rnl_random_uniform(rnl_random(5, place).word[0]) - 1) : NAN;
    }
    return values;
}

/* All calls of a kind, twice, because a bound call is executed many times. */
static rnl_status run_kind(const trial *t, const rnl_product *product, rnl_product_worker *worker,
                           rnl_product_kind kind, float *weights, float *gradient)
{
    const size_t rows = t->shape.rows / t->shape.parts[kind];
    const size_t wide = rnl_product_row_stride(t->shape.fan_in);
    const size_t high = rnl_product_row_stride(t->shape.units);
    for (size_t part = 0; part < t->shape.parts[kind]; ++part) {
        const size_t first = part * rows;
        const rnl_product_buffers buffers = {
            t->matrix[X] + first * wide,     weights,  t->matrix[Z] + first * high,
            t->matrix[DELTA] + first * high, gradient, t->matrix[DX] + first * wide,
        };
        rnl_product_call *call = NULL;
        rnl_status status = rnl_product_bind(&call, product, worker, kind, &buffers);
        for (int i = 0; status == RNL_OK && i < 2; ++i)
            status = rnl_product_execute(call);
        rnl_product_call_free(call);
        if (status != RNL_OK)
            return status;
    }
    return RNL_OK;
}

static rnl_status run(trial *t)
{
    rnl_product_shape shape = {.fan_in = t->shape.fan_in, .units = t->shape.units};
    for (size_t kind = 0; kind < RNL_PRODUCT_KINDS; ++kind)
        shape.rows[kind] = t->shape.rows / t->shape.parts[kind];
    rnl_product *product;
    rnl_product_worker *worker = NULL;
    rnl_status status = rnl_product_create(&product, shape);
    if (status != RNL_OK)
        return status;
    snprintf(t->description, sizeof t->description, "%s", rnl_product_description(product));
    const size_t count = rnl_product_packed_count(product);
    float *weights = create_matrix(Z, count), *gradient = create_matrix(Z, count);
    status = rnl_product_pack(product, t->matrix[KERNEL], t->stride, weights);
    if (status == RNL_OK)
        status = rnl_product_worker_create(&worker, &product, 1);
    for (rnl_product_kind kind = RNL_PRODUCT_FORWARD; status == RNL_OK && kind < RNL_PRODUCT_KINDS;
         ++kind)
        status = run_kind(t, product, worker, kind, weights, gradient);
    if (status == RNL_OK)
        status = rnl_product_unpack(product, gradient, t->matrix[GRADIENT], t->shape.units);
    if (status == RNL_OK)
        status = rnl_product_unpack(product, weights, t->matrix[UNPACKED], t->shape.units);
    rnl_product_worker_free(worker);
    rnl_product_free(product);
    free(weights);
    free(gradient);
    return status;
}

static void run_in_team(rnl_worker *worker, void *context)
{
    (void)worker;
    trial *t = context;
    t->status = run(t);
}

/* sum over k of a[i * a_row + k * a_step] * b[j * b_row + k * b_step], within rounding. */
static void expect_product(const char *name, const float *result, size_t rows, size_t columns,
                           size_t stride, size_t terms, const float *a, size_t a_row, size_t a_step,
                           const float *b, size_t b_row, size_t b_step)
{
    for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j) {
            double sum = 0, size = 0;
            for (size_t k = 0; k < terms; ++k) {
                const double term =
                    (double)a[i * a_row + k * a_step] * (double)b[j * b_row + k * b_step];
                sum += term;
                size += fabs(term);
            }
            const double difference = fabs((double)result[i * stride + j] - sum);
            cr_assert(difference <= 6e-8 * size * (1 + sqrt((double)terms)),
                      "%s (%zu, %zu): %g instead of %g", name, i, j, (double)result[i * stride + j],
                      sum);
        }
}

ParameterizedTest(struct tile_shape *shape, product, agrees_with_plain_loops)
{
    const size_t rows = shape->rows, fan_in = shape->fan_in, units = shape->units;
    const size_t wide = rnl_product_row_stride(fan_in), high = rnl_product_row_stride(units);
    trial t = {.shape = *shape, .stride = units + 5};
    const size_t counts[MATRICES] = {
        [X] = rows * wide,           [KERNEL] = fan_in * t.stride, [DELTA] = rows * high,
        [Z] = rows * high,           [GRADIENT] = fan_in * units,  [DX] = rows * wide,
        [UNPACKED] = fan_in * units,
    };
    for (size_t i = 0; i < MATRICES; ++i)
        t.matrix[i] = create_matrix(i, counts[i]);

    rnl_topology topology;
    rnl_placement placement;
    char problem[256];
    cr_assert(
        rnl_topology_read(&topology, &(const rnl_topology_source){0}, problem, sizeof problem));
    cr_assert(rnl_placement_plan(&placement, &topology, 1, RNL_PINNING_OFF));
    cr_assert(rnl_team_run(&placement, run_in_team, &t, problem, sizeof problem), "%s", problem);
    cr_assert_eq(t.status, RNL_OK, "%s", rnl_message());
    cr_expect(strstr(t.description, "ref") == NULL, "%s", t.description);

    const float *x = t.matrix[X], *kernel = t.matrix[KERNEL], *delta = t.matrix[DELTA];
    for (size_t i = 0; i < fan_in; ++i)
        cr_assert_arr_eq(t.matrix[UNPACKED] + i * units, kernel + i * t.stride,
                         units * sizeof(float));
    expect_product("z", t.matrix[Z], rows, units, high, fan_in, x, wide, 1, kernel, 1, t.stride);
    expect_product("gradient", t.matrix[GRADIENT], fan_in, units, units, rows, x, 1, wide, delta, 1,
                   high);
    expect_product("dx", t.matrix[DX], rows, fan_in, wide, units, delta, high, 1, kernel, t.stride,
                   1);

    for (size_t i = 0; i < MATRICES; ++i)
        free(t.matrix[i]);
    rnl_placement_release(&placement);
    rnl_topology_release(&topology);
}
