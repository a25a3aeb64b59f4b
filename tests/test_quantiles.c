/*
 * Loss quantile: what it refuses, that predictions are in order and in the units of the target,
 * that metrics read the median, and that nothing depends on workers or on a stop.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(quantiles, .init = scratch_enter, .fini = scratch_leave);

enum { ROWS = 400, FEATURES = 2 };

/* Targets 1000 + 200 x + noise between -100 and 100, of which no input tells. */
static rnl_data *create_data(size_t columns)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, 7, RNL_FLOAT32);
    const float *x = data->train.inputs;
    free(data->train.labels);
    data->train.labels = NULL;
    data->train.largest_label = -1;
    data->train.value_columns = columns;
    data->train.values = malloc(ROWS * columns * sizeof(float));
    for (size_t i = 0; i < ROWS * columns; ++i)
        data->train.values[i] =
            1000 + 200 * x[i / columns * FEATURES] + (float)(i * 37 % 201) - 100;
    return data;
}

static rnl_config *configure(const char *quantiles, size_t units, const char *more)
{
    return fixture_config(
        "data: {target_scaling: standardize}\n"
        "model: [dense: {units: 20, activation: tanh}, dense: {units: %zu}]\n"
        "training: {loss: {quantile: {quantiles: %s}}, batch_size: 32, epochs: 150,\n"
        "  schedule: cosine, optimizer: {adam: {learning_rate: 0.01}}%s}\n",
        units, quantiles, more);
}

static void expect_refused(rnl_config *config, size_t columns, const char *words)
{
    rnl_data *data = create_data(columns);
    rnl_model *model = NULL;
    cr_expect_neq(rnl_model_create(&model, config, data), RNL_OK, "%s", words);
    cr_expect_not_null(strstr(rnl_message(), words), "%s", rnl_message());
    rnl_config_free(config);
    rnl_data_free(data);
}

Test(quantiles, mistakes)
{
    expect_refused(
        configure("[0.5, 0.1]", 2, ""), 1,
        "test.yaml:3:41: quantiles: expected growing numbers between 0 and 1, got 0.1 as "
        "number 2");
    expect_refused(configure("[0.5, 0.5]", 2, ""), 1, "got 0.5 as number 2");
    expect_refused(configure("[0.5, 1]", 2, ""), 1, "between 0 and 1, got 1 as number 2");
    expect_refused(configure("[]", 2, ""), 1, "quantiles: expected 1 to 100 numbers, got 0");
    expect_refused(configure("[0.1, 0.5, 0.9]", 1, ""), 1,
                   "dense_2: loss quantile needs an output for each of its 3 quantiles, got 1: "
                   "units: 3");
    expect_refused(configure("[0.1, 0.9]", 2, ", metrics: [mae]"), 1,
                   "metric mae compares the median with the target, and loss quantile has no "
                   "quantile 0.5");
    expect_refused(
        configure("[0.1, 0.9]", 2, ""), 2,
        "expected one target value for each row, whose quantiles the outputs are, got 2");
    expect_refused(fixture_config("data: {targets: inputs}\nmodel: [dense: {units: 2}]\n"
                                  "training: {loss: {quantile: {quantiles: [0.1, 0.9]}},\n"
                                  "  optimizer: adam}\n"),
                   1, "loss: expected one that compares values under data.targets: inputs");
}

static rnl_prediction *predict(const rnl_model *model, const rnl_data *data)
{
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    return prediction;
}

/* As many targets lie below each output as its quantile says, and metrics are those of the median,
 * also of a model that was saved. */
Test(quantiles, outputs_are_the_quantiles_of_the_target)
{
    static const double quantiles[] = {0.1, 0.5, 0.9};
    rnl_data *data = create_data(1);
    rnl_model *model =
        fixture_model(configure("[0.1, 0.5, 0.9]", 3, ", metrics: [mae, r2_score]"), data);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_model_save(model, "model.safetensors"), RNL_OK, "%s", rnl_message());
    rnl_model *loaded = NULL;
    cr_assert_eq(rnl_model_load(&loaded, "model.safetensors", NULL, 0), RNL_OK, "%s",
                 rnl_message());
    rnl_prediction *p = predict(loaded, data);
    cr_assert_eq(p->outputs, 3);
    double below[3] = {0}, mae = 0;
    for (size_t i = 0; i < ROWS; ++i) {
        const float *y = p->values + 3 * i, target = data->train.values[i];
        cr_assert(y[0] <= y[1] && y[1] <= y[2]);
        for (size_t j = 0; j < 3; ++j)
            below[j] += (double)(target < y[j]) / ROWS;
        mae += fabs(p->exact_values[3 * i + 1] - (double)target) / ROWS;
    }
    for (size_t j = 0; j < 3; ++j) {
        cr_expect_float_eq(below[j], quantiles[j], 0.08, "%g: %g", quantiles[j], below[j]);
        cr_expect_eq(rnl_model_output_quantile(loaded, j), quantiles[j]);
    }
    cr_expect(isnan(rnl_model_output_quantile(loaded, 3)));
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_expect_float_eq(evaluation->figures[1].value, mae, 1e-6 * mae);
    cr_expect_gt(evaluation->figures[2].value, 0.3);
    rnl_evaluation_free(evaluation);
    rnl_prediction_free(p);
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Files whose configuration does not fit what they hold. */
Test(quantiles, files_that_say_otherwise)
{
    static const char *const cases[][2] = {
        {"training.loss.quantile.quantiles=[0.1, 0.5]", "needs an output for each of its 2"},
        {"training.loss.quantile.quantiles=[0.9, 0.5, 0.1]", "got 0.5 as number 2"},
        {"training.loss=mean_squared_error", "target_scaling"},
    };
    rnl_data *data = create_data(1);
    rnl_model *model = fixture_model(configure("[0.1, 0.5, 0.9]", 3, ""), data), *loaded = NULL;
    cr_assert_eq(rnl_model_save(model, "model.safetensors"), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cr_expect_neq(rnl_model_load(&loaded, "model.safetensors", cases[i], 1), RNL_OK);
        cr_expect_not_null(strstr(rnl_message(), cases[i][1]), "%s", rnl_message());
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Outputs that have crossed are put in order, the median before it is measured, too. */
Test(quantiles, outputs_may_cross)
{
    rnl_data *data = create_data(1);
    rnl_model *model = fixture_model(configure("[0.1, 0.5, 0.9]", 3, ", metrics: [mae]"), data);
    rnl_parameter *bias = &model->layers[1].parameters[1];
    memset(model->layers[1].parameters[0].arrays[RNL_VALUES], 0, 60 * sizeof(float));
    memcpy(bias->arrays[RNL_VALUES], ((const float[]){3, -2, 1}), 3 * sizeof(float));
    rnl_prediction *p = predict(model, data);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
    double mae = 0;
    for (size_t i = 0; i < ROWS; ++i) {
        cr_assert(p->values[3 * i] < p->values[3 * i + 1] &&
                  p->values[3 * i + 1] < p->values[3 * i + 2]);
        mae += fabs(p->exact_values[3 * i + 1] - (double)data->train.values[i]) / ROWS;
    }
    cr_expect_float_eq(evaluation->figures[1].value, mae, 1e-6 * mae);
    rnl_evaluation_free(evaluation);
    rnl_prediction_free(p);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(quantiles, no_bit_depends_on_workers_or_a_stop)
{
    rnl_data *data = create_data(1);
    const char *const more = ", metrics: [mae], shards: 2, precision: mixed_bfloat16";
    uint64_t expected = 0;
    for (size_t threads = 1; threads <= 5; threads += 2) {
        rnl_model *model = fixture_model(configure("[0.25, 0.5, 0.75]", 3, more), data);
        cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                     rnl_message());
        const uint64_t hash = fixture_hash(model);
        cr_expect(threads == 1 || hash == expected, "%zu", threads);
        expected = hash;
        rnl_model_free(model);
    }
    rnl_model *model = fixture_model(configure("[0.25, 0.5, 0.75]", 3, more), data);
    cr_expect_eq(fixture_interrupted(model, data, 77), expected);
    rnl_data_free(data);
}
