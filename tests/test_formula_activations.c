/*
 * Activations that a formula says, and those of the program: gradients of a whole step against
 * finite differences of the loss, equal bits on any number of workers, resumed, predicted, and
 * refused.
 */
#include "engine/schema/config.h"
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { ROWS = 70, FEATURES = 6, CLASSES = 4, UNITS = 11 };

static rnl_config *config_with(const char *activation, const char *training)
{
    return fixture_config("model:\n"
                          "  - dense: {units: %d, activation: %s}\n"
                          "  - dense: %d\n"
                          "  - activation: %s\n"
                          "  - dense: {units: %d, activation: softmax}\n"
                          "training: {loss: sparse_categorical_crossentropy, batch_size: %d, %s}\n",
                          UNITS, activation, UNITS, activation, CLASSES, ROWS, training);
}

static rnl_model *model_with(const char *activation, const char *training, const rnl_data *data)
{
    return fixture_model(config_with(activation, training), data);
}

/* One step of plain descent at a rate of 1 moves a weight by its gradient. */
static void check_gradients(const char *activation, const rnl_data *data)
{
    rnl_model *model =
        model_with(activation, "optimizer: {sgd: {learning_rate: 1}}, seed: 4", data);
    rnl_model *probe =
        model_with(activation, "optimizer: {sgd: {learning_rate: 1}}, seed: 4", data);
    float before[FEATURES * UNITS], after[FEATURES * UNITS];
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.kernel", before, COUNT(before)), RNL_OK);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.kernel", after, COUNT(after)), RNL_OK);
    for (size_t i = 0; i < COUNT(before); i += 5) {
        const float h = 0x1p-7f, weight = before[i];
        double loss[2];
        for (int side = 0; side < 2; ++side) {
            before[i] = side ? weight + h : weight - h;
            rnl_model_set_parameter(probe, "dense_1.kernel", before, COUNT(before));
            loss[side] = fixture_loss(probe, data);
        }
        before[i] = weight;
        const double expected = (loss[1] - loss[0]) / (2 * (double)h),
                     found = (double)(weight - after[i]);
        cr_expect_float_eq(found, expected, 2e-4 + 3e-3 * fabs(expected), "%s, %zu: %g, not %g",
                           activation, i, found, expected);
    }
    rnl_model_free(model);
    rnl_model_free(probe);
}

static void softly(const float *z, float *y, size_t count, void *user)
{
    const float *bend = user;
    for (size_t i = 0; i < count; ++i)
        y[i] = z[i] / (1 + *bend * z[i] * z[i]);
}

static void softly_slope(const float *z, float *y, size_t count, void *user)
{
    const float *bend = user;
    for (size_t i = 0; i < count; ++i) {
        const float below = 1 + *bend * z[i] * z[i];
        y[i] = (1 - *bend * z[i] * z[i]) / (below * below);
    }
}

static void register_softly(void)
{
    static float bend = 0.5f;
    cr_assert_eq(rnl_activation_register("softly", softly, softly_slope, &bend), RNL_OK);
}

static const char *const activations[] = {
    "'z*tanh(log(1 + exp(z)))'",      "'sin(z) + 0.5*cos(2*z)'", "'z*z*z/(1 + abs(z)^2.5) + z^3/9'",
    "{formula: '(1 + z^2)^0.5 - 1'}", "'z*sigmoid(z)'",          "{callback: softly}",
};

Test(formula_activations, gradients)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    register_softly();
    for (size_t i = 0; i < COUNT(activations); ++i)
        check_gradients(activations[i], data);
    rnl_data_free(data);
}

static uint64_t trained_with(const char *activation, size_t threads, const rnl_data *data)
{
    rnl_model *model = model_with(activation, "optimizer: adam, epochs: 3", data);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                 rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* On each instruction set of this machine too. */
Test(formula_activations, same_bits)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    register_softly();
    for (size_t i = 0; i < COUNT(activations); ++i) {
        const uint64_t hash = trained_with(activations[i], 1, data);
        cr_expect_eq(trained_with(activations[i], 3, data), hash, "%s", activations[i]);
        setenv("RUNNEL_ISA", "scalar", 1);
        cr_expect_eq(trained_with(activations[i], 2, data), hash, "%s, scalar", activations[i]);
        setenv("RUNNEL_ISA", "avx2", 1);
        cr_expect_eq(trained_with(activations[i], 2, data), hash, "%s, avx2", activations[i]);
        unsetenv("RUNNEL_ISA");
    }
    rnl_data_free(data);
}

static int stop(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->step == 2;
}

/* A checkpoint holds the formula; a predictor computes what rnl_predict does. */
Test(formula_activations, resumed_and_predicted)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    register_softly();
    for (size_t i = 0; i < COUNT(activations); ++i) {
        char path[] = "/tmp/runnel_formula_XXXXXX";
        cr_assert_geq(mkstemp(path), 0);
        rnl_config *config = config_with(activations[i], "optimizer: adam, epochs: 3");
        rnl_model *parts = NULL, *resumed = NULL;
        cr_assert_eq(rnl_model_create(&parts, config, data), RNL_OK);
        cr_assert_eq(
            rnl_train(parts, data, &(const rnl_options){.checkpoint = path, .on_step = stop}),
            RNL_STOPPED);
        cr_assert_eq(rnl_model_resume(&resumed, path, config), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_train(resumed, data, NULL), RNL_OK);
        cr_expect_eq(fixture_hash(resumed), trained_with(activations[i], 1, data));
        rnl_prediction *prediction = NULL;
        cr_assert_eq(rnl_predict(resumed, data, RNL_TRAIN, NULL, &prediction), RNL_OK);
        rnl_predictor *predictor = NULL;
        cr_assert_eq(rnl_predictor_create(&predictor, resumed, 1), RNL_OK, "%s", rnl_message());
        static float values[ROWS * CLASSES];
        static _Alignas(64) char scratch[1 << 20];
        cr_assert_leq(rnl_predictor_scratch(predictor, ROWS), sizeof scratch);
        const rnl_request request = {.rows = ROWS,
                                     .features = FEATURES,
                                     .floats = data->train.inputs,
                                     .values = values,
                                     .scratch = scratch,
                                     .scratch_bytes = sizeof scratch};
        cr_assert_eq(rnl_predictor_run(predictor, &request), RNL_OK, "%s", rnl_message());
        cr_expect_arr_eq(values, prediction->values, sizeof values, "%s", activations[i]);
        rnl_predictor_free(predictor);
        rnl_prediction_free(prediction);
        rnl_model_free(parts);
        rnl_model_free(resumed);
        rnl_config_free(config);
        unlink(path);
    }
    rnl_data_free(data);
}

/* What overflows far out stops training with its layer and its step. */
Test(formula_activations, that_are_no_numbers_stop_training)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = model_with("'sqrt(z + 40)'",
                                  "optimizer: {sgd: {learning_rate: 9}}, "
                                  "epochs: 50",
                                  data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_NOT_FINITE, "%s", rnl_message());
    cr_expect(strstr(rnl_message(), "step ") && strstr(rnl_message(), " layer "), "%s",
              rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(formula_activations, that_are_refused)
{
    static const char *const mistakes[][2] = {
        {"'log(z)'", "c.yaml:2:36: formula: it is -inf at z = 0: log(z) is -inf, at character 1 of "
                     "\"log(z)\""},
        {"'z + exp(10*z)'", "formula: its slope is inf at z = 8.75: the slope of exp(10*z) is "
                            "1.00177e+39, at character 5 of"},
        {"'sqrt(z)'", "formula: its slope is inf at z = 0: the slope of sqrt(z) is inf, at "
                      "character 1"},
        {"'1 + sqrt(z*z)'", "formula: its slope is nan at z = 0: the slope of sqrt(z*z) is nan, at "
                            "character 5"},
        {"'z^0.3'", "formula: its slope is inf at z = 0"},
        {"0.5", "c.yaml:2:36: formula: expected one of z, got \"0.5\", which gives every row the "
                "same"},
        {"'max(0, 2)'", "formula: expected one of z"},
        {"'max(0.1*x, z)'", "formula: unknown name 'x'"},
        {"{callback: softlyy}", "name: expected the name of a function that the program registered "
                                "(rnl_activation_register), got 'softlyy'"},
        {"eluu", "did you mean 'elu'?"},
    };
    for (size_t i = 0; i < COUNT(mistakes); ++i) {
        char text[512];
        snprintf(text, sizeof text,
                 "model:\n"
                 "  - dense: {units: 11, activation: %s}\n"
                 "training: {loss: mean_squared_error, optimizer: sgd}\n",
                 mistakes[i][0]);
        config_text_expect_refused(text, NULL, mistakes[i][1]);
    }
    register_softly();
    cr_expect_eq(rnl_activation_register("softly", softly_slope, softly_slope, NULL),
                 RNL_BAD_CONFIG);
    cr_expect_eq(rnl_activation_register("", softly, softly, NULL), RNL_BAD_CONFIG);
}
