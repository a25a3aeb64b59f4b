/*
 * Initial values against the mean, variance and limits of their distributions.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FAN_IN = 200, FAN_OUT = 300 };

struct expectation {
    char text[96];
    double mean, variance;
    double least, most; /* 0 and 0: no limit */
};

static rnl_model *create_model(const char *initializer, unsigned seed)
{
    rnl_data *data = fixture_data(3, FAN_IN, 3, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("data: {train: {spirals: {rows: 10}}, scaling: none}\n"
                       "model:\n"
                       "  - dense: {units: %d, kernel_initializer: %s}\n"
                       "  - dense: {units: %d, kernel_initializer: %s}\n"
                       "  - dense: {units: 3, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,"
                       " seed: %u, epochs: 1}\n",
                       FAN_OUT, initializer, FAN_IN, initializer, seed),
        data);
    rnl_data_free(data);
    return model;
}

/* A standard normal within [-2, 2] has this variance: 1 - 4 phi(2) / (2 Phi(2) - 1). */
#define TRUNCATED 0.77374130

ParameterizedTestParameters(initializers, follow_their_distribution)
{
    static struct expectation cases[] = {
        {"glorot_uniform", 0, 2.0 / 500, -sqrt(6.0 / 500), sqrt(6.0 / 500)},
        {"glorot_normal", 0, 2.0 / 500, -0.1438, 0.1438},
        {"he_uniform", 0, 2.0 / 200, -sqrt(6.0 / 200), sqrt(6.0 / 200)},
        {"he_normal", 0, 2.0 / 200, -0.22737, 0.22737},
        {"lecun_uniform", 0, 1.0 / 200, -sqrt(3.0 / 200), sqrt(3.0 / 200)},
        {"lecun_normal", 0, 1.0 / 200, -0.160775, 0.160775},
        {"{variance_scaling: {scale: 3, mode: fan_out, distribution: uniform}}", 0, 3.0 / 300,
         -sqrt(9.0 / 300), sqrt(9.0 / 300)},
        {"{variance_scaling: {mode: fan_avg, distribution: untruncated_normal}}", 0, 1.0 / 250, 0,
         0},
        {"variance_scaling", 0, 1.0 / 200, -0.160775, 0.160775},
        {"random_normal", 0, 0.05 * 0.05, 0, 0},
        {"{random_normal: {mean: 2, stddev: 1}}", 2, 1, 0, 0},
        {"{truncated_normal: {mean: 1, stddev: 0.5}}", 1, TRUNCATED * 0.25, 0, 2},
        {"{random_uniform: {minval: 1, maxval: 3}}", 2, 4.0 / 12, 1, 3},
        {"zeros", 0, 0, -1e-30, 1e-30},
        {"ones", 1, 0, 0.9999999, 1.0000001},
        {"{constant: {value: -0.25}}", -0.25, 0, -0.2500001, -0.2499999},
    };
    return cr_make_param_array(struct expectation, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct expectation *expected, initializers, follow_their_distribution)
{
    rnl_model *model = create_model(expected->text, 3);
    const rnl_parameter *kernel = &model->layers[0].parameters[0];
    const size_t count = rnl_parameter_count(kernel);
    double sum = 0, squares = 0, least = 1e30, most = -1e30;
    for (size_t i = 0; i < count; ++i) {
        const double w = (double)kernel->arrays[RNL_VALUES][i];
        sum += w;
        squares += (w - expected->mean) * (w - expected->mean);
        least = fmin(least, w);
        most = fmax(most, w);
    }
    /* Five standard errors of the mean, and of the variance (kurtosis at most 3). */
    const double error = 5 / sqrt((double)count);
    cr_expect_float_eq(sum / (double)count, expected->mean,
                       error * sqrt(expected->variance) + 1e-12);
    cr_expect_float_eq(squares / (double)count, expected->variance,
                       error * sqrt(2) * expected->variance + 1e-15);
    if (expected->least != 0 || expected->most != 0) {
        cr_expect_geq(least, expected->least, "%s: %.9g", expected->text, least);
        cr_expect_leq(most, expected->most, "%s: %.9g", expected->text, most);
        const double width = expected->most - expected->least;
        if (expected->variance > 0) {
            cr_expect_lt(least, expected->least + 0.01 * width, "the limit is reached");
            cr_expect_gt(most, expected->most - 0.01 * width, "the limit is reached");
        }
    }
    for (size_t i = 0; i < FAN_OUT; ++i)
        cr_expect_eq(model->layers[0].parameters[1].arrays[RNL_VALUES][i], 0, "biases start at 0");
    rnl_model_free(model);
}

/* Kernels of (200, 300) and (300, 200): element for element different, and so is another seed. */
static rnl_model *create_with_biases(const char *initializer)
{
    rnl_data *data = fixture_data(3, 4, 3, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: 3000, kernel_initializer: random_normal,"
                       " bias_initializer: %s}\n"
                       "  - dense: {units: 3, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                       initializer),
        data);
    rnl_data_free(data);
    return model;
}

Test(initializers, of_biases)
{
    rnl_model *model = create_with_biases("{random_normal: {mean: 2, stddev: 1}}");
    const float *kernel = model->layers[0].parameters[0].arrays[RNL_VALUES];
    const float *bias = model->layers[0].parameters[1].arrays[RNL_VALUES];
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 3000; ++i) {
        sum += (double)bias[i] - 2;
        squares += ((double)bias[i] - 2) * ((double)bias[i] - 2);
        /* The same stream would give the same deviates. */
        cr_expect(fabs((double)bias[i] - 2 - (double)kernel[i] / 0.05) > 1e-6 || i > 2);
    }
    cr_expect_lt(fabs(sum / 3000), 5 / sqrt(3000));
    cr_expect_lt(fabs(squares / 3000 - 1), 5 * sqrt(2.0 / 3000));
    cr_expect_eq(model->layers[1].parameters[1].arrays[RNL_VALUES][0], 0);
    rnl_model_free(model);
    /* Keras takes the size for both fans of a vector. */
    model = create_with_biases("lecun_uniform");
    for (size_t i = 0; i < 3000; ++i)
        cr_expect_lt(fabsf(model->layers[0].parameters[1].arrays[RNL_VALUES][i]),
                     (float)sqrt(3.0 / 3000));
    rnl_model_free(model);
}

Test(initializers, of_kernels_alone)
{
    static const char *const names[] = {"auto", "fixup"};
    for (size_t i = 0; i < 2; ++i) {
        rnl_data *data = fixture_data(3, 4, 3, RNL_FLOAT32);
        rnl_config *config =
            fixture_config("model: [dense: {units: 3, activation: softmax, bias_initializer: %s}]\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                           names[i]);
        rnl_model *model = NULL;
        cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
        cr_expect(strstr(rnl_message(), "is of kernels alone"), "%s", rnl_message());
        rnl_config_free(config);
        rnl_data_free(data);
    }
}

Test(initializers, streams_never_meet)
{
    rnl_model *model = create_model("glorot_uniform", 3);
    rnl_model *other = create_model("glorot_uniform", 4);
    const float *first = model->layers[0].parameters[0].arrays[RNL_VALUES];
    const float *second = model->layers[1].parameters[0].arrays[RNL_VALUES];
    const float *other_seed = other->layers[0].parameters[0].arrays[RNL_VALUES];
    size_t equal = 0;
    for (size_t i = 0; i < FAN_IN * FAN_OUT; ++i)
        equal += (first[i] == second[i]) + (first[i] == other_seed[i]);
    cr_expect_leq(equal, 2);
    rnl_model_free(model);
    rnl_model_free(other);
}

/* A model of two dense layers, with others around them. */
static rnl_model *create_around(const char *before, const char *between, const char *training)
{
    rnl_data *data = fixture_data(60, 7, 3, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: [%s dense: {units: 9}, %s dense: {units: 3, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd%s}\n",
                       before, between, training),
        data);
    if (*training)
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
    return model;
}

static uint64_t hash_around(const char *before, const char *between, const char *training)
{
    rnl_model *model = create_around(before, between, training);
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* A repetition is as many layers as it stands for. */
Test(initializers, layers_without_parameters_change_no_weights)
{
    static const char *const added[] = {
        "flatten, ",
        "dropout: 0, ",
        "alpha_dropout: 0.5, ",
        "gaussian_noise: 0.1, ",
        "activation: relu, ",
        "rrelu, ",
        "activity_regularization: {l2: 0.1}, ",
        "repeat: {times: 3, layers: [activation: relu]}, ",
        "dropout: 1, flatten, ",
    };
    const uint64_t expected = hash_around("", "", "");
    for (size_t i = 0; i < sizeof added / sizeof *added; ++i) {
        cr_expect_eq(hash_around(added[i], "", ""), expected, "%s", added[i]);
        cr_expect_eq(hash_around("", added[i], ""), expected, "%s", added[i]);
    }
    const char *block = "residual: [dropout: 0.1, dense: {units: 9}], ";
    const char *same = "residual: [activation: relu, dense: {units: 9}], ";
    cr_expect_eq(hash_around("", block, ""), hash_around("", same, ""));
}

/* What does nothing changes no masks either, and two masks are never the same. */
Test(initializers, layers_that_draw_nothing_change_no_masks)
{
    static const char training[] = ", batch_size: 16, epochs: 2";
    const uint64_t expected = hash_around("", "dropout: 0.3, ", training);
    cr_expect_eq(hash_around("flatten, ", "dropout: 0.3, ", training), expected);
    cr_expect_eq(hash_around("dropout: 0, ", "dropout: 0.3, ", training), expected);
    cr_expect_eq(hash_around("gaussian_noise: 0, ", "dropout: 0, dropout: 0.3, ", training),
                 expected);
    cr_expect_neq(hash_around("", "dropout: 0.3, dropout: 0.3, ", training), expected);
}

typedef struct warnings {
    char text[1024];
} warnings;

static void keep_warning(rnl_log_level level, const char *text, void *user)
{
    warnings *w = user;
    if (level == RNL_LOG_WARNING)
        snprintf(w->text, sizeof w->text, "%s", text);
}

Test(initializers, dropout_of_everything_is_warned_of)
{
    static const char *const layers[] = {"dropout: 1, ", "alpha_dropout: 1.0, "};
    static const char *const names[] = {"dropout_1 has a rate of 1",
                                        "alpha_dropout_1 has a rate of 1"};
    rnl_data *data = fixture_data(60, 7, 3, RNL_FLOAT32);
    for (size_t i = 0; i < 2; ++i) {
        warnings w = {{0}};
        rnl_model *model = create_around("", layers[i], "");
        const rnl_options options = {.on_log = keep_warning, .user = &w};
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect(strstr(w.text, names[i]) != NULL, "%s", w.text);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}
