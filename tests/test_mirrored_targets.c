/*
 * Inputs as targets: what trains is what trains on the same numbers given as target values, and
 * sets need no targets of their own.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 90, FEATURES = 5 };

TestSuite(mirrored_targets, .init = scratch_enter, .fini = scratch_leave);

/* Noise of a mean and a deviation that differ from column to column, and its own inputs as target
 * values if asked for. */
static rnl_data *rows(bool with_values)
{
    static float inputs[2][ROWS * FEATURES];
    const size_t shape[] = {FEATURES};
    rnl_data *noise = fixture_data(ROWS, FEATURES, 2, RNL_FLOAT32), *data = NULL;
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        inputs[0][i] = 3 * (float)(i % FEATURES) +
                       ((const float *)noise->train.inputs)[i] / (1 + (float)(i % FEATURES));
    memcpy(inputs[1], inputs[0], sizeof inputs[1]);
    rnl_rows given = {ROWS, 1, shape, .floats = inputs[0]};
    if (with_values) {
        given.values = inputs[1];
        given.value_columns = FEATURES;
    }
    cr_assert_eq(rnl_data_create(&data, &given, NULL, NULL), RNL_OK, "%s", rnl_message());
    rnl_data_free(noise);
    return data;
}

static rnl_model *create(const rnl_data *data, const char *keys, const char *loss)
{
    return fixture_model(
        fixture_config("data: {%s}\n"
                       "model: [{dropout: 0.2}, {dense: {units: 40, activation: tanh}},\n"
                       "        {dense: {units: %d, activation: %s}}]\n"
                       "training: {loss: %s, metrics: [mae, mse], optimizer: adam,\n"
                       "           batch_size: 32, epochs: 3}\n",
                       keys, FEATURES,
                       strcmp(loss, "binary_crossentropy") == 0 ? "sigmoid" : "linear", loss),
        data);
}

/* The same weights, and the same figures: the loss of scaled values. */
static void expect_alike(const char *mirrored, const char *given, const char *loss)
{
    rnl_data *plain = rows(false), *twice = rows(true);
    rnl_model *model = create(plain, mirrored, loss), *other = create(twice, given, loss);
    double got = 0, expected = 0;
    rnl_options options = {.threads = 2, .on_epoch = fixture_keep_loss, .user = &got};
    cr_assert_eq(rnl_train(model, plain, &options), RNL_OK, "%s", rnl_message());
    options.user = &expected;
    cr_assert_eq(rnl_train(other, twice, &options), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), fixture_hash(other), "%s, %s", mirrored, loss);
    cr_expect_eq(got, expected);
    rnl_evaluation *evaluation = NULL, *of_given = NULL;
    cr_assert_eq(rnl_evaluate(model, plain, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_evaluate(other, twice, RNL_TRAIN, NULL, &of_given), RNL_OK);
    cr_expect_eq(evaluation->classes, 0);
    cr_expect_eq(evaluation->figures[0].value, of_given->figures[0].value);
    rnl_evaluation_free(of_given);
    if (strcmp(loss, "mean_squared_error") == 0)
        cr_expect_float_eq(evaluation->figures[0].value, evaluation->figures[2].value, 1e-6,
                           "mse is that of the scaled inputs");
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_model_free(other);
    rnl_data_free(plain);
    rnl_data_free(twice);
}

Test(mirrored_targets, are_the_scaled_inputs)
{
    expect_alike("targets: inputs", "targets: given", "mean_squared_error");
    expect_alike("targets: inputs", "targets: given", "huber");
    expect_alike("targets: inputs, scaling: standardize",
                 "scaling: standardize, target_scaling: standardize", "mean_squared_error");
    expect_alike("targets: inputs, scaling: standardize",
                 "scaling: standardize, target_scaling: standardize", "mean_absolute_error");
}

/* Pixels between 0 and 1, as a sigmoid gives them. */
Test(mirrored_targets, are_probabilities_where_they_are_scaled_so)
{
    rnl_data *data = rows(false);
    rnl_model *model = create(data, "targets: inputs, scaling: range", "binary_crossentropy"),
              *wide = create(data, "targets: inputs", "binary_crossentropy");
    double first = 0;
    const rnl_options options = {.on_epoch = fixture_keep_loss, .user = &first};
    cr_expect_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_train(wide, data, NULL), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "needs numbers from 0 to 1 as targets, which are the scaled "
                                    "inputs") != NULL,
              "%s", rnl_message());
    rnl_model_free(model);
    rnl_model_free(wide);
    rnl_data_free(data);
}

/* ---- sets without targets -------------------------------------------------------------------- */

#define MODEL                                                                                      \
    "model: [{dense: {units: 2}}, {dense: {units: %d}}]\n"                                         \
    "training: {loss: mean_squared_error, optimizer: sgd}\n"

static rnl_config *configure(const char *data, int units)
{
    return fixture_config("data: {%s}\n" MODEL, data, units);
}

static void write_table(void)
{
    FILE *file = fopen("t.csv", "w");
    fputs("a,b,kind\n", file);
    for (int i = 0; i < 40; ++i)
        fprintf(file, "%d,%d,%s\n", i, i * i % 7, i % 4 ? "x" : "");
    cr_assert_eq(fclose(file), 0);
}

/* A table's column of classes is no input; its cells may be empty, unless rows are chosen by them.
 */
Test(mirrored_targets, tables_may_lack_them)
{
    static const struct {
        const char *data;
        size_t rows;
    } cases[] = {
        {"train: {csv: {path: t.csv, ignore: kind}}, targets: inputs", 40},
        {"train: {csv: {path: t.csv, target: kind}}, targets: inputs", 40},
        {"train: {csv: {path: t.csv, target: kind, missing: drop}}, targets: inputs, "
         "classes: {only: x}",
         30},
    };
    write_table();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        rnl_config *config = configure(cases[c].data, 2);
        rnl_data *data = NULL, *new_rows = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
        cr_expect_eq(data->train.rows, cases[c].rows);
        cr_expect_eq(data->train.features, 2);
        cr_expect_null(data->train.labels);
        rnl_model *model = fixture_model(config, data), *loaded = NULL;
        cr_expect_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_model_save(model, "m.safetensors"), RNL_OK);
        cr_assert_eq(rnl_model_load(&loaded, "m.safetensors", NULL, 0), RNL_OK, "%s",
                     rnl_message());
        cr_assert_eq(rnl_data_read_labelled(&new_rows, loaded, "t.csv", NULL), RNL_OK, "%s",
                     rnl_message());
        rnl_evaluation *evaluation = NULL;
        cr_expect_eq(rnl_evaluate(loaded, new_rows, RNL_TEST, NULL, &evaluation), RNL_OK, "%s",
                     rnl_message());
        rnl_evaluation_free(evaluation);
        rnl_data_free(new_rows);
        rnl_data_free(data);
        rnl_model_free(loaded);
        rnl_model_free(model);
    }
}

/* Rows chosen by class need classes, which then are forgotten. */
Test(mirrored_targets, generated_classes_choose_rows)
{
    rnl_config *config = configure("train: {blobs: {rows: 60, classes: 3, features: 4}}, targets: "
                                   "inputs, limit_per_class: 7, validation_split: "
                                   "{stratified: 0.2}",
                                   4);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(data->train.rows, 21);
    cr_expect_eq(data->validation.rows, 12);
    cr_expect_null(data->train.labels);
    rnl_model *model = fixture_model(config, data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

static void expect_refused(const char *data_keys, const char *words)
{
    rnl_config *config = configure(data_keys, 4);
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    rnl_status status = rnl_data_load(&data, config, RNL_TRAIN);
    if (status == RNL_OK)
        status = rnl_model_create(&model, config, data);
    cr_expect_neq(status, RNL_OK, "%s", data_keys);
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in '%s'", words, rnl_message());
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(mirrored_targets, what_does_not_go_with_them_is_refused)
{
    expect_refused("train: {npy: {inputs: x.npy}}", "npy: key 'targets' is missing");
    expect_refused("train: {npy: {inputs: x.npy}}, targets: inputs, limit_per_class: 1",
                   "npy: key 'targets' is missing");
    expect_refused("train: {blobs: {features: 3}}, targets: inputs",
                   "dense_2: expected an output for each of the 3 inputs, which are the targets");
    expect_refused("train: {blobs: {features: 4}}, targets: inputs, target_scaling: standardize",
                   "target_scaling: expected none under data.targets: inputs");
    rnl_config *config =
        fixture_config("data: {train: {blobs: {rows: 9}}, targets: inputs}\n"
                       "model: [dense: {units: 2, activation: softmax}]\n"
                       "training: {loss: categorical_crossentropy, optimizer: sgd}\n");
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK);
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "loss: expected one that compares values") != NULL, "%s",
              rnl_message());
    rnl_data_free(data);
    rnl_config_free(config);
}
