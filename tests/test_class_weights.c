/*
 * Weights of classes and of rows.
 */
#include "engine/training/class_weights.h"
#include "tests/dense_net.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weights_case {
    size_t outputs;
    char last[16], loss[48];
    bool values; /* the labels as target values */
};

ParameterizedTestParameters(class_weights, multiply_those_of_rows)
{
    static struct weights_case cases[] = {
        {3, "softmax", "sparse_categorical_crossentropy", false},
        {3, "softmax", "categorical_crossentropy", false},
        {1, "sigmoid", "binary_crossentropy", false},
        {1, "sigmoid", "binary_crossentropy", true},
    };
    return cr_make_param_array(struct weights_case, cases, sizeof cases / sizeof *cases);
}

/* Both kinds of weights multiply: a class weight is a factor of its rows' sample weights. */
ParameterizedTest(struct weights_case *c, class_weights, multiply_those_of_rows)
{
    uint64_t hashes[2];
    for (int separate = 0; separate < 2; ++separate) {
        rnl_data *data = fixture_data(ROWS, FEATURES, c->outputs == 1 ? 2 : 3, RNL_FLOAT32);
        rnl_dataset *train = &data->train;
        train->sample_weights = malloc(ROWS * sizeof(float));
        train->value_columns = c->values;
        train->values = c->values ? malloc(ROWS * sizeof(float)) : NULL;
        for (size_t i = 0; i < ROWS; ++i) {
            train->sample_weights[i] =
                (float)(i % 5) * (train->labels[i] == 1 && !separate ? 0.25f : 1);
            if (c->values)
                train->values[i] = (float)train->labels[i];
        }
        if (c->values) {
            free(train->labels);
            train->labels = NULL;
        }
        rnl_model *model = fixture_model(
            fixture_config("model: [dense: {units: 20, activation: tanh},\n"
                           "        dense: {units: %zu, activation: %s}]\n"
                           "training: {loss: %s, optimizer: sgd, batch_size: 16, epochs: 2,\n"
                           "           class_weight: {%s}}\n",
                           c->outputs, c->last, c->loss, separate ? "1: 0.25" : ""),
            data);
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        hashes[separate] = fixture_hash(model);
        rnl_model_free(model);
        rnl_data_free(data);
    }
    cr_expect_eq(hashes[0], hashes[1]);
}

Test(class_weights, that_fit_no_class_are_refused)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model =
        dense_net(data, "tanh", "softmax",
                  "sparse_categorical_crossentropy\n  class_weight: {4: 0.25}", "sgd", 16, 1);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "class_weight: expected a class number from 0 to 3, got '4'"),
              "%s", rnl_message());
    rnl_model_free(model);
    dense_net_give_values(data);
    model = dense_net(data, "tanh", "linear", "huber\n  class_weight: {0: 2}", "sgd", 16, 1);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "class_weight needs classes, which loss huber does not have"),
              "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

/* NULL, or the message, for what `class_weight` says of this table. */
static void expect_class_weights(const char *table, const char *given, size_t classes,
                                 const float *expected, const char *words)
{
    char set[256];
    snprintf(set, sizeof set, "training.class_weight=%s", given);
    const char *const override = set;
    char text[512];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', target: c}}}\n"
             "model: [dense: {units: %zu, activation: softmax}]\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
             table_path, classes);
    table_write(table);
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    float *weights = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, &override, 1), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    const rnl_status status = rnl_class_weights_create(&weights, model, &data->train);
    cr_assert_eq(status, expected ? RNL_OK : RNL_BAD_CONFIG, "%s", given);
    if (expected)
        cr_expect_arr_eq(weights, expected, classes * sizeof(float));
    else
        table_expect_message(words);
    free(weights);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(class_weights, by_name_and_number, .init = table_enter, .fini = table_leave)
{
    static const char names[] = "x,c\n1,dog\n1,cat\n1,emu\n";
    expect_class_weights(names, "{dog: 2, 2: 0.5}", 3, (const float[]){1, 2, 0.5f}, NULL);
    expect_class_weights(names, "{cat: 0}", 3, (const float[]){0, 1, 1}, NULL);
    expect_class_weights(names, "{dgo: 2}", 3, NULL,
                         "--set training.class_weight={dgo: 2}: class_weight: there is no class "
                         "'dgo'; did you mean 'dog'?");
    expect_class_weights(names, "{3: 2}", 3, NULL, "there is no class '3'");
    expect_class_weights(names, "{-1: 2}", 3, NULL, "there is no class '-1'");
    expect_class_weights(names, "{cat: 2, 0: 2}", 3, NULL, "class 0 is given twice, here as '0'");
    /* rows / (classes that are there * rows of the class) */
    static const char three[] = "x,c\n1,dog\n1,cat\n1,cat\n";
    expect_class_weights(three, "balanced", 2, (const float[]){0.75f, 1.5f}, NULL);
    expect_class_weights(three, "balanced", 4, (const float[]){0.75f, 1.5f, 1, 1}, NULL);
    static const char numbers[] = "x,c\n1,5\n1,1\n";
    expect_class_weights(numbers, "{1: 2, 5: 3}", 2, (const float[]){2, 3}, NULL);
    expect_class_weights(numbers, "{0: 2}", 2, NULL, "there is no class '0'");
}
