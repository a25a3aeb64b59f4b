/*
 * l1_proximal is the penalty that l1 is, whatever the optimizer: both come to where the slope of
 * the loss and that of the penalty are equal.  (Where the rate falls, a velocity lags behind it by
 * a percent or so.)
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

enum { WEIGHTS = 5, STEPS = 3000, ROWS = WEIGHTS * STEPS };

#define L1 0.1

/* Each row has one input of 1, so that the loss is the mean of (w_j - target_j)^2: its slope
 * 2 (w_j - target_j) / 5 is -L1 at the target less 5 L1 / 2, where that has the target's sign. */
static const float targets[WEIGHTS] = {1, -0.75f, 0.2f, -0.1f, 0};

static double solution(size_t j)
{
    const double left = fabs((double)targets[j]) - 2.5 * L1;
    return left > 0 ? copysign(left, (double)targets[j]) : 0;
}

struct setting {
    char optimizer[80];
    double most; /* distance from the solution that l1 keeps, whose weights swing around 0 */
};

ParameterizedTestParameters(proximal, comes_to_where_l1_does)
{
    static struct setting settings[] = {
        {"sgd: {learning_rate: 0.05}", 1e-3},
        {"sgd: {learning_rate: 0.02, momentum: 0.5}", 1e-3},
        {"momentum: {learning_rate: 0.01}", 1e-3},
        {"nesterov: {learning_rate: 0.01}", 1e-3},
        {"adam: {learning_rate: 0.01}", 1e-2},
        {"adamw: {learning_rate: 0.01, weight_decay: 0}", 1e-2},
        {"adamax: {learning_rate: 0.01}", 1e-2},
        {"nadam: {learning_rate: 0.01}", 1e-2},
        {"adagrad: {learning_rate: 0.1}", 1e-2},
        {"rmsprop: {learning_rate: 0.01}", 1e-2},
        {"rmsprop: {learning_rate: 0.001, momentum: 0.5, centered: true}", 2e-2},
    };
    return cr_make_param_array(struct setting, settings, sizeof settings / sizeof *settings);
}

static rnl_data *create_data(void)
{
    static float inputs[ROWS * WEIGHTS], values[ROWS];
    for (size_t i = 0; i < ROWS; ++i) {
        inputs[i * WEIGHTS + i % WEIGHTS] = 1;
        values[i] = targets[i % WEIGHTS];
    }
    const rnl_rows rows = {.rows = ROWS,
                           .rank = 1,
                           .shape = (const size_t[]){WEIGHTS},
                           .floats = inputs,
                           .values = values,
                           .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return data;
}

static const float *train(rnl_model **model, const rnl_data *data, const char *regularizer,
                          const char *optimizer)
{
    *model = fixture_model(
        fixture_config(
            "model: [dense: {units: 1, use_bias: false, kernel_regularizer: {%s: %g}}]\n"
            "training: {loss: mean_squared_error, optimizer: {%s}, batch_size: %d,\n"
            "           shuffle: false, schedule: {exponential: {steps: 1500, per: step}}}\n",
            regularizer, L1, optimizer, WEIGHTS),
        data);
    cr_assert_eq(rnl_train(*model, data, &(const rnl_options){.threads = 1}), RNL_OK, "%s",
                 rnl_message());
    return (*model)->layers[0].parameters[0].arrays[RNL_VALUES];
}

ParameterizedTest(struct setting *setting, proximal, comes_to_where_l1_does)
{
    rnl_data *data = create_data();
    rnl_model *slope, *proximal;
    const float *by_slope = train(&slope, data, "l1", setting->optimizer);
    const float *w = train(&proximal, data, "l1_proximal", setting->optimizer);
    for (size_t j = 0; j < WEIGHTS; ++j) {
        cr_expect_float_eq((double)by_slope[j], solution(j), setting->most, "%s: l1: %zu: %g",
                           setting->optimizer, j, (double)by_slope[j]);
        cr_expect_float_eq((double)w[j], solution(j), 5e-3, "%s: %zu: %g, not %g",
                           setting->optimizer, j, (double)w[j], solution(j));
        if (solution(j) == 0)
            cr_expect_eq(w[j], 0, "%s: %zu", setting->optimizer, j);
    }
    rnl_model_free(slope);
    rnl_model_free(proximal);
    rnl_data_free(data);
}

/* Under momentum 1 a slope that lasts has no rate. */
Test(proximal, without_a_lasting_rate_is_refused)
{
    rnl_data *data = create_data();
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: 1, kernel_regularizer: l1_proximal}]\n"
                       "training: {loss: mean_squared_error, optimizer: {sgd: {momentum: 1}}}\n"),
        data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), "test.yaml:1:47: dense_1: l1_proximal needs an optimizer with "
                                    "momentum below 1");
    rnl_model_free(model);
    rnl_data_free(data);
}
