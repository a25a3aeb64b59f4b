/*
 * Initial values against the mean, variance and limits of their distributions.
 */
#include "engine/config/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

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
