/*
 * Metrics against those of the rows of the oracle.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef double row_metric(const double *z, const double *t);

static double softmax_of(const double *z, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += exp(z[k] - z[j]);
    return 1 / sum;
}

static size_t largest_of(const double *z)
{
    size_t best = 0;
    for (size_t k = 1; k < CLASSES; ++k)
        best = z[k] > z[best] ? k : best;
    return best;
}

static double row_accuracy(const double *z, const double *t)
{
    return largest_of(z) == largest_of(t);
}

static double row_top_2(const double *z, const double *t)
{
    size_t before = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        before += z[k] > z[largest_of(t)];
    return before < 2;
}

static double row_softmax_mae(const double *z, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += fabs(softmax_of(z, k) - t[k]) / CLASSES;
    return sum;
}

static double row_mae(const double *z, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += fabs(z[k] - t[k]) / CLASSES;
    return sum;
}

static double row_mse(const double *z, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += (z[k] - t[k]) * (z[k] - t[k]) / CLASSES;
    return sum;
}

static double row_binary_accuracy(const double *z, const double *t)
{
    double right = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        right += (z[k] > 0) == t[k];
    return right / CLASSES;
}

/* The metrics, named in YAML, of an untrained model are the means of those of its rows. */
static void check_metrics(const char *last, const char *loss, bool values, const char *names,
                          size_t count, row_metric *const *metrics)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    if (values)
        dense_net_give_values(data);
    for (size_t i = 0; values && strcmp(last, "sigmoid") == 0 && i < ROWS * CLASSES; ++i)
        data->train.values[i] = data->train.values[i] > 0.4f;
    char text[256];
    snprintf(text, sizeof text, "%s\n  metrics: %s", loss, names);
    rnl_model *model = dense_net(data, "tanh", last, text, "sgd", 16, 1);
    oracle net = dense_net_oracle(model, ORACLE_TANH, 0);
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    dense_net_widen(x, targets, data);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(evaluation->figure_count, 1 + count);
    for (size_t m = 0; m < count; ++m) {
        double sum = 0;
        for (size_t r = 0; r < ROWS; ++r) {
            double z[CLASSES];
            oracle_forward(&net, x + r * FEATURES, z);
            sum += metrics[m](z, targets + r * CLASSES);
        }
        cr_expect_float_eq(evaluation->figures[1 + m].value, sum / ROWS, 1e-6, "%s is %g, not %g",
                           evaluation->figures[1 + m].name, evaluation->figures[1 + m].value,
                           sum / ROWS);
    }
    rnl_evaluation_free(evaluation);
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(metric_values, of_classes)
{
    check_metrics("softmax", "sparse_categorical_crossentropy", false,
                  "[accuracy, top_k_categorical_accuracy: {k: 2}]", 2,
                  (row_metric *const[]){row_accuracy, row_top_2});
    check_metrics("softmax", "categorical_crossentropy", true,
                  "[mae, accuracy, top_k_categorical_accuracy: {k: 2}]", 3,
                  (row_metric *const[]){row_softmax_mae, row_accuracy, row_top_2});
}

Test(metric_values, of_values)
{
    check_metrics("linear", "mean_squared_error", true, "[mae, mse]", 2,
                  (row_metric *const[]){row_mae, row_mse});
    check_metrics("sigmoid", "binary_crossentropy", true, "[binary_accuracy, accuracy]", 2,
                  (row_metric *const[]){row_binary_accuracy, row_binary_accuracy});
}

/* As in Keras, a probability of one half is no 1. */
Test(metric_values, of_a_probability_of_one_half)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    dense_net_give_values(data);
    for (size_t i = 0; i < ROWS * CLASSES; ++i)
        data->train.values[i] = i % 4 == 0;
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: %d, kernel_initializer: zeros, activation: "
                       "sigmoid}]\ntraining: {loss: binary_crossentropy, optimizer: sgd,\n"
                       "           metrics: [accuracy, binary_accuracy]}\n",
                       CLASSES),
        data);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
    cr_expect_eq(evaluation->figures[1].value, 0.75);
    cr_expect_eq(evaluation->figures[2].value, 0.75);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Targets of 0, and outputs that are 0 or are not: 1 and 0, as scikit-learn's r2_score. */
Test(metric_values, r2_of_targets_that_do_not_vary)
{
    for (int right = 0; right < 2; ++right) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        dense_net_give_values(data);
        memset(data->train.values, 0, ROWS * CLASSES * sizeof(float));
        rnl_model *model = fixture_model(
            fixture_config("model: [dense: {units: %d, kernel_initializer: %s}]\n"
                           "training: {loss: huber, metrics: [r2_score], optimizer: sgd}\n",
                           CLASSES, right ? "zeros" : "ones"),
            data);
        rnl_evaluation *evaluation = NULL;
        cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
        cr_expect_eq(evaluation->figures[1].value, right ? 1 : 0);
        rnl_evaluation_free(evaluation);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(metric_values, that_say_nothing_are_refused)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    dense_net_give_values(data);
    rnl_model *model = NULL;
    rnl_config *config = fixture_config("model: [dense: {units: %d}]\n"
                                        "training: {loss: mean_squared_error, optimizer: sgd,\n"
                                        "  metrics: [accuracy]}\n",
                                        CLASSES);
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), "test.yaml:3:13: metric accuracy needs classes, which loss "
                                    "mean_squared_error does not have");
    rnl_config_free(config);
    rnl_data_free(data);
}
