/*
 * Norms of gradients and weights whose squares are beyond a float: clipping, constraints and
 * penalties do with them what they do with any others.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 4, FEATURES = 3 };

static rnl_model *create(const char *layer, const char *training, const float *inputs,
                         const float *targets, rnl_data **data)
{
    static const size_t shape[] = {FEATURES};
    const rnl_rows rows = {.rows = ROWS,
                           .rank = 1,
                           .shape = shape,
                           .floats = inputs,
                           .values = targets,
                           .value_columns = 2};
    cr_assert_eq(rnl_data_create(data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return fixture_model(
        fixture_config("model: [dense: {units: 2, %s}]\n"
                       "training: {loss: mean_squared_error, batch_size: 4, epochs: 1,\n"
                       "           optimizer: {sgd: {learning_rate: 0.1}}%s}\n",
                       layer, training),
        *data);
}

static double norm(const float *x, size_t begin, size_t end, size_t stride)
{
    double squares = 0;
    for (size_t i = begin; i < end; i += stride)
        squares += (double)x[i] * (double)x[i];
    return sqrt(squares);
}

static const float *kernel_of(const rnl_model *model)
{
    return model->layers[0].parameters[0].arrays[RNL_VALUES];
}

/* Larger than any initializer makes them. */
static void fill_kernel(rnl_model *model, float value)
{
    for (size_t i = 0; i < 2 * FEATURES; ++i)
        model->layers[0].parameters[0].arrays[RNL_VALUES][i] = value;
}

static const float *bias_of(const rnl_model *model)
{
    return model->layers[0].parameters[1].arrays[RNL_VALUES];
}

static const char zeros[] = "kernel_initializer: zeros";

/* One step of weights of 0: their gradients, about the square of `scale`, are clipped. */
static rnl_model *step_clipped(const char *clipping, float scale)
{
    float inputs[ROWS * FEATURES], targets[ROWS * 2];
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        inputs[i] = scale * (float)(i + 1);
    for (size_t i = 0; i < ROWS * 2; ++i)
        targets[i] = scale * (float)(i % 3 + 1);
    char training[80];
    snprintf(training, sizeof training, ", clipping: {%s}", clipping);
    rnl_data *data = NULL;
    rnl_model *model = create(zeros, training, inputs, targets, &data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s: %s", clipping, rnl_message());
    rnl_data_free(data);
    return model;
}

static void expect_norm(double got, double expected, const char *what)
{
    cr_expect_float_eq(got, expected, 1e-6 * expected, "%s: %g, not %g", what, got, expected);
}

Test(norms, clipnorm_of_any_gradient)
{
    static const float scales[] = {1e4f, 1e10f, 1e13f, 1e18f};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; ++i) {
        rnl_model *model = step_clipped("clipnorm: 1.0", scales[i]);
        expect_norm(norm(kernel_of(model), 0, 2 * FEATURES, 1), 0.1, "kernel");
        expect_norm(norm(bias_of(model), 0, 2, 1), 0.1, "bias");
        rnl_model_free(model);
    }
}

/* The factor, a limit over a norm, is too small for a float. */
Test(norms, small_limits_of_large_gradients)
{
    rnl_model *model = step_clipped("clipnorm: 1e-9", 1e18f);
    expect_norm(norm(kernel_of(model), 0, 2 * FEATURES, 1), 1e-10, "kernel");
    expect_norm(norm(bias_of(model), 0, 2, 1), 1e-10, "bias");
    rnl_model_free(model);
}

Test(norms, global_clipnorm_of_any_gradient)
{
    static const float scales[] = {1e4f, 1e13f, 1e18f};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; ++i) {
        rnl_model *model = step_clipped("global_clipnorm: 1.0", scales[i]);
        expect_norm(
            hypot(norm(kernel_of(model), 0, 2 * FEATURES, 1), norm(bias_of(model), 0, 2, 1)), 0.1,
            "all");
        rnl_model_free(model);
    }
}

/* Gradients whose squares are flushed to 0, above a limit that is smaller still. */
Test(norms, clipnorm_of_small_gradients)
{
    rnl_model *model = step_clipped("clipnorm: 1e-25", 1e-11f);
    expect_norm(norm(kernel_of(model), 0, 2 * FEATURES, 1), 1e-26, "kernel");
    rnl_model_free(model);
}

/* A kernel of 200 units is cut into blocks of columns, whose norms are one. */
Test(norms, clipnorm_of_a_kernel_in_blocks)
{
    enum { UNITS = 200 };
    static float inputs[ROWS * FEATURES], targets[ROWS * UNITS];
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        inputs[i] = (float)(i + 1);
    for (size_t i = 0; i < ROWS * UNITS; ++i)
        targets[i] = 1000 * (float)(i % 3 + 1);
    const rnl_rows rows = {.rows = ROWS,
                           .rank = 1,
                           .shape = (const size_t[]){FEATURES},
                           .floats = inputs,
                           .values = targets,
                           .value_columns = UNITS};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: 200, kernel_initializer: zeros}]\n"
                       "training: {loss: mean_squared_error, batch_size: 4, epochs: 1,\n"
                       "           optimizer: {sgd: {learning_rate: 0.1}},\n"
                       "           clipping: {clipnorm: 1.0}}\n"),
        data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    expect_norm(norm(kernel_of(model), 0, UNITS * FEATURES, 1), 0.1, "kernel");
    expect_norm(norm(bias_of(model), 0, UNITS, 1), 0.1, "bias");
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Gradients within the limit are not touched. */
Test(norms, clipping_within_the_limit_changes_nothing)
{
    static const char *const clippings[] = {"clipnorm: 1e4", "global_clipnorm: 1e4",
                                            "clipvalue: 1e4"};
    rnl_model *far = step_clipped("clipnorm: 1e30", 1);
    cr_expect_lt(norm(kernel_of(far), 0, 2 * FEATURES, 1), 1e3);
    for (size_t i = 0; i < 3; ++i) {
        rnl_model *model = step_clipped(clippings[i], 1);
        cr_expect_arr_eq(kernel_of(model), kernel_of(far), 2 * FEATURES * sizeof(float), "%s",
                         clippings[i]);
        cr_expect_arr_eq(bias_of(model), bias_of(far), 2 * sizeof(float), "%s", clippings[i]);
        rnl_model_free(model);
    }
    rnl_model_free(far);
}

/* A step without gradients, after which the constraint holds. */
static rnl_model *step_constrained(float weight, const char *constraint)
{
    static const float inputs[ROWS * FEATURES], targets[ROWS * 2];
    char layer[160];
    snprintf(layer, sizeof layer, "kernel_constraint: %s", constraint);
    rnl_data *data = NULL;
    rnl_model *model = create(layer, "", inputs, targets, &data);
    fill_kernel(model, weight);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s: %s", layer, rnl_message());
    rnl_data_free(data);
    return model;
}

Test(norms, constraints_of_any_weights)
{
    static const float weights[] = {1e18f, 1e20f, 2e38f};
    static const struct {
        const char *constraint;
        double norm;
    } cases[] = {{"{max_norm: {max_value: 3}}", 3},
                 {"{max_norm: {max_value: 1e-3}}", 1e-3},
                 {"unit_norm", 1}};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; ++i)
        for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
            rnl_model *model = step_constrained(weights[i], cases[c].constraint);
            for (size_t unit = 0; unit < 2; ++unit)
                expect_norm(norm(kernel_of(model), unit, 2 * FEATURES, 2), cases[c].norm,
                            cases[c].constraint);
            rnl_model_free(model);
        }
}

Test(norms, constraints_along_the_other_axis)
{
    static const float weights[] = {5e19f, 3e38f};
    for (size_t i = 0; i < 2; ++i) {
        rnl_model *model = step_constrained(weights[i], "{max_norm: {max_value: 0.5, axis: 1}}");
        for (size_t input = 0; input < FEATURES; ++input)
            expect_norm(norm(kernel_of(model), 2 * input, 2 * input + 2, 1), 0.5, "input");
        rnl_model_free(model);
    }
}

/* The loss is the penalty: 6 weights of 1e20. */
Test(norms, penalties_of_large_weights)
{
    static const float inputs[ROWS * FEATURES], targets[ROWS * 2];
    static const struct {
        const char *penalty;
        double loss;
    } cases[] = {{"l2: 1e-15", 6e25}, {"l1: 1e-15", 6e5}};
    for (size_t c = 0; c < 2; ++c) {
        char layer[160];
        snprintf(layer, sizeof layer, "kernel_regularizer: {%s}", cases[c].penalty);
        rnl_data *data = NULL;
        rnl_model *model = create(layer, "", inputs, targets, &data);
        double loss = 0;
        const rnl_options options = {.on_epoch = fixture_keep_loss, .user = &loss};
        fill_kernel(model, 1e20f);
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect_float_eq(loss, cases[c].loss, 1e-6 * cases[c].loss, "%s: %g", cases[c].penalty,
                           loss);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

typedef struct seen {
    double gradient, update, weights;
} seen;

static int keep_norms(const rnl_inspection *inspection, void *user)
{
    if (inspection->epoch == 0)
        *(seen *)user =
            (seen){inspection->layers[0].gradient_norm, inspection->layers[0].update_norm,
                   inspection->layers[0].weight_norm};
    return 0;
}

Test(norms, inspected)
{
    float inputs[ROWS * FEATURES], targets[ROWS * 2] = {0};
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        inputs[i] = 1e-3f;
    rnl_data *data = NULL;
    rnl_model *model = create("activation: linear", ", inspect: true, clipping: {clipnorm: 1e19}",
                              inputs, targets, &data);
    seen s = {0};
    fill_kernel(model, 1e20f);
    const rnl_options options = {.on_inspect = keep_norms, .user = &s};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    expect_norm(s.weights, sqrt(6) * 1e20, "weights");
    cr_expect(isfinite(s.gradient) && s.gradient > 1e13, "%g", s.gradient);
    cr_expect(isfinite(s.update) && s.update > 1e12, "%g", s.update);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Batch normalization of inputs whose variance no float holds: a word in place of outputs of 0. */
Test(norms, of_a_variance_beyond_a_float_stop_the_run)
{
    static const float inputs[ROWS * FEATURES] = {3e19f,  1, 2, -3e19f, 2, 1,
                                                  -3e19f, 3, 1, 3e19f,  1, 3};
    static const float targets[ROWS * 2] = {0};
    static const size_t shape[] = {FEATURES};
    const rnl_rows rows = {.rows = ROWS,
                           .rank = 1,
                           .shape = shape,
                           .floats = inputs,
                           .values = targets,
                           .value_columns = 2};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    rnl_model *model = fixture_model(
        fixture_config("model: [batch_normalization, dense: {units: 2}]\n"
                       "training: {loss: mean_squared_error, batch_size: 4, epochs: 1,\n"
                       "           optimizer: sgd}\n"),
        data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_NOT_FINITE);
    cr_expect_not_null(strstr(rnl_message(), "batch_normalization_1"), "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}
