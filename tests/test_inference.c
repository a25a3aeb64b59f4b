/*
 * What is done with a trained model: folding batch normalization away, and Monte Carlo prediction.
 */
#include "engine/layers/dense/dense.h"
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 50, FEATURES = 6, CLASSES = 4 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *layers, *report;
    size_t left; /* layers of the folded model */
} folds[] = {
    {"[batch_normalization: {momentum: 0.5}, dense: {units: 20, activation: tanh},\n"
     "  dense: {units: 4, activation: softmax}]",
     "batch_normalization_1: folded forward into dense_1\n", 2},
    {"[dense: {units: 20, use_bias: false}, batch_normalization: {momentum: 0.5},\n"
     "  activation: elu, dense: {units: 4, activation: softmax}]",
     "batch_normalization_1: folded backward into dense_1\n", 3},
    {"[dense: {units: 20, activation: elu}, batch_normalization: {momentum: 0.5, center: false},\n"
     "  dropout: 0.3, dense: {units: 4, use_bias: false, activation: softmax}]",
     "dropout_1: left out: it acts in training alone\n"
     "batch_normalization_1: folded forward into dense_2\n",
     2},
    {"[dense: {units: 20}, batch_normalization: {momentum: 0.5, scale: false},\n"
     "  batch_normalization: {momentum: 0.2}, dense: {units: 4, activation: softmax}]",
     "batch_normalization_1: folded backward into dense_1\n"
     "batch_normalization_2: folded backward into dense_1\n",
     2},
    {"[dense: {units: 20, activation: tanh}, batch_normalization: {momentum: 0.5},\n"
     "  residual: [{dense: {units: 20}}, batch_normalization: {momentum: 0.5}],\n"
     "  batch_normalization: {momentum: 0.5}, dense: {units: 4, activation: softmax}]",
     "batch_normalization_1: kept: no dense layer stands behind it, and none without an "
     "activation before it\n"
     "batch_normalization_2: folded backward into dense_2\n"
     "batch_normalization_3: folded forward into dense_3\n",
     6},
};

static rnl_model *train(const char *layers, const rnl_data *data)
{
    rnl_model *model =
        fixture_model(fixture_config("model: %s\n"
                                     "training: {loss: sparse_categorical_crossentropy,\n"
                                     "           optimizer: {sgd: {learning_rate: 0.3}},\n"
                                     "           batch_size: 10, epochs: 3}\n",
                                     layers),
                      data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    return model;
}

static rnl_prediction *predict(const rnl_model *model, const rnl_data *data)
{
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    return prediction;
}

Test(fold, changes_no_output)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; i < COUNT(folds); ++i) {
        rnl_model *model = train(folds[i].layers, data), *folded = NULL;
        char *report = NULL;
        cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
        cr_expect_str_eq(report, folds[i].report);
        cr_expect_eq(folded->layer_count, folds[i].left, "%zu layers", folded->layer_count);
        rnl_prediction *before = predict(model, data), *after = predict(folded, data);
        for (size_t k = 0; k < ROWS * CLASSES; ++k)
            cr_expect_float_eq((double)before->values[k], (double)after->values[k], 1e-6);
        rnl_prediction_free(before);
        rnl_prediction_free(after);
        rnl_text_free(report);
        rnl_model_free(folded);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* Folded weights have other sizes; penalties on others stay. */
Test(fold, leaves_out_penalties_on_weights_that_change)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; i < 2; ++i) {
        static const char *const folded_into[] = {"", ", kernel_regularizer: l2,"
                                                      "  bias_regularizer: {l1: 0.1}"};
        char layers[400], *report = NULL;
        snprintf(layers, sizeof layers,
                 "[dense: {units: 20, activation: elu, kernel_regularizer: {l2: 0.1}},\n"
                 "  batch_normalization, dense: {units: 4, activation: softmax%s}]",
                 folded_into[i]);
        rnl_model *model = train(layers, data), *folded = NULL;
        cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
        cr_expect_eq(strstr(report, "dense_2: its penalty on weights is left out") != NULL, i == 1,
                     "%s", report);
        if (i == 0)
            cr_expect_float_eq(fixture_loss(folded, data), fixture_loss(model, data), 1e-5);
        else
            cr_expect_lt(fixture_loss(folded, data), fixture_loss(model, data) - 1e-4);
        cr_expect_not(rnl_dense_of(&folded->layers[1])->kernel_regularizer.kind);
        rnl_text_free(report);
        rnl_model_free(folded);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(fold, of_phases_that_name_a_layer_that_is_left_out)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: [batch_normalization: {name: first}, dropout: 0.1,\n"
                       "        dense: {units: 4, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                       "           phases: [{epochs: 1, trainable: [first]},\n"
                       "                    {epochs: 2, trainable: first..dropout_1},\n"
                       "                    {epochs: 1}]}\n"),
        data);
    rnl_model *folded = NULL;
    char *report = NULL;
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
    cr_expect_eq(folded->config->training.epochs, 4);
    cr_expect(strstr(report, "\ntraining.phases: left out of the configuration\n"), "%s", report);
    rnl_text_free(report);
    rnl_model_free(folded);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A folded model is a model like any other. */
Test(fold, is_saved_and_loaded)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train(folds[4].layers, data), *folded = NULL, *loaded = NULL;
    char *report = NULL, path[] = "/tmp/runnel_fold_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(folded, path), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_load(&loaded, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(loaded), fixture_hash(folded));
    remove(path);
    rnl_text_free(report);
    rnl_model_free(model);
    rnl_model_free(folded);
    rnl_model_free(loaded);
    rnl_data_free(data);
}

static rnl_model *linear_model(const rnl_data *data, unsigned batch_size)
{
    return fixture_model(fixture_config("model: [dropout: 0.25, dense: {units: %d}]\n"
                                        "training: {loss: mean_squared_error, optimizer: sgd,\n"
                                        "           batch_size: %u, seed: 3}\n",
                                        CLASSES, batch_size),
                         data);
}

static void give_values(rnl_data *data)
{
    free(data->train.labels);
    data->train.labels = NULL;
    data->train.value_columns = CLASSES;
    data->train.values = calloc(ROWS * CLASSES, sizeof(float));
}

/* sum w x k / (1 - p) has the plain prediction as its mean, and the variance
 * sum (w x)^2 p / (1 - p). */
Test(monte_carlo, mean_and_deviation_of_a_linear_model)
{
    enum { PASSES = 3000 };
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data);
    const float *x = data->train.inputs;
    rnl_model *model = linear_model(data, 16);
    const float *w = model->layers[1].parameters[0].arrays[RNL_VALUES];
    rnl_prediction *plain = predict(model, data), *drawn = NULL;
    cr_assert_eq(rnl_predict_monte_carlo(model, data, RNL_TRAIN, PASSES, NULL, &drawn), RNL_OK,
                 "%s", rnl_message());
    cr_expect_null(plain->deviations);
    for (size_t i = 0; i < ROWS; ++i)
        for (size_t j = 0; j < CLASSES; ++j) {
            double variance = 0;
            for (size_t k = 0; k < FEATURES; ++k)
                variance += pow((double)(x[i * FEATURES + k] * w[k * CLASSES + j]), 2) / 3;
            const size_t at = i * CLASSES + j;
            const double deviation = sqrt(variance);
            cr_expect_float_eq((double)drawn->values[at], (double)plain->values[at],
                               5 * deviation / sqrt(PASSES));
            cr_expect_float_eq((double)drawn->deviations[at], deviation, 0.1 * deviation);
        }
    rnl_prediction_free(plain);
    rnl_prediction_free(drawn);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* On any number of workers, and however the rows are cut into mini-batches. */
Test(monte_carlo, depends_on_the_row_and_the_pass_alone)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data);
    float expected[ROWS * CLASSES] = {0};
    for (size_t threads = 1; threads <= 3; ++threads) {
        rnl_model *model = linear_model(data, (unsigned)(8 * threads));
        const rnl_options options = {.threads = threads};
        rnl_prediction *drawn = NULL;
        cr_assert_eq(rnl_predict_monte_carlo(model, data, RNL_TRAIN, 5, &options, &drawn), RNL_OK,
                     "%s", rnl_message());
        for (size_t i = 0; i < ROWS * CLASSES; ++i)
            if (threads > 1)
                cr_expect_float_eq((double)drawn->deviations[i], (double)expected[i], 1e-6);
        memcpy(expected, drawn->deviations, sizeof expected);
        rnl_prediction_free(drawn);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(monte_carlo, needs_a_pass)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data);
    rnl_model *model = linear_model(data, 16);
    rnl_prediction *drawn = NULL;
    cr_expect_eq(rnl_predict_monte_carlo(model, data, RNL_TRAIN, 0, NULL, &drawn), RNL_BAD_CONFIG);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* As without drawing, a probability of one half is class 0. */
Test(monte_carlo, one_half_is_class_0)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, 2, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: 1, kernel_initializer: zeros, activation: "
                       "sigmoid}]\ntraining: {loss: binary_crossentropy, optimizer: sgd}\n"),
        data);
    rnl_prediction *plain = predict(model, data), *drawn = NULL;
    cr_assert_eq(rnl_predict_monte_carlo(model, data, RNL_TRAIN, 2, NULL, &drawn), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(drawn->values[0], 0.5f);
    cr_expect(plain->classes[0] == 0 && drawn->classes[0] == 0);
    rnl_prediction_free(plain);
    rnl_prediction_free(drawn);
    rnl_model_free(model);
    rnl_data_free(data);
}
