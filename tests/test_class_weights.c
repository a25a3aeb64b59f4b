/*
 * Weights of classes and of rows.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
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
