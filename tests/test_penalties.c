/*
 * Penalties against the oracle, and what training says of the weights that they move.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

struct penalty_case {
    unsigned batch; /* of one row block or several */
    double l1, l2;
};

ParameterizedTestParameters(penalties, follow_the_oracle)
{
    static struct penalty_case cases[] = {
        {16, 0, 0.02}, {16, 0.01, 0}, {ROWS, 0.01, 0.02}, {1, 0.001, 0.002}};
    return cr_make_param_array(struct penalty_case, cases, sizeof cases / sizeof *cases);
}

/* Two epochs of gradient descent against the oracle, whose gradients are those of its loss, penalty
 * and all; and the loss that is reported. */
ParameterizedTest(struct penalty_case *c, penalties, follow_the_oracle)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: %d, activation: tanh,\n"
                       "            kernel_regularizer: {l1_l2: {l1: %g, l2: %g}}}\n"
                       "  - dense: {units: %d, activation: tanh, kernel_regularizer: {l1: %g}}\n"
                       "  - dense: {units: %d, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, shuffle: false,\n"
                       "  optimizer: {sgd: {learning_rate: 0.05}}, batch_size: %u, epochs: 2}\n",
                       WIDE, c->l1, c->l2, NARROW, c->l1, CLASSES, c->batch),
        data);
    oracle net = dense_net_oracle(model, ORACLE_TANH, 0);
    net.layers[0].l1 = net.layers[1].l1 = c->l1;
    net.layers[0].l2 = c->l2;
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    dense_net_widen(x, targets, data);
    oracle_gradients(&net, x, targets, ROWS);
    for (size_t l = 0; l < 2; ++l)
        dense_net_check_oracle(&net, net.layers[l].kernel, net.layers[l].kernel_gradient,
                               net.layers[l].fan_in * net.layers[l].units, 17, x, targets, ROWS);
    for (size_t epoch = 0; epoch < 2; ++epoch)
        for (size_t begin = 0; begin < ROWS; begin += c->batch) {
            const size_t rows = ROWS - begin < c->batch ? ROWS - begin : c->batch;
            oracle_gradients(&net, x + begin * FEATURES, targets + begin * CLASSES, rows);
            oracle_update(&net, 0.05, 0, false);
        }
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    for (size_t l = 0; l < net.layer_count; ++l)
        cr_expect_lt(dense_net_distance(model->layers[l].parameters[0].arrays[RNL_VALUES],
                                        net.layers[l].kernel,
                                        net.layers[l].fan_in * net.layers[l].units),
                     3e-6, "kernel of layer %zu", l);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
    cr_expect_float_eq(evaluation->figures[0].value, oracle_loss(&net, x, targets, ROWS), 1e-5);
    rnl_evaluation_free(evaluation);
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Inputs of 0 leave the penalty alone to move the kernel: w -= rate alpha w / rows of the
 * mini-batch, 3 rows and then 2.  The loss that is reported is the mean over the rows, each with
 * the penalty of its mini-batch; outside of training that of a full one. */
Test(penalties, l2_by_rows_is_divided_by_the_rows_of_the_mini_batch)
{
    const double rate = 0.1, alpha = 1.5, w = 0.75;
    double reported = 0;
    rnl_data *data = fixture_data(5, 1, 1, RNL_FLOAT32);
    memset(data->train.inputs, 0, 5 * sizeof(float));
    rnl_model *model = fixture_model(
        fixture_config(
            "model: [dense: {units: 1, kernel_regularizer: {l2_by_rows: %g}}]\n"
            "training: {loss: mean_squared_error, optimizer: {sgd: {learning_rate: %g}},\n"
            "           batch_size: 3}\n",
            alpha, rate),
        data);
    *model->layers[0].parameters[0].arrays[RNL_VALUES] = (float)w;
    const rnl_options options = {.on_epoch = fixture_keep_loss, .user = &reported};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    const double second = w * (1 - rate * alpha / 3), last = second * (1 - rate * alpha / 2);
    cr_expect_float_eq((double)*model->layers[0].parameters[0].arrays[RNL_VALUES], last, 1e-6);
    cr_expect_float_eq(reported, (3 * alpha * w * w / 6 + 2 * alpha * second * second / 4) / 5,
                       1e-6);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
    cr_expect_float_eq(evaluation->figures[0].value, alpha * last * last / 6, 1e-6);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}

static void keep_sparsity(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    if (strstr(text, "within 0.001 of 0"))
        snprintf((char *)user + strlen(user), 256 - strlen(user), "%s\n", text);
}

/* l1 alone moves the kernel: by the learning rate times l1 in each step. */
Test(penalties, l1_tells_how_many_weights_are_nearly_0)
{
    char told[256] = "";
    rnl_data *data = fixture_data(10, 1, 1, RNL_FLOAT32);
    memset(data->train.inputs, 0, 10 * sizeof(float));
    rnl_model *model = fixture_model(
        fixture_config(
            "model: [dense: {units: 4, kernel_regularizer: {l1: 1}},\n"
            "        dense: {units: 1, kernel_initializer: zeros}]\n"
            "training: {loss: mean_squared_error, optimizer: {sgd: {learning_rate: 0.01}},\n"
            "           batch_size: 1}\n"),
        data);
    const float start[] = {0.1f, -0.1f, 0.5f, -0.02f};
    memcpy(model->layers[0].parameters[0].arrays[RNL_VALUES], start, sizeof start);
    const rnl_options options = {.on_log = keep_sparsity, .user = told};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_str_eq(told, "dense_1.kernel: 75.0 % of the weights are within 0.001 of 0\n");
    rnl_model_free(model);
    rnl_data_free(data);
}

/* The same by soft thresholding: w = sign(w) max(|w| - 10 steps of learning_rate l1, 0), and the
 * penalty is in the loss. */
Test(penalties, l1_proximal_makes_weights_0)
{
    char told[256] = "";
    rnl_data *data = fixture_data(10, 1, 1, RNL_FLOAT32);
    memset(data->train.inputs, 0, 10 * sizeof(float));
    rnl_model *model = fixture_model(
        fixture_config(
            "model: [dense: {units: 4, kernel_regularizer: {l1_proximal: 1}},\n"
            "        dense: {units: 1, kernel_initializer: zeros}]\n"
            "training: {loss: mean_squared_error, optimizer: {sgd: {learning_rate: 0.01}},\n"
            "           batch_size: 1}\n"),
        data);
    const float start[] = {0.05f, -0.0999f, 0.5f, -0.125f};
    memcpy(model->layers[0].parameters[0].arrays[RNL_VALUES], start, sizeof start);
    const rnl_options options = {.on_log = keep_sparsity, .user = told};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    const float *w = model->layers[0].parameters[0].arrays[RNL_VALUES];
    cr_expect_eq(w[0], 0);
    cr_expect_eq(w[1], 0);
    cr_expect_float_eq((double)w[2], 0.4, 1e-6);
    cr_expect_float_eq((double)w[3], -0.025, 1e-6);
    cr_expect_str_eq(told, "dense_1.kernel: 50.0 % of the weights are within 0.001 of 0\n");
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
    cr_expect_geq(evaluation->figures[0].value, 0.425 - 1e-6);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}
