/*
 * Mini-batches in shards: sums in one tree, the same bits on any number of workers and any
 * instruction set, and after a stop; passes that train nothing do not notice.
 */
#include "engine/product/product.h"
#include "engine/schema/config.h"
#include "engine/step/shard_sum.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- the tree -------------------------------------------------------------------------------- */

enum { MOST_LEAVES = 16, NUMBERS = 37 };

static float leaves[MOST_LEAVES][NUMBERS];

/* Sizes far apart, so that each order of a sum rounds to other bits. */
static void draw_leaves(void)
{
    uint32_t state = 1;
    for (size_t s = 0; s < MOST_LEAVES; ++s)
        for (size_t j = 0; j < NUMBERS; ++j) {
            state = state * 1664525u + 1013904223u;
            leaves[s][j] = ldexpf((float)(state >> 8) - 0x1p23f, (int)((s * 7 + j) % 24));
        }
}

/* What a node is, by its definition; false without leaves. */
static bool node_of(size_t first, size_t span, size_t count, size_t j, float *value)
{
    float left, right;
    if (span == 1) {
        *value = leaves[first][j];
        return first < count;
    }
    const bool has_left = node_of(first, span / 2, count, j, &left),
               has_right = node_of(first + span / 2, span / 2, count, j, &right);
    *value = has_right ? left + right : left;
    return has_left;
}

/* A node whose leaves are computed at once lies in one aligned span. */
static rnl_status compute_leaves(const void *context, rnl_shard_range some, bool add, float *spare,
                                 float *array)
{
    (void)context, (void)spare;
    size_t span = 1;
    while (span < some.count)
        span *= 2;
    cr_assert_eq(some.first % span, 0);
    for (size_t j = 0; j < NUMBERS; ++j) {
        float node;
        cr_assert(node_of(some.first, span, some.first + some.count, j, &node));
        array[j] = add ? array[j] + node : node;
    }
    return RNL_OK;
}

Test(shards, are_summed_in_one_tree)
{
    draw_leaves();
    for (size_t count = 1; count <= MOST_LEAVES; ++count)
        for (int way = 0; way < 10; ++way) {
            float sum[NUMBERS], spare[4 * NUMBERS], arrays[MOST_LEAVES][NUMBERS];
            double numbers[MOST_LEAVES];
            rnl_shard_sum_run(&(const rnl_shard_sum){.leaves = count,
                                                     .count = NUMBERS,
                                                     .compute = compute_leaves,
                                                     .together = (size_t)1 << way / 2,
                                                     .adds = way % 2,
                                                     .spare = spare},
                              &(const rnl_step){.kernels = rnl_kernels_of(rnl_isa_detect())}, sum);
            memcpy(arrays, leaves, sizeof arrays);
            rnl_shard_sum_arrays(arrays[0], NUMBERS, count, NUMBERS);
            for (size_t j = 0; j < NUMBERS; ++j) {
                float expected;
                node_of(0, MOST_LEAVES, count, j, &expected);
                cr_assert_eq(sum[j], expected, "%zu leaves, %zu", count, j);
                cr_assert_eq(arrays[0][j], expected, "%zu leaves, %zu", count, j);
            }
            for (size_t s = 0; s < count; ++s)
                numbers[s] = (double)(s + 1);
            cr_assert_eq(rnl_shard_sum_numbers(numbers, count), (double)(count * (count + 1)) / 2);
        }
}

enum { LEAF_ROWS = 48, MOST_INNER = 11, COLUMNS = 50, WIDTH = 64 };

static float a[MOST_LEAVES * MOST_INNER * LEAF_ROWS], b[MOST_LEAVES * MOST_INNER * WIDTH];

static void draw_factors(void)
{
    uint32_t state = 7;
    float *const drawn[] = {a, b};
    const size_t counts[] = {COUNT(a), COUNT(b)};
    for (size_t k = 0; k < 2; ++k)
        for (size_t i = 0; i < counts[k]; ++i) {
            state = state * 1664525u + 1013904223u;
            drawn[k][i] = (float)(state >> 8) * 0x1p-24f - 0.5f;
        }
}

static rnl_product product_on(rnl_isa isa, size_t inner)
{
    return (rnl_product){{.rows = LEAF_ROWS,
                          .inner = inner,
                          .a_layout = RNL_BY_COLUMNS,
                          .a_stride = LEAF_ROWS,
                          .b = rnl_packing_uniform(inner, COLUMNS)},
                         rnl_kernels_of(isa)};
}

/* A tree of products in one call, against products of their own, which the tree's definition sums.
 */
static void expect_tree(rnl_isa isa, size_t inner, size_t rows, size_t count, bool add)
{
    static float tree[LEAF_ROWS * WIDTH], products[MOST_LEAVES][LEAF_ROWS * WIDTH],
        nodes[4 * RNL_PRODUCT_NODE];
    const rnl_product product = product_on(isa, inner);
    for (size_t i = 0; i < COUNT(tree); ++i)
        tree[i] = a[i];
    for (size_t s = 0; s < count; ++s)
        rnl_product_panel(&product, NULL, rows, 0, a + s * inner * LEAF_ROWS, b + s * inner * WIDTH,
                          products[s]);
    rnl_shard_sum_arrays(products[0], LEAF_ROWS * WIDTH, count, rows * WIDTH);
    rnl_product_panel_tree(&product, rows, 0, count, a, b, nodes, add, tree);
    for (size_t i = 0; i < rows * WIDTH; ++i)
        if (i % WIDTH < COLUMNS)
            cr_assert_eq(tree[i], add ? a[i] + products[0][i] : products[0][i],
                         "%s, %zu leaves of %zu, %zu rows, at %zu", rnl_isa_name(isa), count, inner,
                         rows, i);
}

Test(shards, products_are_summed_in_the_tree)
{
    static const size_t inners[] = {1, 4, MOST_INNER}, rows[] = {LEAF_ROWS, 7};
    draw_factors();
    for (rnl_isa isa = RNL_ISA_SCALAR; isa < RNL_ISA_COUNT && rnl_kernels_of(isa); ++isa)
        for (size_t count = 1; count <= MOST_LEAVES; ++count)
            for (size_t i = 0; i < COUNT(inners) * COUNT(rows); ++i)
                expect_tree(isa, inners[i / 2], rows[i % 2], count, i % 3 == 0);
}

/* ---- one result ------------------------------------------------------------------------------ */

static const char plain[] = "  - dense: {units: 200, activation: elu}\n"
                            "  - dense: {units: 60, activation: relu}\n";

static const char every_layer[] =
    "  - scale\n"
    "  - gaussian_noise: 0.1\n"
    "  - dense: {units: 130, activation: elu, kernel_regularizer: l2, bias_regularizer: l1}\n"
    "  - batch_normalization\n"
    "  - dropout: 0.2\n"
    "  - dense: {units: 70, activation: prelu, activity_regularizer: l2}\n"
    "  - residual: [{dense: {units: 70, activation: tanh}}, alpha_dropout: 0.1]\n"
    "  - batch_normalization: {statistics: shard}\n"
    "  - rrelu\n"
    "  - scale: {learning_rate_factor: 6}\n"
    "  - batch_normalization: {moving_statistics: final_pass}\n"
    "  - dense: {units: 48, kernel_constraint: {max_norm: 0.8}}\n";

static const char frozen[] = "  - dense: {units: 100, activation: elu, trainable: false}\n"
                             "  - batch_normalization: {trainable: false}\n"
                             "  - dense: {units: 60, activation: elu}\n"
                             "  - scale: {trainable: false}\n"
                             "  - prelu: {trainable: false}\n";

typedef struct trial {
    char layers[800], training[200];
    unsigned batch_size, shards;
} trial;

static rnl_model *create(const trial *t, const rnl_data *data)
{
    return fixture_model(
        fixture_config("model:\n%s  - dense: {units: 10, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy],\n"
                       "           batch_size: %u, shards: %u, epochs: 2, %s}\n",
                       t->layers, t->batch_size, t->shards, t->training),
        data);
}

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(331, 37, 10, RNL_FLOAT32);
    rnl_data *other = fixture_data(45, 37, 10, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

/* The figures of each epoch but the last, which is a time, and the hash of the parameters. */
typedef struct outcome {
    char figures[600];
    uint64_t hash;
} outcome;

static int note_figures(const rnl_progress *progress, void *user)
{
    outcome *o = user;
    for (size_t i = 0; i + 1 < progress->figure_count; ++i)
        sprintf(o->figures + strlen(o->figures), "%a ", progress->figures[i].value);
    return 0;
}

static void train(const trial *t, const rnl_data *data, size_t threads, outcome *o)
{
    rnl_model *model = create(t, data);
    *o = (outcome){0};
    const rnl_options options = {.threads = threads, .on_epoch = note_figures, .user = o};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    o->hash = fixture_hash(model);
    rnl_model_free(model);
}

/* 331 rows leave 11, and 31, for the last mini-batch: fewer than there are shards, and unequal
 * shares. */
ParameterizedTestParameters(shards, one_result)
{
    static trial trials[] = {
        {.training = "optimizer: adam", .batch_size = 64, .shards = 16},
        {.training = "optimizer: nadam, clipping: {global_clipnorm: 0.5}, schedule: {one_cycle: "
                     "{max_rate: 0.01}}",
         .batch_size = 100,
         .shards = 8},
        {.training = "optimizer: momentum, class_weight: balanced", .batch_size = 100, .shards = 2},
        {.training = "optimizer: adam, precision: mixed_bfloat16, clipping: {clipvalue: 0.01}",
         .batch_size = 100,
         .shards = 4},
        /* Few rows: workers keep slices of the weights. */
        {.training = "optimizer: momentum", .batch_size = 24, .shards = 8},
    };
    static trial all[3 * COUNT(trials)];
    const char *const layers[] = {plain, every_layer, frozen};
    for (size_t i = 0; i < COUNT(all); ++i) {
        all[i] = trials[i / 3];
        snprintf(all[i].layers, sizeof all[i].layers, "%s", layers[i % 3]);
    }
    return cr_make_param_array(trial, all, COUNT(all));
}

ParameterizedTest(trial *t, shards, one_result, .init = scratch_enter, .fini = scratch_leave)
{
    static const size_t workers[] = {2, 3, 8};
    static const char *const sets[] = {"avx512", "avx2", "scalar"};
    rnl_data *data = create_data();
    outcome expected, found;
    train(t, data, 1, &expected);
    for (size_t i = 0; i < COUNT(workers); ++i) {
        train(t, data, workers[i], &found);
        cr_expect_eq(found.hash, expected.hash, "%zu workers, %u shards", workers[i], t->shards);
        cr_expect_str_eq(found.figures, expected.figures);
    }
    for (size_t i = 0; i < COUNT(sets); ++i) {
        setenv("RUNNEL_ISA", sets[i], 1);
        if (!rnl_isa_request_problem()) {
            train(t, data, 2, &found);
            cr_expect_eq(found.hash, expected.hash, "%s, %u shards", sets[i], t->shards);
        }
    }
    unsetenv("RUNNEL_ISA");
    cr_expect_eq(fixture_interrupted(create(t, data), data, 3), expected.hash, "resumed, %u shards",
                 t->shards);
    rnl_data_free(data);
}

/* ---- what does not change -------------------------------------------------------------------- */

static int keep_all(const rnl_progress *progress, void *user)
{
    double *figures = user;
    for (size_t i = 0; i < progress->figure_count; ++i)
        figures[i] = progress->figures[i].value;
    return 0;
}

/* One mini-batch of all rows: the sums are the same, but for their rounding. */
static void expect_rounding(const char *layers)
{
    rnl_data *data = create_data();
    trial t = {.training = "optimizer: adam, shuffle: false", .batch_size = 331, .shards = 1};
    snprintf(t.layers, sizeof t.layers, "%s%s", plain, layers);
    double whole[RNL_MAX_METRICS + 8], cut[RNL_MAX_METRICS + 8];
    for (t.shards = 1; t.shards <= 512; t.shards *= 8) {
        rnl_model *model = create(&t, data);
        double *figures = t.shards == 1 ? whole : cut;
        cr_assert_eq(
            rnl_train(model, data, &(const rnl_options){.on_epoch = keep_all, .user = figures}),
            RNL_OK, "%s", rnl_message());
        for (size_t i = 0; t.shards > 1 && i < 4; ++i)
            cr_expect_float_eq(cut[i], whole[i], 1e-5, "%u shards: %g, not %g", t.shards, cut[i],
                               whole[i]);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(shards, are_a_matter_of_rounding)
{
    expect_rounding("");
}

/* Their statistics are joined, those of shards whose means lie apart, too. */
Test(shards, normalize_by_all_rows)
{
    expect_rounding("  - batch_normalization\n");
}

/* Shards of 42 and of 41 rows, each normalized by itself, move the averages by their rows. */
Test(shards, move_the_averages_by_their_rows)
{
    enum { ROWS = 331, FEATURES = 37, SHARDS = 8 };
    rnl_data *data = create_data();
    trial t = {.layers = "  - batch_normalization: {statistics: shard, momentum: 0}\n",
               .training = "optimizer: sgd, shuffle: false",
               .batch_size = ROWS,
               .shards = SHARDS};
    rnl_model *model = create(&t, data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    const rnl_parameter *moving = &model->layers[0].parameters[2];
    const float *x = data->train.inputs;
    for (size_t j = 0; j < FEATURES; ++j) {
        double mean = 0;
        for (size_t i = 0; i < ROWS; ++i)
            mean += (double)x[i * FEATURES + j] / ROWS;
        cr_expect_float_eq((double)moving[0].arrays[RNL_VALUES][j], mean, 1e-7, "column %zu", j);
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(shards, are_a_power_of_two)
{
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_parse(&config, "x.yaml",
                                  "model: [dense: {units: 1}]\n"
                                  "training: {loss: mean_squared_error, "
                                  "optimizer: sgd, shards: 6}\n",
                                  NULL, 0),
                 RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "x.yaml:2:62: shards: expected a power of two from 1 to "
                                    "1024, got '6'"),
              "%s", rnl_message());
}
