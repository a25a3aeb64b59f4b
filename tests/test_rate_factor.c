/*
 * learning_rate_factor: a factor f at the learning rate eta is the learning rate f eta, for the
 * parameters of its layer alone.
 */
#include "engine/schema/config.h"
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 83, BATCH = 16, STEPS_PER_EPOCH = 6 };

static const struct {
    const char *name;
    double rate;
} optimizers[] = {
    {"sgd: {learning_rate: %.17g}", 0.05},
    {"momentum: {learning_rate: %.17g}", 0.05},
    {"nesterov: {learning_rate: %.17g}", 0.05},
    {"adam: {learning_rate: %.17g}", 0.01},
    {"adamw: {learning_rate: %.17g, weight_decay: 0.5}", 0.01},
    {"adamax: {learning_rate: %.17g}", 0.01},
    {"nadam: {learning_rate: %.17g}", 0.01},
    {"adagrad: {learning_rate: %.17g}", 0.02},
    {"rmsprop: {learning_rate: %.17g}", 0.005},
    {"rmsprop: {learning_rate: %.17g, momentum: 0.9, centered: true}", 0.005},
};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static rnl_data *create_data(void)
{
    return fixture_data(ROWS, 7, 5, RNL_FLOAT32);
}

/* Every kind of layer with parameters, and what acts on weights beside the optimizer.  defaults:
 * of all layers; first: of the first one. */
static rnl_model *create_model(const rnl_data *data, size_t optimizer, double rate,
                               const char *defaults, const char *first)
{
    char text[128];
    snprintf(text, sizeof text, optimizers[optimizer].name, rate);
    return fixture_model(
        fixture_config(
            "model:\n"
            "  defaults: {%s}\n"
            "  layers:\n"
            "    - dense: {units: 140, kernel_regularizer: {l1_proximal: 0.02}%s}\n"
            "    - prelu: {initial_slope: 0.1}\n"
            "    - scale\n"
            "    - batch_normalization\n"
            "    - dense: {units: 5, activation: softmax, kernel_regularizer: {l2: 0.01}}\n"
            "training: {loss: sparse_categorical_crossentropy, batch_size: %d, epochs: 3,\n"
            "  schedule: {exponential: {steps: 1, rate: 0.5}}, optimizer: {%s}}\n",
            defaults, first, BATCH, text),
        data);
}

static void train(rnl_model *model, const rnl_data *data, size_t threads)
{
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                 rnl_message());
}

static int stop(const rnl_progress *progress, void *user)
{
    return progress->step == *(const uint64_t *)user;
}

static void train_until(rnl_model *model, const rnl_data *data, uint64_t step)
{
    const rnl_options options = {.threads = 2, .on_step = stop, .user = &step};
    cr_assert_eq(rnl_train(model, data, &options), RNL_STOPPED, "%s", rnl_message());
}

static const float *values(const rnl_model *model, size_t layer, size_t parameter)
{
    return model->layers[layer].parameters[parameter].arrays[RNL_VALUES];
}

static double largest_difference(const rnl_model *a, const rnl_model *b)
{
    double largest = 0;
    for (size_t l = 0; l < a->layer_count; ++l)
        for (size_t p = 0; p < a->layers[l].parameter_count; ++p)
            for (size_t i = 0; i < rnl_parameter_count(&a->layers[l].parameters[p]); ++i)
                largest =
                    fmax(largest, fabs((double)values(a, l, p)[i] - (double)values(b, l, p)[i]));
    return largest;
}

ParameterizedTestParameters(rate_factor, is_a_learning_rate)
{
    static size_t numbers[OPTIMIZERS];
    for (size_t i = 0; i < OPTIMIZERS; ++i)
        numbers[i] = i;
    return cr_make_param_array(size_t, numbers, OPTIMIZERS);
}

/* Bit for bit where the factor is a power of two, else but for the rounding of the rate. */
ParameterizedTest(size_t *optimizer, rate_factor, is_a_learning_rate)
{
    const double rate = optimizers[*optimizer].rate;
    rnl_data *data = create_data();
    rnl_model *factored = create_model(data, *optimizer, rate, "learning_rate_factor: 0.25", "");
    rnl_model *slower = create_model(data, *optimizer, 0.25 * rate, "", "");
    rnl_model *plain = create_model(data, *optimizer, rate, "", "");
    rnl_model *third = create_model(data, *optimizer, rate, "learning_rate_factor: 0.3", "");
    rnl_model *third_slower = create_model(data, *optimizer, 0.3 * rate, "", "");
    train(factored, data, 2);
    train(slower, data, 1);
    train(plain, data, 1);
    train(third, data, 1);
    train(third_slower, data, 1);
    cr_expect_eq(fixture_hash(factored), fixture_hash(slower), "%s", optimizers[*optimizer].name);
    cr_expect_gt(largest_difference(plain, slower), 1e-3);
    cr_expect_lt(largest_difference(third, third_slower), 2e-5, "%s: %g",
                 optimizers[*optimizer].name, largest_difference(third, third_slower));
    rnl_model_free(factored);
    rnl_model_free(slower);
    rnl_model_free(plain);
    rnl_model_free(third);
    rnl_model_free(third_slower);
    rnl_data_free(data);
}

/* The first step, from the same gradients: that of the layer is that of a quarter of the rate, and
 * that of all others of the whole rate. */
Test(rate_factor, is_of_its_layer_alone)
{
    for (size_t o = 0; o < OPTIMIZERS; ++o) {
        const double rate = optimizers[o].rate;
        rnl_data *data = create_data();
        rnl_model *factored = create_model(data, o, rate, "", ", learning_rate_factor: 0.25");
        rnl_model *slower = create_model(data, o, 0.25 * rate, "", "");
        rnl_model *plain = create_model(data, o, rate, "", "");
        train_until(factored, data, 1);
        train_until(slower, data, 1);
        train_until(plain, data, 1);
        for (size_t l = 0; l < plain->layer_count; ++l)
            for (size_t p = 0; p < plain->layers[l].parameter_count; ++p) {
                const size_t bytes =
                    rnl_parameter_count(&plain->layers[l].parameters[p]) * sizeof(float);
                const rnl_model *same = l == 0 ? slower : plain;
                cr_expect_eq(memcmp(values(factored, l, p), values(same, l, p), bytes), 0,
                             "%s: %s.%s", optimizers[o].name, plain->layers[l].name,
                             plain->layers[l].parameters[p].name);
            }
        rnl_model_free(factored);
        rnl_model_free(slower);
        rnl_model_free(plain);
        rnl_data_free(data);
    }
}

static void expect_same_after_a_step(const rnl_data *data, size_t optimizer, const char *settings,
                                     double slower, size_t parameter)
{
    const double rate = optimizers[optimizer].rate;
    rnl_model *model = create_model(data, optimizer, rate, "", settings);
    rnl_model *other = create_model(data, optimizer, slower * rate, "", "");
    train_until(model, data, 1);
    train_until(other, data, 1);
    cr_expect_eq(
        memcmp(values(model, 0, parameter), values(other, 0, parameter),
               rnl_parameter_count(&model->layers[0].parameters[parameter]) * sizeof(float)),
        0, "%s: %zu", optimizers[optimizer].name, parameter);
    rnl_model_free(model);
    rnl_model_free(other);
}

Test(rate_factor, of_a_bias_is_its_own)
{
    rnl_data *data = create_data();
    for (size_t o = 0; o < OPTIMIZERS; ++o)
        for (size_t parameter = 0; parameter < 2; ++parameter) {
            expect_same_after_a_step(data, o, ", bias_learning_rate_factor: 0.5",
                                     parameter == 0 ? 1 : 0.5, parameter);
            expect_same_after_a_step(data, o,
                                     ", learning_rate_factor: 0.25, bias_learning_rate_factor: 2",
                                     parameter == 0 ? 0.25 : 2, parameter);
        }
    rnl_data_free(data);
}

/* Seven inputs. */
Test(rate_factor, goes_by_fan_in)
{
    rnl_data *data = create_data();
    char number[64];
    snprintf(number, sizeof number, ", learning_rate_factor: %.17g", 2 / sqrt(7));
    for (size_t o = 0; o < OPTIMIZERS; ++o) {
        const double rate = optimizers[o].rate;
        rnl_model *model =
            create_model(data, o, rate, "", ", learning_rate_factor: {over_sqrt_fan_in: 2}");
        rnl_model *told = create_model(data, o, rate, "", number);
        train(model, data, 2);
        train(told, data, 1);
        cr_expect_eq(fixture_hash(model), fixture_hash(told), "%s", optimizers[o].name);
        rnl_model_free(model);
        rnl_model_free(told);
    }
    rnl_data_free(data);
}

Test(rate_factor, of_0_leaves_a_layer_as_it_is)
{
    for (size_t o = 0; o < OPTIMIZERS; ++o) {
        rnl_data *data = create_data();
        rnl_model *model =
            create_model(data, o, optimizers[o].rate, "", ", learning_rate_factor: 0");
        rnl_model *fresh =
            create_model(data, o, optimizers[o].rate, "", ", learning_rate_factor: 0");
        train(model, data, 2);
        for (size_t p = 0; p < 2; ++p)
            cr_expect_eq(memcmp(values(model, 0, p), values(fresh, 0, p),
                                rnl_parameter_count(&model->layers[0].parameters[p]) * 4),
                         0, "%s", optimizers[o].name);
        cr_expect_neq(values(model, 3, 0)[0], values(fresh, 3, 0)[0]);
        rnl_model_free(model);
        rnl_model_free(fresh);
        rnl_data_free(data);
    }
}

Test(rate_factor, is_resumed)
{
    char path[] = "/tmp/runnel_factor_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    rnl_data *data = create_data();
    for (size_t o = 0; o < OPTIMIZERS; ++o) {
        const double rate = optimizers[o].rate;
        rnl_model *whole = create_model(data, o, rate, "", ", learning_rate_factor: 0.3");
        rnl_model *parts = create_model(data, o, rate, "", ", learning_rate_factor: 0.3");
        train(whole, data, 1);
        train_until(parts, data, o + 4);
        cr_assert_eq(rnl_model_save(parts, path), RNL_OK);
        rnl_model_free(parts);
        cr_assert_eq(rnl_model_load(&parts, path, NULL, 0), RNL_OK, "%s", rnl_message());
        train(parts, data, 3);
        cr_expect_eq(fixture_hash(parts), fixture_hash(whole), "%s", optimizers[o].name);
        rnl_model_free(whole);
        rnl_model_free(parts);
    }
    unlink(path);
    rnl_data_free(data);
}

Test(rate_factor, mistakes)
{
    static const struct {
        const char *layer, *message;
    } mistakes[] = {
        {"dense: {units: 1, learning_rate_factor: -1}",
         "c.yaml:1:49: learning_rate_factor: expected a number from 0 to 1000000, got '-1'"},
        {"dense: {units: 1, bias_learning_rate_factor: 0}",
         "bias_learning_rate_factor: expected a number above 0 and at most 1000000, or same, got "
         "'0'"},
        {"dense: {units: 1, learning_rate_factor: {over_fan_in: 1}}",
         "unknown rule for the factor of the learning rate 'over_fan_in'; expected one of number, "
         "over_sqrt_fan_in"},
        {"dense: {units: 1, learning_rate_facto: 1}", "did you mean 'learning_rate_factor'?"},
        {"batch_normalization: {learning_rate_factor: fast}",
         "learning_rate_factor: expected a number from 0 to 1000000, got 'fast'"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        char text[256];
        snprintf(text, sizeof text,
                 "model: [%s]\ntraining: {loss: mean_squared_error, optimizer: sgd}\n",
                 mistakes[i].layer);
        config_text_expect_refused(text, NULL, mistakes[i].message);
    }
}
