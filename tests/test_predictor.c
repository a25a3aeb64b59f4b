/*
 * The predictor: it gives the very numbers of rnl_predict.
 */
#include "engine/schema/config.h"
#include "tests/predictor_requests.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The predictor needs its model no longer. */
static void expect_numbers_of_predict(rnl_model *model, const rnl_data *data, const char *what)
{
    static const size_t at_a_time[] = {1, 7, 96, 97, ROWS};
    rnl_prediction *expected = predict(model, data);
    rnl_predictor *predictor = predictor_of(model, 0);
    rnl_model_free(model);
    for (size_t i = 0; i < COUNT(at_a_time); ++i) {
        answers got = answers_for(predictor, at_a_time[i]);
        answers all = answers_for(predictor, data->train.rows);
        all.scratch_bytes = got.scratch_bytes;
        ask(predictor, &data->train, at_a_time[i], &all);
        expect_same(&all, expected, what);
        answers_release(&got);
        answers_release(&all);
    }
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
}

/* ---- the numbers ----------------------------------------------------------------------------- */

Test(predictor, gives_the_numbers_of_predict_for_every_kind_of_layer)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; nets[i]; ++i)
        expect_numbers_of_predict(train_net(nets[i], "none", data), data, nets[i]);
    rnl_data_free(data);
}

static void widen(rnl_data *data)
{
    double *wide = malloc(ROWS * FEATURES * sizeof *wide);
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        wide[i] = (double)((float *)data->train.inputs)[i] / 3;
    free(data->train.inputs);
    data->train.inputs = wide;
    data->train.element = RNL_FLOAT64;
}

Test(predictor, scales_bytes_floats_and_doubles)
{
    static const char *const scalings[] = {"none", "standardize", "{robust: {smooth_clip: 3}}"};
    for (size_t e = 0; e < 3; ++e)
        for (size_t s = 0; s < COUNT(scalings); ++s) {
            rnl_data *data =
                fixture_data(ROWS, FEATURES, CLASSES, e == 0 ? RNL_UINT8 : RNL_FLOAT32);
            if (e == 2)
                widen(data);
            expect_numbers_of_predict(train_net(nets[0], scalings[s], data), data, scalings[s]);
            rnl_data_free(data);
        }
}

static void give_values(rnl_data *data, size_t columns, bool binary)
{
    data->train.value_columns = columns;
    data->train.values = malloc(ROWS * columns * sizeof(float));
    for (size_t i = 0; i < ROWS * columns; ++i)
        data->train.values[i] = binary ? (float)(i % 2) : 1000 + (float)(i * i % 91);
    free(data->train.labels);
    data->train.labels = NULL;
}

static void expect_outputs(size_t outputs, const char *activation, const char *loss,
                           const char *target_scaling)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data, strcmp(loss, "quantile") == 0 ? 1 : outputs, strcmp(loss, "bce") == 0);
    rnl_model *model = fixture_model(
        fixture_config("data: {target_scaling: %s}\n"
                       "model: [dense: {units: 20, activation: elu},\n"
                       "        dense: {units: %zu, activation: %s}]\n"
                       "training: {loss: %s, optimizer: adam, batch_size: 32, epochs: 2}\n",
                       target_scaling, outputs, activation, loss),
        data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    expect_numbers_of_predict(model, data, loss);
    rnl_data_free(data);
}

Test(predictor, predicts_values_and_two_classes)
{
    expect_outputs(3, "linear", "mse", "standardize");
    expect_outputs(1, "linear", "huber", "none");
    expect_outputs(2, "exponential", "poisson", "none");
    expect_outputs(2, "softplus", "poisson", "none");
    expect_outputs(3, "linear", "quantile", "standardize");
    expect_outputs(1, "sigmoid", "bce", "none");
    expect_outputs(4, "sigmoid", "bce", "none");
}

static const char *const examples[] = {"fashion_mnist",
                                       "fashion_mnist_bn",
                                       "fashion_mnist_default_dnn",
                                       "fashion_mnist_self_normalizing",
                                       "spirals",
                                       "houses"};

/* Early stopping asks for rows of validation. */
static void add_validation(rnl_data *data)
{
    rnl_data *other = fixture_data(ROWS, data->train.features, 3, data->train.element);
    data->validation = other->train;
    free(other);
}

/* The nets of the examples, on noise of their shape; without a schedule, whose range test would
 * take 500 steps. */
Test(predictor, gives_the_numbers_of_predict_for_the_examples)
{
    static const char *const overrides[] = {"training.epochs=1", "training.schedule=null"};
    for (size_t i = 0; i < COUNT(examples); ++i) {
        char path[512];
        rnl_config *config = NULL;
        const bool images = i < 4;
        snprintf(path, sizeof path, "%s/%s.yaml", RUNNEL_EXAMPLES, examples[i]);
        cr_assert_eq(rnl_config_load(&config, path, overrides, COUNT(overrides)), RNL_OK, "%s",
                     rnl_message());
        rnl_data *data =
            fixture_data(ROWS, images ? 784 : 6, images ? 10 : 3, images ? RNL_UINT8 : RNL_FLOAT32);
        if (images)
            add_validation(data);
        if (strcmp(examples[i], "houses") == 0)
            give_values(data, 1, false);
        rnl_model *model = fixture_model(config, data);
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        expect_numbers_of_predict(model, data, examples[i]);
        rnl_data_free(data);
    }
}

/* Normalization folded into weights is that of rnl_model_fold. */
Test(predictor, folds)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = train_net(nets[2], "standardize", data), *folded = NULL;
    char *report = NULL;
    cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
    rnl_prediction *expected = predict(folded, data);
    rnl_predictor *predictor = predictor_of(model, 1);
    answers got = answers_for(predictor, ROWS);
    ask(predictor, &data->train, ROWS, &got);
    expect_same(&got, expected, "folded");
    answers_release(&got);
    rnl_predictor_free(predictor);
    rnl_prediction_free(expected);
    rnl_text_free(report);
    rnl_model_free(folded);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void expect_refused(const rnl_predictor *predictor, rnl_request request, rnl_status status,
                           const char *words)
{
    cr_expect_eq(rnl_predictor_run(predictor, &request), status, "%s", words);
    cr_expect(strstr(rnl_message(), words), "expected '%s', got '%s'", words, rnl_message());
}

static void expect_misuse_refused(const rnl_predictor *predictor, rnl_request good)
{
    rnl_request r = good;
    static const uint8_t bytes[FEATURES];
    r.floats = NULL;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "one of floats, doubles and bytes, got none");
    r = good;
    r.bytes = bytes;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "one of floats, doubles and bytes, got several");
    r = good;
    r.rows = 0;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "expected at least one row");
    r = good;
    r.features = FEATURES - 1;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "expected rows of 37 numbers, got 36");
    r = good;
    r.values = NULL, r.classes = NULL, r.exact_values = NULL;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "values, exact_values or classes to write to");
    r = good;
    r.scratch_bytes = rnl_predictor_scratch(predictor, ROWS) - 1;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "bytes of scratch for 230 rows, got ");
    r.scratch = NULL;
    expect_refused(predictor, r, RNL_BAD_CONFIG, "bytes of scratch for 230 rows, got 0");
}

/* Inputs of the last row: not finite, then finite ones whose products overflow. */
static void expect_inputs_refused(const rnl_predictor *predictor, rnl_request request)
{
    float *last = (float *)(uintptr_t)request.floats + (ROWS - 1) * FEATURES;
    static const struct {
        float input;
        const char *words;
    } inputs[] = {{NAN, "request: row 229, column 3: expected a finite number, got NaN"},
                  {-INFINITY, "request: row 229, column 3: expected a finite number, got -inf"}};
    for (size_t i = 0; i < COUNT(inputs); ++i) {
        last[3] = inputs[i].input;
        expect_refused(predictor, request, RNL_BAD_DATA, inputs[i].words);
    }
    for (size_t j = 0; j < FEATURES; ++j)
        last[j] = FLT_MAX;
    expect_refused(predictor, request, RNL_NOT_FINITE, "request: row 229: output 0 of the model");
}

Test(predictor, refuses_misuse)
{
    static const char *const scalings[] = {"none", "{standardize: {}}"};
    for (size_t s = 0; s < COUNT(scalings); ++s) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        rnl_model *model = train_net(nets[0], scalings[s], data);
        rnl_predictor *predictor = predictor_of(model, 0);
        answers got = answers_for(predictor, ROWS);
        const rnl_request good = request_of(&data->train, 0, ROWS, &got, CLASSES);
        expect_misuse_refused(predictor, good);
        for (size_t i = 0; i < ROWS * CLASSES; ++i)
            cr_expect_eq(got.values[i], 0, "nothing is written");
        expect_inputs_refused(predictor, good);
        answers_release(&got);
        rnl_predictor_free(predictor);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(predictor, refuses_classes_of_a_model_of_values)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data, 1, false);
    rnl_model *model = fixture_model(fixture_config("model: [dense: {units: 1}]\n"
                                                    "training: {loss: mse, optimizer: sgd}\n"),
                                     data);
    rnl_predictor *predictor = predictor_of(model, 0);
    answers got = answers_for(predictor, ROWS);
    int32_t classes[ROWS];
    got.classes = classes;
    expect_refused(predictor, request_of(&data->train, 0, ROWS, &got, 1), RNL_BAD_CONFIG,
                   "classes are asked of a model that predicts values");
    got.classes = NULL;
    answers_release(&got);
    rnl_predictor_free(predictor);
    rnl_model_free(model);
    rnl_data_free(data);
}
