/*
 * What training says of inputs, presets and first weights that do not go together.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 83, FEATURES = 7 };

static void keep_warnings(rnl_log_level level, const char *text, void *user)
{
    char *kept = user;
    if (level == RNL_LOG_WARNING)
        snprintf(kept + strlen(kept), 1024 - strlen(kept), "%s\n", text);
}

/* Trains on bytes, which are far from 1. */
static void train(const char *head, const char *layers, char warnings[1024])
{
    rnl_data *data = fixture_data(ROWS, FEATURES, 5, RNL_UINT8);
    rnl_model *model = fixture_model(
        fixture_config("%smodel: [%s, dense: {units: 5, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, schedule: null,\n"
                       "           optimizer: {sgd: 1e-6}}\n",
                       head, layers),
        data);
    *warnings = '\0';
    const rnl_options options = {.on_log = keep_warnings, .threads = 1, .user = warnings};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(advice, batch_normalization_scales_the_inputs)
{
    static const struct {
        const char *layers;
        bool warned;
    } cases[] = {
        {"batch_normalization, dense: 4", false},
        {"flatten, batch_normalization, dense: 4", false},
        {"dropout: 0.1, batch_normalization, dense: 4", false},
        {"batch_normalization: {trainable: false}, dense: 4", true},
        {"dense: 4, batch_normalization", true},
        {"dense: 4", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char warnings[1024];
        train("", cases[i].layers, warnings);
        cr_expect_eq(strstr(warnings, "nothing scales the inputs") != NULL, cases[i].warned, "%s",
                     cases[i].layers);
    }
}

/* Rows that a program made without the configuration are those that it gave. */
Test(advice, rows_that_the_configuration_did_not_shape)
{
    static const char *const keys[] = {"validation_split", "folds", "limit", "limit_per_class"};
    static const char *const heads[] = {
        "data: {scaling: standardize, validation_split: 0.2}\n",
        "data: {scaling: standardize, folds: 3}\n",
        "data: {scaling: standardize, limit: 20}\n",
        "data: {scaling: standardize, limit_per_class: 2}\n",
    };
    char warnings[1024], expected[64];
    for (size_t i = 0; i < sizeof heads / sizeof *heads; ++i) {
        train(heads[i], "dense: 4", warnings);
        snprintf(expected, sizeof expected, "data.%s is not done: noise were made without",
                 keys[i]);
        cr_expect(strstr(warnings, expected), "%s: %s", heads[i], warnings);
    }
    train("data: {scaling: standardize}\n", "dense: 4", warnings);
    cr_expect_str_eq(warnings, "");
}

/* Trains on 120 rows that are made by the configuration. */
static void train_made(const char *shaped, const char *keys, char warnings[1024])
{
    rnl_config *config =
        fixture_config("data: {train: {spirals: {rows: 120, classes: 2}}, %s}\n"
                       "model: [batch_normalization, dense: {units: 2, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, %s}\n",
                       shaped, keys);
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    const rnl_options options = {.on_log = keep_warnings, .threads = 1, .user = warnings};
    *warnings = '\0';
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK);
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK);
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
}

/* The default is no mistake, nor is the size of a file of which some rows are for validation. */
Test(advice, batch_size_beyond_the_rows)
{
    static const struct {
        const char *shaped, *keys;
        bool warned;
    } cases[] = {
        {"limit: 0", "batch_size: 121", true},
        {"limit: 0", "batch_size: 120", false},
        {"limit: 0", "batch_size: 120, shards: 16", false},
        {"validation_split: 0.5", "batch_size: 120", false},
        {"validation_split: 0.5", "batch_size: 121", true},
        {"limit: 20", "batch_size: 80", true},
        {"limit: 20", "batch_size: 32", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char warnings[1024];
        train_made(cases[i].shaped, cases[i].keys, warnings);
        const char *told = strstr(warnings, "a mini-batch has all");
        cr_expect_eq(told != NULL, cases[i].warned, "%zu: %s", i, warnings);
        cr_expect(!told || !strstr(told + 1, "a mini-batch has all"));
    }
}

Test(advice, preset_that_its_layers_contradict)
{
    static const struct {
        const char *head, *layers;
        bool warned;
    } cases[] = {
        {"preset: self_normalizing\n", "dense: {units: 4, activation: elu}", true},
        {"preset: self_normalizing\n", "dense: 4, activation: relu", true},
        {"preset: self_normalizing\n", "dense: 4", false},
        {"preset: self_normalizing\n", "flatten", false},
        {"preset: default_dnn\n", "dense: {units: 4, activation: elu}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char warnings[1024];
        train(cases[i].head, cases[i].layers, warnings);
        cr_expect_eq(strstr(warnings,
                            "preset self_normalizing: the net does not normalize itself, "
                            "as no hidden layer has activation selu: dense_1 has ") != NULL,
                     cases[i].warned, "%s: %s", cases[i].layers, warnings);
    }
}

/* Variance 2 / ((1 + a^2) fan_in), which keeps outputs of one size at any depth. */
Test(advice, auto_takes_the_slope_into_account)
{
    static const struct {
        const char *activation;
        double slope;
    } cases[] = {
        {"leaky_relu", 0.3},
        {"{leaky_relu: 0.8}", 0.8},
        {"{prelu: 0.25}", 0.25},
        {"{prelu: -0.5}", -0.5},
        {"{rrelu: {lower: 0.5, upper: 0.9}}", 0.7},
        {"prelu", 0},
        {"relu", 0},
    };
    rnl_data *data = fixture_data(ROWS, 300, 5, RNL_FLOAT32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rnl_model *model = fixture_model(
            fixture_config(
                "model: [dense: {units: 400, activation: %s, kernel_initializer: auto},\n"
                "        dense: {units: 5, activation: softmax}]\n"
                "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                cases[i].activation),
            data);
        const float *w = model->layers[0].parameters[0].arrays[RNL_VALUES];
        double squares = 0;
        for (size_t k = 0; k < 300 * 400; ++k)
            squares += (double)w[k] * (double)w[k] / 400;
        cr_expect_float_eq(squares * (1 + cases[i].slope * cases[i].slope), 2, 0.03, "%s: %g",
                           cases[i].activation, squares);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* ---- overflow -------------------------------------------------------------------------------- */

static void expect_overflow(const char *model, const char *training, const char *message)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, 5, RNL_FLOAT32);
    rnl_model *trained = fixture_model(
        fixture_config("model: [%s, dense: {units: 5, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, epochs: 3, %s}\n",
                       model, training),
        data);
    cr_assert_eq(rnl_train(trained, data, NULL), RNL_NOT_FINITE, "%s: %s", model, rnl_message());
    cr_expect(strstr(rnl_message(), message) != NULL, "%s: %s", model, rnl_message());
    rnl_model_free(trained);
    rnl_data_free(data);
}

#define DEEP(times, initializer)                                                                   \
    "repeat: {times: " times ", layers: [dense: {units: 100, activation: relu, "                   \
    "kernel_initializer: " initializer "}]}"

Test(advice, overflow_at_once_is_due_to_the_first_weights)
{
    expect_overflow(DEEP("60", "{random_normal: 1}"), "optimizer: sgd",
                    "from random_normal, make of inputs of size 1 outputs of size 1");
    expect_overflow(DEEP("30", "{random_normal: 1}"), "optimizer: sgd",
                    "from random_normal, make of inputs of size 1 outputs of size 1");
    expect_overflow(DEEP("30", "{random_normal: 1}"), "optimizer: adam",
                    "from random_normal, make of inputs of size 1 outputs of size 1");
    expect_overflow(DEEP("2", "he_normal"), "optimizer: {sgd: 1e6}",
                    "a lower learning_rate may help");
}
