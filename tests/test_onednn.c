/*
 * Products by oneDNN bit for bit beside the kernels, product by product and over whole trainings.
 * Where the library has no oneDNN, or the processor no AVX-512, such a run is refused.
 */
#include "engine/product/product.h"
#include "engine/schema/config.h"
#include "engine/workers/machine.h"
#include "tests/fixtures.h"
#include "threading/team.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_there(void)
{
    return rnl_onednn_version() && rnl_isa_detect() == RNL_ISA_AVX512;
}

/* ---- products -------------------------------------------------------------------------------- */

typedef struct product_trial {
    rnl_product_shape shape;
    size_t rows;
} product_trial;

/* Numbers whose products are ordinary, denormal and -0. */
static float *numbers(size_t count, unsigned seed)
{
    float *values = aligned_alloc(64, (count * sizeof *values + 64) / 64 * 64);
    for (size_t i = 0; i < count; ++i) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / (1 << 23) - 1;
        if (seed >> 8 & 1)
            values[i] *= seed >> 9 & 1 ? 1e-20f : -1e-25f;
        if ((seed >> 10) % 64 == 0)
            values[i] = -0.0f;
    }
    return values;
}

static size_t a_floats(const product_trial *t)
{
    const rnl_product_shape *shape = &t->shape;
    if (shape->a_layout == RNL_BY_COLUMNS)
        return shape->inner * shape->a_stride;
    if (shape->a_layout == RNL_PACKED)
        return (shape->inner / shape->a_stride + 1) * shape->a_distance;
    return t->rows * shape->a_stride;
}

/* C of all panels, with what was there before where no product is. */
static void multiply(const product_trial *t, rnl_onednn_worker *worker, const float *a,
                     const float *b, float *c, size_t c_floats)
{
    const rnl_product product = {t->shape, rnl_kernels_of(rnl_isa_detect())};
    for (size_t i = 0; i < c_floats; ++i)
        c[i] = 1.25f;
    size_t at = 0;
    for (size_t p = 0; p < t->shape.b.panels; ++p) {
        const rnl_status status = rnl_product_panel(&product, worker, t->rows, p, a, b, c + at);
        cr_assert_eq(status, RNL_OK, "%s", rnl_message());
        at += t->shape.c_stride > 0 ? t->shape.b.width
                                    : t->rows * rnl_in_vectors(rnl_panel_columns(&t->shape.b, p));
    }
}

static void compare(const product_trial *t, rnl_onednn_worker *worker)
{
    const size_t c_floats = t->rows * (t->shape.b.panels * t->shape.b.width + t->shape.c_stride);
    float *a = numbers(a_floats(t), 1), *b = numbers(rnl_packed_count(&t->shape.b), 2),
          *own = malloc(c_floats * sizeof *own), *other = malloc(c_floats * sizeof *other);
    rnl_clear_columns(&t->shape.b, 0, t->shape.inner, b);
    multiply(t, NULL, a, b, own, c_floats);
    multiply(t, worker, a, b, other, c_floats);
    cr_expect_arr_eq(own, other, c_floats * sizeof *own, "%zu x %zu x %zu, layout %d, stride %zu",
                     t->rows, t->shape.inner, t->shape.b.columns, (int)t->shape.a_layout,
                     t->shape.c_stride);
    free(a);
    free(b);
    free(own);
    free(other);
}

/* Generates the code of one product, and compares. */
static void check(const product_trial *t)
{
    rnl_onednn *onednn = NULL;
    rnl_onednn_worker *worker = NULL;
    rnl_status status = rnl_onednn_create(&onednn, rnl_kernels_of(RNL_ISA_AVX512));
    if (status == RNL_OK) {
        rnl_product_need(&t->shape, onednn);
        status = rnl_onednn_generate(onednn);
    }
    if (status == RNL_OK)
        status = rnl_onednn_worker_create(&worker, onednn);
    cr_assert_eq(status, RNL_OK, "%s", rnl_message());
    compare(t, worker);
    rnl_onednn_worker_free(worker);
    rnl_onednn_free(onednn);
}

static product_trial trial_of(size_t rows, size_t inner, rnl_packing b, rnl_operand_layout layout,
                              size_t c_stride)
{
    const rnl_packing a = rnl_packing_uniform(rows, inner);
    const size_t strides[] = {rnl_product_row_stride(inner), rnl_product_row_stride(rows + 5),
                              a.width};
    return (product_trial){.shape = {.rows = rows,
                                     .inner = inner,
                                     .a_layout = layout,
                                     .a_stride = strides[layout],
                                     .a_distance = a.distance,
                                     .b = b,
                                     .c_stride = c_stride,
                                     .pads = true},
                           .rows = rows};
}

static void check_layouts(size_t rows, size_t inner, size_t columns)
{
    for (rnl_operand_layout layout = RNL_BY_ROWS; layout <= RNL_PACKED; ++layout) {
        product_trial t = trial_of(rows, inner, rnl_packing_of(inner, columns), layout, 0);
        check(&t);
        t = trial_of(rows, inner, rnl_packing_uniform(inner, columns), layout,
                     rnl_product_row_stride(columns));
        check(&t);
    }
}

/* One call of oneDNN, of each width. */
static void check_call(size_t rows, size_t inner)
{
    for (size_t columns = 16; columns <= 64; columns += 16) {
        const product_trial t =
            trial_of(rows, inner, rnl_packing_of(inner, columns), RNL_BY_ROWS, 0);
        check(&t);
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Shapes beside the edges of rows of a call, blocks of inner terms, vectors and panels. */
static void check_shapes(rnl_worker *worker, void *context)
{
    (void)worker, (void)context;
    static const size_t shapes[][3] = {
        {1, 1, 1},     {1, 512, 64},   {5, 17, 33},    {6, 511, 64},  {7, 513, 16},
        {32, 100, 48}, {33, 784, 100}, {48, 32, 300},  {48, 7, 10},   {64, 512, 80},
        {65, 40, 64},  {130, 300, 65}, {12, 1024, 32}, {3, 1025, 16}, {20, 2047, 20}};
    for (size_t i = 0; i < COUNT(shapes); ++i)
        check_layouts(shapes[i][0], shapes[i][1], shapes[i][2]);
}

/* Every number of rows of a call with some numbers of terms, and the other way round. */
static void check_all_calls(rnl_worker *worker, void *context)
{
    (void)worker, (void)context;
    static const size_t terms[] = {1, 2, 15, 16, 17, 63, 100, 511, 512},
                        rows[] = {1, 5, 6, 13, 48, 63, 64};
    for (size_t i = 0; i < COUNT(terms); ++i)
        for (size_t r = 1; r <= RNL_ONEDNN_ROWS; ++r)
            check_call(r, terms[i]);
    for (size_t i = 0; i < COUNT(rows); ++i)
        for (size_t k = 1; k <= RNL_PRODUCT_BLOCK; ++k)
            check_call(rows[i], k);
}

/* A worker has one OpenMP thread, and flushes denormals. */
static void on_a_worker(rnl_team_body body)
{
    char problem[512];
    rnl_placement placement;
    if (!is_there())
        return;
    cr_assert_eq(rnl_place_workers(&placement, &(const rnl_options){.threads = 1}), RNL_OK);
    cr_assert(rnl_team_run(&placement, body, NULL, problem, sizeof problem), "%s", problem);
    rnl_placement_release(&placement);
}

#ifdef EXHAUSTIVE

Test(onednn, calls_of_all_rows_and_of_all_terms)
{
    (void)check_shapes;
    on_a_worker(check_all_calls);
}

#else

Test(onednn, products_have_the_bits_of_the_kernels)
{
    (void)check_all_calls;
    on_a_worker(check_shapes);
}

/* ---- trainings ------------------------------------------------------------------------------- */

static rnl_status train(const rnl_data *data, unsigned batch_size, rnl_products products,
                        size_t threads, const char *more, uint64_t *hash)
{
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: 130, activation: elu}\n"
                       "  - batch_normalization\n"
                       "  - dense: {units: 70, activation: relu, use_bias: false}\n"
                       "  - dense: {units: 10, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           batch_size: %u, epochs: 2%s}\n",
                       batch_size, more),
        data);
    const rnl_status status =
        rnl_train(model, data, &(const rnl_options){.threads = threads, .products = products});
    *hash = fixture_hash(model);
    rnl_model_free(model);
    return status;
}

/* Cut by columns and by rows, with gradients that are kept, and on several workers. */
Test(onednn, trainings_have_the_bits_of_the_kernels)
{
    static const char *const more[] = {"", ", clipping: {global_clipnorm: 0.5}"};
    static const unsigned batch_sizes[] = {7, 32, 70, 600};
    rnl_data *data = fixture_data(1230, 600, 10, RNL_FLOAT32);
    for (size_t i = 0; is_there() && i < 2 * COUNT(batch_sizes); ++i) {
        uint64_t expected, hash;
        train(data, batch_sizes[i / 2], RNL_PRODUCTS_OWN, 1, more[i % 2], &expected);
        cr_expect_eq(
            train(data, batch_sizes[i / 2], RNL_PRODUCTS_ONEDNN, 1 + i % 3, more[i % 2], &hash),
            RNL_OK, "%s", rnl_message());
        cr_expect_eq(hash, expected, "batch size %u%s", batch_sizes[i / 2], more[i % 2]);
    }
    rnl_data_free(data);
}

Test(onednn, refused_where_its_bits_would_be_others)
{
    uint64_t hash;
    rnl_data *data = fixture_data(40, 20, 10, RNL_FLOAT32);
    setenv("RUNNEL_ISA", "avx2", 1);
    cr_expect_eq(train(data, 32, RNL_PRODUCTS_ONEDNN, 1, "", &hash), RNL_BAD_CONFIG);
    unsetenv("RUNNEL_ISA");
    cr_expect_eq(train(data, 32, RNL_PRODUCTS_ONEDNN, 1, ", precision: mixed_bfloat16", &hash),
                 RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "mixed_bfloat16"), "%s", rnl_message());
    cr_expect_eq(train(data, 32, RNL_PRODUCTS_ONEDNN, 1, "", &hash),
                 is_there() ? RNL_OK : RNL_BAD_CONFIG);
    cr_expect_eq(train(data, 32, (rnl_products)7, 1, "", &hash), RNL_BAD_CONFIG);
    rnl_data_free(data);
}

#endif
