/*
 * Loss poisson, of counts: what it needs and refuses, what its models predict, and that the general
 * form and the one that computes the exponential agree.
 */
#include "engine/schema/config.h"
#include "engine/training/target_scale.h"
#include "tests/fixtures.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(counts, .init = table_enter, .fini = table_leave);

enum { ROWS = 70, FEATURES = 5 };

/* Creates rows whose targets are counts from 0 to 6. */
static rnl_data *create_counts(void)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, 7, RNL_FLOAT32);
    data->train.values = malloc(ROWS * sizeof(float));
    data->train.value_columns = 1;
    for (size_t i = 0; i < ROWS; ++i)
        data->train.values[i] = (float)data->train.labels[i];
    free(data->train.labels);
    data->train.labels = NULL;
    data->train.largest_label = -1;
    return data;
}

static rnl_model *create_model(const rnl_data *data, const char *settings, const char *end)
{
    return fixture_model(
        fixture_config("data: {%s}\nmodel: [dense: {units: 20, activation: tanh}, %s]\n"
                       "training: {loss: poisson, metrics: [mae], batch_size: 16, epochs: 20,\n"
                       "  optimizer: {adam: {learning_rate: 0.01}}}\n",
                       settings, end),
        data);
}

static double train(rnl_model *model, const rnl_data *data)
{
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    return fixture_loss(model, data);
}

/* The exponential within the layer, as a layer of its own, and as a formula, under which the loss
 * takes the logarithm of the outputs. */
Test(counts, each_way_to_write_the_exponential)
{
    static const char *const ends[] = {"dense: {units: 1, activation: exponential}",
                                       "dense: {units: 1}, activation: exponential",
                                       "dense: {units: 1, activation: exp(z)}"};
    rnl_data *data = create_counts();
    double losses[3];
    for (size_t i = 0; i < 3; ++i) {
        rnl_model *model = create_model(data, "scaling: none", ends[i]);
        losses[i] = train(model, data);
        rnl_prediction *prediction = NULL;
        cr_assert_eq(rnl_predict(model, data, RNL_TRAIN, NULL, &prediction), RNL_OK, "%s",
                     rnl_message());
        double loss = 0;
        for (size_t r = 0; r < ROWS; ++r) {
            const double y = (double)prediction->values[r];
            cr_assert_gt(y, 0);
            loss += (y - (double)data->train.values[r] * log(y)) / ROWS;
        }
        cr_expect_float_eq(losses[i], loss, 1e-5 * (1 + fabs(loss)), "%s", ends[i]);
        rnl_prediction_free(prediction);
        rnl_model_free(model);
    }
    cr_expect_eq(losses[0], losses[1]);
    cr_expect_float_eq(losses[0], losses[2], 1e-3);
    rnl_data_free(data);
}

Test(counts, numbers_below_0_are_refused)
{
    table_expect_refused("x,y\n1,2\n2,-1\n3,0\n", "target: y", "poisson",
                         "csv:3:3: column 'y': expected a number from 0 up, as the loss needs, "
                         "got '-1'");
    rnl_data *data = create_counts();
    data->train.values[7] = -2;
    rnl_config *config = fixture_config("model: [dense: {units: 1, activation: exponential}]\n"
                                        "training: {loss: poisson, optimizer: adam}\n");
    rnl_model *model = NULL;
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_DATA);
    cr_expect_not_null(strstr(rnl_message(),
                              "row 7: loss poisson needs finite numbers from 0 up as "
                              "targets, got -2"),
                       "%s", rnl_message());
    rnl_config_free(config);
    rnl_data_free(data);
}

/* Class numbers are counts. */
Test(counts, class_numbers_are_taken)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, 7, RNL_FLOAT32);
    rnl_model *model =
        create_model(data, "scaling: none", "dense: {units: 1, activation: exponential}");
    cr_expect(isfinite(train(model, data)));
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(counts, targets_keep_their_scale)
{
    rnl_data *data = create_counts();
    rnl_config *config = fixture_config("data: {target_scaling: standardize}\n"
                                        "model: [dense: {units: 1, activation: exponential}]\n"
                                        "training: {loss: poisson, optimizer: adam}\n");
    rnl_model *model = NULL;
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "target_scaling: expected none under loss poisson, "
                                             "whose targets are counts from 0 up"),
                       "%s", rnl_message());
    rnl_config_free(config);
    for (size_t i = 0; i < ROWS; ++i)
        data->train.values[i] *= 100;
    char text[RNL_TARGET_TEXT];
    model = create_model(data, "scaling: none", "dense: {units: 1, activation: exponential}");
    cr_expect_not(rnl_target_scale_is_odd(model, &data->train, text));
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(counts, outputs_below_0_are_told)
{
    static const struct {
        const char *end;
        bool told;
    } cases[] = {{"dense: {units: 1}", true},
                 {"dense: {units: 1, activation: tanh}", true},
                 {"dense: {units: 1}, gaussian_noise: 0.1", true},
                 {"dense: {units: 1, activation: softplus}", false},
                 {"dense: {units: 1, activation: relu}", false},
                 {"dense: {units: 1, activation: exponential}", false}};
    rnl_data *data = create_counts();
    char text[RNL_TARGET_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rnl_model *model = create_model(data, "scaling: none", cases[i].end);
        cr_expect_eq(rnl_predictions_may_be_negative(model, text), cases[i].told, "%s",
                     cases[i].end);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* The loss is about 1 at first and falls below 0, where four times the lowest is no bound above. */
Test(counts, a_range_test_goes_on_below_0)
{
    rnl_data *data = create_counts();
    for (size_t i = 0; i < ROWS; ++i)
        data->train.values[i] += 10;
    rnl_model *model =
        create_model(data, "scaling: none", "dense: {units: 1, activation: exponential}");
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {1e-4, 10, 300};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK, "%s",
                 rnl_message());
    cr_expect_lt(found->points[found->lowest].smoothed, -10);
    cr_expect_gt(found->lowest, 150);
    cr_expect_gt(found->learning_rate, 1e-3, "%g: %s", found->learning_rate, found->remark);
    cr_expect_lt(found->learning_rate, 0.1);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(counts, presets_leave_targets_as_they_are)
{
    rnl_config *config = fixture_config("preset: self_normalizing\nmodel: [dense: {units: 1}]\n"
                                        "training: {loss: poisson, epochs: 3}\n");
    cr_expect_str_eq(config->data.target_scaling.kind->name, "none");
    rnl_config_free(config);
}
