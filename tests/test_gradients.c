/*
 * Gradients of one step against the oracle, which is checked by central differences.
 */
#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

struct activation_case {
    char name[48];
    oracle_activation activation;
    double alpha;
};

ParameterizedTestParameters(gradients, of_one_step)
{
    static struct activation_case cases[] = {
        {"linear", ORACLE_LINEAR, 0},
        {"relu", ORACLE_RELU, 0},
        {"elu", ORACLE_ELU, 1},
        {"{elu: {alpha: 0.5}}", ORACLE_ELU, 0.5},
        {"sigmoid", ORACLE_SIGMOID, 0},
        {"tanh", ORACLE_TANH, 0},
        {"leaky_relu", ORACLE_LEAKY_RELU, 0.3},
        {"{leaky_relu: {negative_slope: 0.01}}", ORACLE_LEAKY_RELU, 0.01},
        {"selu", ORACLE_SELU, 0},
        {"softplus", ORACLE_SOFTPLUS, 0},
        {"softsign", ORACLE_SOFTSIGN, 0},
        {"hard_sigmoid", ORACLE_HARD_SIGMOID, 0},
        {"swish", ORACLE_SWISH, 0},
        {"gelu", ORACLE_GELU, 0},
        {"mish", ORACLE_MISH, 0},
        {"silu", ORACLE_SWISH, 0},
    };
    return cr_make_param_array(struct activation_case, cases, sizeof cases / sizeof *cases);
}

/* One step of plain descent with learning rate 1 on all rows: the weights move by the gradient. */
static void check_step(rnl_data *data, rnl_model *model, oracle *net)
{
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    dense_net_widen(x, targets, data);
    oracle_gradients(net, x, targets, ROWS);
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        dense_net_check_oracle(net, layer->kernel, layer->kernel_gradient,
                               layer->fan_in * layer->units, 17, x, targets, ROWS);
        dense_net_check_oracle(net, layer->bias, layer->bias_gradient, layer->units, 3, x, targets,
                               ROWS);
    }
    const double loss = oracle_loss(net, x, targets, ROWS);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_expect_float_eq(evaluation->figures[0].value, loss, 1e-6 * (1 + loss));
    rnl_evaluation_free(evaluation);

    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                 rnl_message());
    oracle_update(net, 1.0, 0, false);
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        const size_t count = layer->fan_in * layer->units;
        const float *kernel = model->layers[l].parameters[0].arrays[RNL_VALUES];
        const float *bias = model->layers[l].parameters[1].arrays[RNL_VALUES];
        cr_expect_lt(dense_net_distance(kernel, layer->kernel, count),
                     1e-5 * dense_net_norm(layer->kernel_gradient, count), "kernel of layer %zu",
                     l);
        cr_expect_lt(dense_net_distance(bias, layer->bias, layer->units),
                     1e-5 * dense_net_norm(layer->bias_gradient, layer->units), "bias of layer %zu",
                     l);
    }
    oracle_release(net);
    rnl_model_free(model);
    rnl_data_free(data);
}

ParameterizedTest(struct activation_case *c, gradients, of_one_step)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = dense_net(data, c->name, "softmax", "sparse_categorical_crossentropy",
                                 "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = dense_net_oracle(model, c->activation, c->alpha);
    check_step(data, model, &net);
}

/* Twice in a row, its values would grow beyond what differences can measure. */
Test(gradients, of_one_step_with_exponential)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model =
        dense_net_of(data, "exponential", "tanh", "softmax", "sparse_categorical_crossentropy",
                     "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = dense_net_oracle_of(model, ORACLE_EXPONENTIAL, ORACLE_TANH, 0);
    check_step(data, model, &net);
}

/*
 * A mini-batch of 150 rows and one of 65: four row blocks with padding, of which the last step
 * fills two. The gradients of 260 inputs are made in several ranges, those of 200 units in four
 * column blocks, which differ in width.
 */
enum { MANY_ROWS = 215, MANY_BATCH = 150, MANY_FEATURES = 260, MANY_UNITS = 200, LESS_UNITS = 110 };

/* The model has moved from `before` as the oracle has, up to rounding of the largest move. */
static void check_moves(const float *values, const double *before, const double *expected,
                        size_t count, const char *what, size_t layer)
{
    double moved = 0;
    for (size_t i = 0; i < count; ++i)
        moved = fmax(moved, fabs(expected[i] - before[i]));
    cr_expect_gt(moved, 1e-3, "%s of layer %zu has moved by %g", what, layer, moved);
    cr_expect_leq(dense_net_distance(values, expected, count), 2e-5 * moved,
                  "%s of layer %zu: %g of %g", what, layer,
                  dense_net_distance(values, expected, count), moved);
}

static oracle create_many_oracle(const rnl_model *model)
{
    oracle net = {0};
    oracle_add_layer(&net, MANY_FEATURES, MANY_UNITS, ORACLE_TANH, 0);
    oracle_add_layer(&net, MANY_UNITS, LESS_UNITS, ORACLE_TANH, 0);
    oracle_add_layer(&net, LESS_UNITS, CLASSES, ORACLE_LINEAR, 0);
    dense_net_take_parameters(&net, model);
    return net;
}

Test(gradients, of_many_rows_and_a_short_last_mini_batch)
{
    rnl_data *data = fixture_data(MANY_ROWS, MANY_FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: %d, activation: tanh}\n"
                       "  - dense: {units: %d, activation: tanh}\n"
                       "  - dense: {units: %d, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, shuffle: false,\n"
                       "  optimizer: {sgd: {learning_rate: 0.5}}, batch_size: %d, epochs: 1}\n",
                       MANY_UNITS, LESS_UNITS, CLASSES, MANY_BATCH),
        data);
    static double x[MANY_ROWS * MANY_FEATURES], targets[MANY_ROWS * CLASSES];
    for (size_t i = 0; i < MANY_ROWS * MANY_FEATURES; ++i)
        x[i] = (double)((const float *)data->train.inputs)[i];
    for (size_t i = 0; i < MANY_ROWS * CLASSES; ++i)
        targets[i] = (size_t)data->train.labels[i / CLASSES] == i % CLASSES;

    oracle net = create_many_oracle(model), first = create_many_oracle(model);
    for (size_t begin = 0; begin < MANY_ROWS; begin += MANY_BATCH) {
        const size_t left = MANY_ROWS - begin, rows = left < MANY_BATCH ? left : MANY_BATCH;
        const double *inputs = x + begin * MANY_FEATURES, *wanted = targets + begin * CLASSES;
        oracle_gradients(&net, inputs, wanted, rows);
        for (size_t l = 0; l < net.layer_count; ++l) {
            const oracle_layer *layer = &net.layers[l];
            const size_t count = layer->fan_in * layer->units;
            dense_net_check_oracle(&net, layer->kernel, layer->kernel_gradient, count, count / 5,
                                   inputs, wanted, rows);
        }
        oracle_update(&net, 0.5, 0, false);
    }
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    for (size_t l = 0; l < net.layer_count; ++l) {
        const oracle_layer *layer = &net.layers[l];
        const rnl_parameter *parameters = model->layers[l].parameters;
        check_moves(parameters[0].arrays[RNL_VALUES], first.layers[l].kernel, layer->kernel,
                    layer->fan_in * layer->units, "kernel", l);
        check_moves(parameters[1].arrays[RNL_VALUES], first.layers[l].bias, layer->bias,
                    layer->units, "bias", l);
    }
    oracle_release(&net);
    oracle_release(&first);
    rnl_model_free(model);
    rnl_data_free(data);
}

struct loss_case {
    char name[64], last[16];
    oracle_loss_kind loss;
    bool values;
    double smoothing;
};

ParameterizedTestParameters(gradients, of_each_loss)
{
    static struct loss_case cases[] = {
        {"categorical_crossentropy", "softmax", ORACLE_CROSS_ENTROPY, false, 0},
        {"categorical_crossentropy", "softmax", ORACLE_CROSS_ENTROPY, true, 0},
        {"binary_crossentropy", "sigmoid", ORACLE_BINARY, true, 0},
        {"{sparse_categorical_crossentropy: {label_smoothing: 0.25}}", "softmax",
         ORACLE_CROSS_ENTROPY, false, 0.25},
        {"{categorical_crossentropy: {label_smoothing: 0.25}}", "softmax", ORACLE_CROSS_ENTROPY,
         true, 0.25},
        {"{binary_crossentropy: {label_smoothing: 0.25}}", "sigmoid", ORACLE_BINARY, true, 0.25},
        {"mean_squared_error", "linear", ORACLE_SQUARES, true, 0},
        {"mean_absolute_error", "linear", ORACLE_ABSOLUTES, true, 0},
        {"huber", "linear", ORACLE_HUBER, true, 0},
        {"poisson", "exponential", ORACLE_POISSON_OF_LOG, true, 0},
        {"{quantile: {quantiles: [0.2, 0.4, 0.6, 0.8]}}", "linear", ORACLE_QUANTILE, true, 0},
    };
    return cr_make_param_array(struct loss_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct loss_case *c, gradients, of_each_loss)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    if (c->values)
        dense_net_give_values(data);
    if (c->loss == ORACLE_QUANTILE)
        data->train.value_columns = 1;
    rnl_model *model =
        dense_net(data, "tanh", c->last, c->name, "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = dense_net_oracle(model, ORACLE_TANH, 0);
    net.loss = c->loss;
    net.smoothing = c->smoothing;
    check_step(data, model, &net);
}
