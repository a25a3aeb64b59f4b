/*
 * Metrics where there is little to measure: outputs that are NaN, and targets that do not vary.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 80 };

static double figure(const rnl_evaluation *evaluation, const char *name)
{
    for (size_t i = 0; i < evaluation->figure_count; ++i)
        if (strcmp(evaluation->figures[i].name, name) == 0)
            return evaluation->figures[i].value;
    return -1e9;
}

/* A single dense layer whose kernel and bias are set. */
static rnl_model *create(const rnl_data *data, const char *text, const float *kernel,
                         const float *bias)
{
    rnl_model *model = fixture_model(fixture_config("%s", text), data);
    rnl_parameter *parameters = model->layers[0].parameters;
    memcpy(parameters[0].arrays[RNL_VALUES], kernel,
           rnl_parameter_count(&parameters[0]) * sizeof *kernel);
    memcpy(parameters[1].arrays[RNL_VALUES], bias,
           rnl_parameter_count(&parameters[1]) * sizeof *bias);
    return model;
}

static rnl_evaluation *evaluate(const rnl_model *model, const rnl_data *data)
{
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    return evaluation;
}

/* Inputs that are finite, of which two rows overflow to infinity less infinity. */
static const float large[8] = {1, 0, 3e38f, 3e38f, 3e38f, 3e38f, 0, 1};
static const size_t two[] = {2};

Test(metrics, rows_of_nan_are_missed)
{
    static const int32_t classes[4] = {0, 0, 1, 1};
    static const float kernel[6] = {10, 1, -5, -10, 2, -5}, bias[3] = {0};
    const rnl_rows rows = {.rows = 4, .rank = 1, .shape = two, .floats = large, .classes = classes};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    rnl_model *model = create(data,
                              "model: [dense: {units: 3, activation: softmax}]\n"
                              "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                              "  metrics: [accuracy, top_k_categorical_accuracy: {k: 5}]}\n",
                              kernel, bias);
    rnl_evaluation *evaluation = evaluate(model, data);
    cr_expect_eq(figure(evaluation, "accuracy"), 0.5, "%g", figure(evaluation, "accuracy"));
    cr_expect_eq(figure(evaluation, "top_k_categorical_accuracy"), 0.5);
    const uint64_t expected[9] = {1, 0, 0, 0, 1, 0, 0, 0, 0};
    cr_expect_arr_eq(evaluation->confusion, expected, sizeof expected);
    rnl_evaluation_free(evaluation);
    rnl_prediction *prediction = NULL;
    cr_expect_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_NOT_FINITE);
    cr_expect_null(prediction);
    cr_expect_not_null(strstr(rnl_message(), "training rows: row 1: output 0 of the model is NaN"),
                       "%s", rnl_message());
    cr_expect_eq(rnl_predict_monte_carlo(model, data, RNL_TRAIN, 3, NULL, &prediction),
                 RNL_NOT_FINITE);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Rows 1 and 2 are infinity less infinity, which is not on the side of 0. */
Test(metrics, outputs_of_nan_are_on_no_side)
{
    static const float values[8] = {0}, bias[2] = {-INFINITY, -INFINITY};
    static const float kernel[4] = {10, 10, -10, -10};
    for (size_t columns = 1; columns <= 2; ++columns) {
        const rnl_rows rows = {.rows = 4,
                               .rank = 1,
                               .shape = two,
                               .floats = large,
                               .values = values,
                               .value_columns = columns};
        const float narrow[2] = {10, -10};
        char text[256];
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
        snprintf(text, sizeof text,
                 "model: [dense: {units: %zu, activation: sigmoid}]\n"
                 "training: {loss: binary_crossentropy, optimizer: sgd,\n"
                 "  metrics: [accuracy, binary_accuracy]}\n",
                 columns);
        rnl_model *model = create(data, text, columns == 1 ? narrow : kernel, bias);
        rnl_evaluation *evaluation = evaluate(model, data);
        cr_expect_eq(figure(evaluation, "accuracy"), 0.5);
        cr_expect_eq(figure(evaluation, "binary_accuracy"), 0.5);
        rnl_evaluation_free(evaluation);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

/* Where a probability rounds to 0, its logarithm is known; rows' weights and smoothed labels do not
 * count. */
Test(metrics, log_loss_of_what_is_far_off)
{
    static const float x[4] = {-1000, 1000, 0, 0}, one[1] = {1}, none[2] = {0};
    static const float kernel[2] = {1, -1}, weights[4] = {5, 0, 1, 1};
    static const int32_t classes[4] = {1, 1, 0, 1};
    static const size_t shape[] = {1};
    const rnl_rows rows = {.rows = 4,
                           .rank = 1,
                           .shape = shape,
                           .floats = x,
                           .classes = classes,
                           .sample_weights = weights};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    rnl_model *model = create(data,
                              "model: [dense: {units: 1, activation: sigmoid}]\n"
                              "training: {loss: {bce: {label_smoothing: 0.2}}, optimizer: sgd,\n"
                              "  metrics: [log_loss]}\n",
                              one, none);
    rnl_evaluation *evaluation = evaluate(model, data);
    cr_expect_float_eq(figure(evaluation, "log_loss"), (1000 + 2 * log(2)) / 4, 1e-12);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    model = create(data,
                   "model: [dense: {units: 2, activation: softmax}]\n"
                   "training: {loss: {sparse_categorical_crossentropy: {label_smoothing: 0.2}},\n"
                   "  optimizer: sgd, metrics: [log_loss]}\n",
                   kernel, none);
    evaluation = evaluate(model, data);
    cr_expect_float_eq(figure(evaluation, "log_loss"), (2000 + 2 * log(2)) / 4, 1e-12);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* As in Keras, a target of 0 counts as 1e-7. */
Test(metrics, mape_of_a_target_of_0)
{
    static const float x[4] = {1, 2, 3, 4}, targets[4] = {0, 1, 4, -4}, one[1] = {1}, none[1] = {0};
    static const size_t shape[] = {1};
    const rnl_rows rows = {
        .rows = 4, .rank = 1, .shape = shape, .floats = x, .values = targets, .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    rnl_model *model = create(
        data,
        "model: [dense: {units: 1}]\ntraining: {loss: mse, optimizer: sgd, metrics: [mape]}\n", one,
        none);
    rnl_evaluation *evaluation = evaluate(model, data);
    cr_expect_float_eq(figure(evaluation, "mape"), 25 * (1e7 + 1 + 0.25 + 2), 1e-4);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* r2_score of these outputs x * slope + bias for targets, with a mini-batch of two rows. */
static double r2(size_t rows, size_t outputs, const float *x, const float *targets,
                 const float *slopes, const float *bias)
{
    static const size_t one[] = {1};
    char text[256];
    const rnl_rows all = {.rows = rows,
                          .rank = 1,
                          .shape = one,
                          .floats = x,
                          .values = targets,
                          .value_columns = outputs};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &all, NULL, NULL), RNL_OK);
    snprintf(text, sizeof text,
             "model: [dense: {units: %zu}]\n"
             "training: {loss: mean_squared_error, optimizer: sgd, batch_size: 2, metrics: "
             "[mae, r2_score]}\n",
             outputs);
    rnl_model *model = create(data, text, slopes, bias);
    rnl_evaluation *evaluation = evaluate(model, data);
    const double value = figure(evaluation, "r2_score");
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
    return value;
}

/* As scikit-learn's r2_score: 1 if perfect, else 0; the mean of 0.1 six times is not 0.1. */
Test(metrics, r2_of_constant_targets)
{
    static const float tenths[6] = {0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.1f}, zero[1] = {0};
    static const float x[6] = {1, 2, 3, 4, 5, 6}, late[6] = {0, 0, 0, 0, 0, 1};
    static const float right[1] = {0.1f}, wrong[1] = {0.11f}, slope[1] = {1};
    cr_expect_eq(r2(6, 1, x, tenths, zero, right), 1);
    cr_expect_eq(r2(6, 1, x, tenths, zero, wrong), 0);
    cr_expect_eq(r2(6, 1, x, tenths, slope, right), 0);
    cr_expect_eq(r2(6, 1, late, tenths, slope, right), 0, "missed in the last row alone");
    cr_expect_eq(r2(1, 1, x, tenths, zero, right), 1);
    cr_expect_eq(r2(1, 1, x, tenths, zero, wrong), 0);
}

/* The mean over the outputs, of which the second has r2 1 - 0.5 / 1.25 where it misses by 1 in the
 * two rows of four. */
Test(metrics, r2_of_a_constant_column_among_others)
{
    static const float x[4] = {1, 2, 3, 4}, slopes[3] = {0, 1, 0};
    static const float targets[12] = {0.1f, 1, 7, 0.1f, 2, 7, 0.1f, 2, 7, 0.1f, 3, 7};
    static const float right[3] = {0.1f, 0, 7}, one_wrong[3] = {0.2f, 0, 7}, both[3] = {0.2f, 0, 6};
    const double varying = 1 - (0 + 0 + 1 + 1) / 4.0 / 0.5;
    cr_expect_float_eq(r2(4, 3, x, targets, slopes, right), (1 + varying + 1) / 3, 1e-6);
    cr_expect_float_eq(r2(4, 3, x, targets, slopes, one_wrong), (0 + varying + 1) / 3, 1e-6);
    cr_expect_float_eq(r2(4, 3, x, targets, slopes, both), (0 + varying + 0) / 3, 1e-6);
}

Test(metrics, r2_of_many_constant_columns)
{
    static float targets[4 * MOST], slopes[MOST], bias[MOST], other[MOST];
    static const float x[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < 4 * MOST; ++i)
        targets[i] = 0.1f * (float)(i % MOST);
    for (size_t j = 0; j < MOST; ++j) {
        bias[j] = 0.1f * (float)j;
        other[j] = 0.1f * (float)j + 1;
    }
    cr_expect_float_eq(r2(4, MOST, x, targets, slopes, bias), 1, 1e-12);
    cr_expect_float_eq(r2(4, MOST, x, targets, slopes, other), 0, 1e-12);
}

/* A checkpoint in the middle of an epoch keeps what was missed in it; older ones lack the number.
 */
Test(metrics, what_was_missed_is_part_of_a_position)
{
    rnl_position position = {.step = 1, .rows = 2, .train_rows = 4, .sums = {2, 1, {0}, 5}}, again;
    char text[RNL_POSITION_TEXT];
    rnl_position_print(&position, text);
    cr_assert(rnl_position_parse(&again, text));
    cr_expect_eq(again.sums.missed, 5);
}
