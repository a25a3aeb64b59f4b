/*
 * The training step against the oracle: its gradients against central differences, and whole runs,
 * weight by weight.
 */
#include "engine/config/config.h"
#include "tests/fixtures.h"
#include "tests/oracle.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* 37 rows make three row blocks with padding, 130 units two column blocks of different widths. */
enum { ROWS = 37, FEATURES = 6, WIDE = 130, NARROW = 20, CLASSES = 4 };

static rnl_model *create_model_of(const rnl_data *data, const char *first, const char *second,
                                  const char *last, const char *loss, const char *optimizer,
                                  unsigned batch_size, unsigned epochs)
{
    return fixture_model(
        fixture_config("data: {train: {spirals: {rows: 10}}, scaling: none}\n"
                       "model:\n"
                       "  - dense: {units: %d, activation: %s, kernel_initializer: he_normal}\n"
                       "  - dense: {units: %d, activation: %s}\n"
                       "  - dense: {units: %d, activation: %s}\n"
                       "training:\n"
                       "  loss: %s\n"
                       "  optimizer: %s\n"
                       "  batch_size: %u\n"
                       "  epochs: %u\n"
                       "  shuffle: false\n",
                       WIDE, first, NARROW, second, CLASSES, last, loss, optimizer, batch_size,
                       epochs),
        data);
}

static rnl_model *create_model(const rnl_data *data, const char *activation, const char *last,
                               const char *loss, const char *optimizer, unsigned batch_size,
                               unsigned epochs)
{
    return create_model_of(data, activation, activation, last, loss, optimizer, batch_size, epochs);
}

static void take_parameters(oracle *net, const rnl_model *model)
{
    for (size_t l = 0; l < net->layer_count; ++l) {
        const rnl_parameter *parameters = model->layers[l].parameters;
        for (size_t i = 0; i < net->layers[l].fan_in * net->layers[l].units; ++i)
            net->layers[l].kernel[i] = (double)parameters[0].arrays[RNL_VALUES][i];
        for (size_t i = 0; i < net->layers[l].units; ++i)
            net->layers[l].bias[i] = (double)parameters[1].arrays[RNL_VALUES][i];
    }
}

static oracle create_oracle_of(const rnl_model *model, oracle_activation first,
                               oracle_activation second, double alpha)
{
    oracle net = {0};
    oracle_add_layer(&net, FEATURES, WIDE, first, alpha);
    oracle_add_layer(&net, WIDE, NARROW, second, alpha);
    oracle_add_layer(&net, NARROW, CLASSES, ORACLE_LINEAR, 0);
    take_parameters(&net, model);
    return net;
}

static oracle create_oracle(const rnl_model *model, oracle_activation activation, double alpha)
{
    return create_oracle_of(model, activation, activation, alpha);
}

/* Inputs and targets (a class becomes 0 and 1) in double. */
static void widen(double *x, double *targets, const rnl_data *data)
{
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        x[i] = (double)((const float *)data->train.inputs)[i];
    for (size_t i = 0; i < ROWS * CLASSES; ++i)
        targets[i] = data->train.values
                         ? (double)data->train.values[i]
                         : (double)((size_t)data->train.labels[i / CLASSES] == i % CLASSES);
}

/* Target values from 0 to 1 in place of the labels. */
static void give_values(rnl_data *data)
{
    free(data->train.labels);
    data->train.labels = NULL;
    data->train.value_columns = CLASSES;
    data->train.values = malloc(ROWS * CLASSES * sizeof(float));
    for (size_t i = 0; i < ROWS * CLASSES; ++i)
        data->train.values[i] = (float)(i * 7 % 11) / 10;
    rnl_dataset_measure_labels(&data->train);
}

/* The largest difference between a parameter of the model and the oracle's. */
static double distance(const float *values, const double *expected, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; ++i)
        largest = fmax(largest, fabs((double)values[i] - expected[i]));
    return largest;
}

static double norm(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += values[i] * values[i];
    return sqrt(sum);
}

static double central_difference(const oracle *net, double *weight, const double *x,
                                 const double *targets, size_t rows)
{
    const double kept = *weight, h = 1e-5;
    *weight = kept + h;
    const double above = oracle_loss(net, x, targets, rows);
    *weight = kept - h;
    const double below = oracle_loss(net, x, targets, rows);
    *weight = kept;
    return (above - below) / (2 * h);
}

/* Every `stride`-th analytic gradient of the oracle within 1e-6 of the central difference. */
static void check_oracle(const oracle *net, double *weights, const double *gradients, size_t count,
                         size_t stride, const double *x, const double *targets, size_t rows)
{
    for (size_t i = 0; i < count; i += stride)
        cr_assert_float_eq(gradients[i], central_difference(net, &weights[i], x, targets, rows),
                           1e-6 * (norm(gradients, count) + 1e-3));
}

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
        {"silu", ORACLE_SWISH, 0},
    };
    return cr_make_param_array(struct activation_case, cases, sizeof cases / sizeof *cases);
}

/* One step of plain descent with learning rate 1 on all rows: the weights move by the gradient. */
static void check_step(rnl_data *data, rnl_model *model, oracle *net)
{
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    widen(x, targets, data);
    oracle_gradients(net, x, targets, ROWS);
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        check_oracle(net, layer->kernel, layer->kernel_gradient, layer->fan_in * layer->units, 17,
                     x, targets, ROWS);
        check_oracle(net, layer->bias, layer->bias_gradient, layer->units, 3, x, targets, ROWS);
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
        cr_expect_lt(distance(kernel, layer->kernel, count),
                     1e-5 * norm(layer->kernel_gradient, count), "kernel of layer %zu", l);
        cr_expect_lt(distance(bias, layer->bias, layer->units),
                     1e-5 * norm(layer->bias_gradient, layer->units), "bias of layer %zu", l);
    }
    oracle_release(net);
    rnl_model_free(model);
    rnl_data_free(data);
}

ParameterizedTest(struct activation_case *c, gradients, of_one_step)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = create_model(data, c->name, "softmax", "sparse_categorical_crossentropy",
                                    "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = create_oracle(model, c->activation, c->alpha);
    check_step(data, model, &net);
}

/* Twice in a row, its values would grow beyond what differences can measure. */
Test(gradients, of_one_step_with_exponential)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model =
        create_model_of(data, "exponential", "tanh", "softmax", "sparse_categorical_crossentropy",
                        "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = create_oracle_of(model, ORACLE_EXPONENTIAL, ORACLE_TANH, 0);
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
    cr_expect_leq(distance(values, expected, count), 2e-5 * moved, "%s of layer %zu: %g of %g",
                  what, layer, distance(values, expected, count), moved);
}

static oracle create_many_oracle(const rnl_model *model)
{
    oracle net = {0};
    oracle_add_layer(&net, MANY_FEATURES, MANY_UNITS, ORACLE_TANH, 0);
    oracle_add_layer(&net, MANY_UNITS, LESS_UNITS, ORACLE_TANH, 0);
    oracle_add_layer(&net, LESS_UNITS, CLASSES, ORACLE_LINEAR, 0);
    take_parameters(&net, model);
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
            check_oracle(&net, layer->kernel, layer->kernel_gradient, count, count / 5, inputs,
                         wanted, rows);
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
    char name[32], last[16];
    oracle_loss_kind loss;
    bool values;
};

ParameterizedTestParameters(gradients, of_each_loss)
{
    static struct loss_case cases[] = {
        {"categorical_crossentropy", "softmax", ORACLE_CROSS_ENTROPY, false},
        {"categorical_crossentropy", "softmax", ORACLE_CROSS_ENTROPY, true},
        {"binary_crossentropy", "sigmoid", ORACLE_BINARY, true},
        {"mean_squared_error", "linear", ORACLE_SQUARES, true},
        {"mean_absolute_error", "linear", ORACLE_ABSOLUTES, true},
        {"huber", "linear", ORACLE_HUBER, true},
    };
    return cr_make_param_array(struct loss_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct loss_case *c, gradients, of_each_loss)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    if (c->values)
        give_values(data);
    rnl_model *model =
        create_model(data, "tanh", c->last, c->name, "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = create_oracle(model, ORACLE_TANH, 0);
    net.loss = c->loss;
    check_step(data, model, &net);
}

struct penalty_case {
    unsigned batch; /* of one row block or several */
    double l1, l2;
};

ParameterizedTestParameters(gradients, of_penalties)
{
    static struct penalty_case cases[] = {
        {16, 0, 0.02}, {16, 0.01, 0}, {ROWS, 0.01, 0.02}, {1, 0.001, 0.002}};
    return cr_make_param_array(struct penalty_case, cases, sizeof cases / sizeof *cases);
}

/* Two epochs of gradient descent against the oracle, whose gradients are those of its loss, penalty
 * and all; and the loss that is reported. */
ParameterizedTest(struct penalty_case *c, gradients, of_penalties)
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
    oracle net = create_oracle(model, ORACLE_TANH, 0);
    net.layers[0].l1 = net.layers[1].l1 = c->l1;
    net.layers[0].l2 = c->l2;
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    widen(x, targets, data);
    oracle_gradients(&net, x, targets, ROWS);
    for (size_t l = 0; l < 2; ++l)
        check_oracle(&net, net.layers[l].kernel, net.layers[l].kernel_gradient,
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
        cr_expect_lt(distance(model->layers[l].parameters[0].arrays[RNL_VALUES],
                              net.layers[l].kernel, net.layers[l].fan_in * net.layers[l].units),
                     3e-6, "kernel of layer %zu", l);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
    cr_expect_float_eq(evaluation->figures[0].value, oracle_loss(&net, x, targets, ROWS), 1e-5);
    rnl_evaluation_free(evaluation);
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* (rows, columns) as the constraint makes them: axis 0 or 1, or -1 for non_neg; limit 0 for norms
 * of 1. */
static void project(double *w, size_t rows, size_t columns, int axis, double limit)
{
    const size_t groups = axis == 1 ? rows : columns, members = axis == 1 ? columns : rows;
    const size_t step = axis == 1 ? columns : 1, stride = axis == 1 ? 1 : columns;
    for (size_t i = 0; axis < 0 && i < rows * columns; ++i)
        w[i] = fmax(w[i], 0);
    for (size_t g = 0; axis >= 0 && g < groups; ++g) {
        double squares = 0;
        for (size_t i = 0; i < members; ++i)
            squares += w[g * step + i * stride] * w[g * step + i * stride];
        for (size_t i = 0; i < members; ++i)
            w[g * step + i * stride] *= limit == 0              ? 1 / sqrt(squares)
                                        : sqrt(squares) > limit ? limit / sqrt(squares)
                                                                : 1;
    }
}

struct constraint_case {
    char text[48];
    int axis;
    double limit;
    size_t rows; /* of one row block or several */
};

ParameterizedTestParameters(gradients, constraints_project)
{
    static struct constraint_case cases[] = {
        {"{max_norm: {max_value: 1.7}}", 0, 1.7, ROWS},
        {"{max_norm: {max_value: 1.7}}", 0, 1.7, 20},
        {"{max_norm: {max_value: 4, axis: 1}}", 1, 4, ROWS},
        {"unit_norm", 0, 0, ROWS},
        {"{unit_norm: {axis: 1}}", 1, 0, 20},
        {"non_neg", -1, 0, ROWS},
        {"non_neg", -1, 0, 20},
    };
    return cr_make_param_array(struct constraint_case, cases, sizeof cases / sizeof *cases);
}

/* After one step, the weights are those of a step without the constraint, projected. */
ParameterizedTest(struct constraint_case *c, gradients, constraints_project)
{
    double expected[FEATURES * WIDE];
    const char *const texts[] = {"null", c->text};
    for (size_t constrained = 0; constrained < 2; ++constrained) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        data->train.rows = c->rows;
        rnl_model *model = fixture_model(
            fixture_config("model:\n"
                           "  - dense: {units: %d, kernel_initializer: he_normal,\n"
                           "            kernel_constraint: %s}\n"
                           "  - dense: {units: %d, activation: softmax}\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                           "           batch_size: %d}\n",
                           WIDE, texts[constrained], CLASSES, ROWS),
            data);
        cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                     rnl_message());
        const float *kernel = model->layers[0].parameters[0].arrays[RNL_VALUES];
        for (size_t i = 0; !constrained && i < FEATURES * WIDE; ++i)
            expected[i] = (double)kernel[i];
        if (constrained) {
            double before[FEATURES * WIDE];
            memcpy(before, expected, sizeof before);
            project(expected, FEATURES, WIDE, c->axis, c->limit);
            cr_expect_lt(distance(kernel, expected, FEATURES * WIDE), 2e-6, "%s", c->text);
            cr_expect_gt(distance(kernel, before, FEATURES * WIDE), 0.1, "%s", c->text);
        }
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

struct weights_case {
    size_t outputs;
    char last[16], loss[48];
    bool values; /* the labels as target values */
};

ParameterizedTestParameters(gradients, of_weighted_rows)
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
ParameterizedTest(struct weights_case *c, gradients, of_weighted_rows)
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

Test(gradients, class_weights_that_fit_no_class_are_refused)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model =
        create_model(data, "tanh", "softmax",
                     "sparse_categorical_crossentropy\n  class_weight: {4: 0.25}", "sgd", 16, 1);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "class_weight: expected a class number from 0 to 3, got '4'"),
              "%s", rnl_message());
    rnl_model_free(model);
    give_values(data);
    model = create_model(data, "tanh", "linear", "huber\n  class_weight: {0: 2}", "sgd", 16, 1);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "class_weight needs classes, which loss huber does not have"),
              "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

static int count_rows(const rnl_progress *progress, void *user)
{
    size_t *steps = user;
    ++*steps;
    cr_expect_eq(progress->rows, 32);
    cr_expect_leq(progress->rows_done, progress->rows);
    return 0;
}

/* Of 37 rows in mini-batches of 16, the last 5 of each epoch's order teach nothing. */
Test(gradients, without_the_last_smaller_batch)
{
    enum { WHOLE = 32 };
    uint64_t hashes[2];
    for (int dropped = 0; dropped < 2; ++dropped) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        data->train.rows = dropped ? ROWS : WHOLE;
        rnl_model *model = create_model(data, "tanh", "softmax",
                                        dropped ? "sparse_categorical_crossentropy\n"
                                                  "  drop_last: true"
                                                : "sparse_categorical_crossentropy",
                                        "momentum", 16, 3);
        size_t steps = 0;
        const rnl_options options = {.on_step = count_rows, .user = &steps};
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect_eq(steps, 6);
        hashes[dropped] = fixture_hash(model);
        rnl_model_free(model);
        rnl_data_free(data);
    }
    cr_expect_eq(hashes[0], hashes[1]);
}

struct optimizer_case {
    char text[64];
    double learning_rate, momentum;
    bool nesterov;
    bool adam;
    double tolerance;
};

ParameterizedTestParameters(gradients, of_a_run)
{
    static struct optimizer_case cases[] = {
        {"{sgd: {learning_rate: 0.05}}", 0.05, 0, false, false, 2e-6},
        {"{momentum: {learning_rate: 0.05}}", 0.05, 0.9, false, false, 2e-6},
        {"{sgd: {learning_rate: 0.05, momentum: 0.8}}", 0.05, 0.8, false, false, 2e-6},
        {"{nesterov: {learning_rate: 0.05}}", 0.05, 0.9, true, false, 2e-6},
        /* Where the gradient is nearly 0, its sign and so the step hang on rounding. */
        {"{adam: {learning_rate: 0.002}}", 0.002, 0, false, true, 4e-5},
    };
    return cr_make_param_array(struct optimizer_case, cases, sizeof cases / sizeof *cases);
}

/* Three epochs of two whole mini-batches and a short one, and the metrics on the way. */
ParameterizedTest(struct optimizer_case *c, gradients, of_a_run)
{
    enum { BATCH = 16, EPOCHS = 3 };
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = create_model(data, "elu", "softmax", "sparse_categorical_crossentropy",
                                    c->text, BATCH, EPOCHS);
    oracle net = create_oracle(model, ORACLE_ELU, 1);
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    widen(x, targets, data);
    int number = 0;
    for (size_t epoch = 0; epoch < EPOCHS; ++epoch)
        for (size_t begin = 0; begin < ROWS; begin += BATCH) {
            const size_t rows = ROWS - begin < BATCH ? ROWS - begin : BATCH;
            oracle_gradients(&net, x + begin * FEATURES, targets + begin * CLASSES, rows);
            if (c->adam)
                oracle_adam(&net, c->learning_rate, ++number);
            else
                oracle_update(&net, c->learning_rate, c->momentum, c->nesterov);
        }
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    for (size_t l = 0; l < net.layer_count; ++l) {
        const oracle_layer *layer = &net.layers[l];
        const rnl_parameter *parameters = model->layers[l].parameters;
        cr_expect_lt(
            distance(parameters[0].arrays[RNL_VALUES], layer->kernel, layer->fan_in * layer->units),
            c->tolerance, "kernel of layer %zu", l);
        cr_expect_lt(distance(parameters[1].arrays[RNL_VALUES], layer->bias, layer->units),
                     c->tolerance, "bias of layer %zu", l);
    }

    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(evaluation->rows, ROWS);
    cr_expect_str_eq(evaluation->figures[0].name, "loss");
    cr_expect_float_eq(evaluation->figures[0].value, oracle_loss(&net, x, targets, ROWS), 1e-5);
    uint64_t counted = 0, right = 0;
    for (size_t i = 0; i < CLASSES; ++i)
        for (size_t j = 0; j < CLASSES; ++j)
            counted += evaluation->confusion[i * CLASSES + j];
    for (size_t r = 0; r < ROWS; ++r) {
        double logits[CLASSES];
        oracle_forward(&net, x + r * FEATURES, logits);
        size_t best = 0;
        for (size_t k = 1; k < CLASSES; ++k)
            best = logits[k] > logits[best] ? k : best;
        right += best == (size_t)data->train.labels[r];
    }
    uint64_t diagonal = 0;
    for (size_t i = 0; i < CLASSES; ++i)
        diagonal += evaluation->confusion[i * CLASSES + i];
    cr_expect_eq(counted, ROWS);
    cr_expect_eq(diagonal, right);
    rnl_evaluation_free(evaluation);
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Parameters that gradients do not change are told apart. */
Test(summary, counts_what_is_not_trainable)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model =
        create_model(data, "tanh", "softmax", "sparse_categorical_crossentropy", "adam", 32, 1);
    model->layers[1].parameters[0].fixed = true;
    char *text = NULL;
    cr_assert_eq(rnl_model_summary(model, &text), RNL_OK);
    static const char *const lines[] = {
        "dense_2 (dense)                    (None, 20)                    2,620  (2,600 not "
        "trainable)\n",
        "Total parameters: 3,614 (14.46 kB)\nTrainable parameters: 1,014 (4.06 kB)\n"
        "Non-trainable parameters: 2,600 (10.40 kB)\n",
        "state of adam 8.11 kB\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i)
        cr_expect(strstr(text, lines[i]) != NULL, "%s", text);
    rnl_text_free(text);
    rnl_model_free(model);
    rnl_data_free(data);
}

static void keep_warning(rnl_log_level level, const char *text, void *user)
{
    if (level == RNL_LOG_WARNING)
        snprintf(user, 256, "%s", text);
}

/* Bytes as they come are far from 1, and tiny floats are; what training says of them. */
Test(scale, of_inputs_that_nothing_scales)
{
    for (int bytes = 0; bytes < 2; ++bytes) {
        char warning[256] = "";
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, bytes ? RNL_UINT8 : RNL_FLOAT32);
        for (size_t i = 0; !bytes && i < ROWS * FEATURES; ++i)
            ((float *)data->train.inputs)[i] *= 0.01f;
        rnl_model *model = create_model(data, "tanh", "softmax", "sparse_categorical_crossentropy",
                                        "{sgd: {learning_rate: 1e-4}}", 32, 1);
        const rnl_options options = {.on_log = keep_warning, .user = warning};
        cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect(strstr(warning, "nothing scales the inputs: the root mean square of input "
                                  "number ") != NULL,
                  "%s", warning);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

static void keep_sparsity(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    if (strstr(text, "within 0.001 of 0"))
        snprintf((char *)user + strlen(user), 256 - strlen(user), "%s\n", text);
}

/* Of a kernel that l1 alone moves, by the learning rate times l1 for each step. */
Test(gradients, l1_tells_how_many_weights_are_nearly_0)
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

/* The same, by soft thresholding: w = sign(w) max(|w| - 10 steps of learning_rate l1, 0), and the
 * penalty is in the loss. */
Test(gradients, l1_proximal_makes_weights_0)
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

/* ---- metrics --------------------------------------------------------------------------------- */

typedef double row_metric(const double *z, const double *t);

static double softmax_of(const double *z, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += exp(z[k] - z[j]);
    return 1 / sum;
}

static size_t largest_of(const double *z)
{
    size_t best = 0;
    for (size_t k = 1; k < CLASSES; ++k)
        best = z[k] > z[best] ? k : best;
    return best;
}

static double row_accuracy(const double *z, const double *t)
{
    return largest_of(z) == largest_of(t);
}

static double row_top_2(const double *z, const double *t)
{
    size_t before = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        before += z[k] > z[largest_of(t)];
    return before < 2;
}

static double row_softmax_mae(const double *z, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += fabs(softmax_of(z, k) - t[k]) / CLASSES;
    return sum;
}

static double row_mae(const double *z, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += fabs(z[k] - t[k]) / CLASSES;
    return sum;
}

static double row_mse(const double *z, const double *t)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        sum += (z[k] - t[k]) * (z[k] - t[k]) / CLASSES;
    return sum;
}

static double row_binary_accuracy(const double *z, const double *t)
{
    double right = 0;
    for (size_t k = 0; k < CLASSES; ++k)
        right += (z[k] > 0) == t[k];
    return right / CLASSES;
}

/* The metrics, named in YAML, of an untrained model are the means of those of its rows. */
static void check_metrics(const char *last, const char *loss, bool values, const char *names,
                          size_t count, row_metric *const *metrics)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    if (values)
        give_values(data);
    for (size_t i = 0; values && strcmp(last, "sigmoid") == 0 && i < ROWS * CLASSES; ++i)
        data->train.values[i] = data->train.values[i] > 0.4f;
    char text[256];
    snprintf(text, sizeof text, "%s\n  metrics: %s", loss, names);
    rnl_model *model = create_model(data, "tanh", last, text, "sgd", 16, 1);
    oracle net = create_oracle(model, ORACLE_TANH, 0);
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    widen(x, targets, data);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(evaluation->figure_count, 1 + count);
    for (size_t m = 0; m < count; ++m) {
        double sum = 0;
        for (size_t r = 0; r < ROWS; ++r) {
            double z[CLASSES];
            oracle_forward(&net, x + r * FEATURES, z);
            sum += metrics[m](z, targets + r * CLASSES);
        }
        cr_expect_float_eq(evaluation->figures[1 + m].value, sum / ROWS, 1e-6, "%s is %g, not %g",
                           evaluation->figures[1 + m].name, evaluation->figures[1 + m].value,
                           sum / ROWS);
    }
    rnl_evaluation_free(evaluation);
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(metrics, of_classes)
{
    check_metrics("softmax", "sparse_categorical_crossentropy", false,
                  "[accuracy, top_k_categorical_accuracy: {k: 2}]", 2,
                  (row_metric *const[]){row_accuracy, row_top_2});
    check_metrics("softmax", "categorical_crossentropy", true,
                  "[mae, accuracy, top_k_categorical_accuracy: {k: 2}]", 3,
                  (row_metric *const[]){row_softmax_mae, row_accuracy, row_top_2});
}

Test(metrics, of_values)
{
    check_metrics("linear", "mean_squared_error", true, "[mae, mse]", 2,
                  (row_metric *const[]){row_mae, row_mse});
    check_metrics("sigmoid", "binary_crossentropy", true, "[binary_accuracy, accuracy]", 2,
                  (row_metric *const[]){row_binary_accuracy, row_binary_accuracy});
}

/* Targets of 0, and outputs that are 0 or are not: 1 and 0, as scikit-learn's r2_score. */
Test(metrics, r2_of_targets_that_do_not_vary)
{
    for (int right = 0; right < 2; ++right) {
        rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
        give_values(data);
        memset(data->train.values, 0, ROWS * CLASSES * sizeof(float));
        rnl_model *model = fixture_model(
            fixture_config("model: [dense: {units: %d, kernel_initializer: %s}]\n"
                           "training: {loss: huber, metrics: [r2_score], optimizer: sgd}\n",
                           CLASSES, right ? "zeros" : "ones"),
            data);
        rnl_evaluation *evaluation = NULL;
        cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK);
        cr_expect_eq(evaluation->figures[1].value, right ? 1 : 0);
        rnl_evaluation_free(evaluation);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(metrics, that_say_nothing_are_refused)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    give_values(data);
    rnl_model *model = NULL;
    rnl_config *config = fixture_config("model: [dense: {units: %d}]\n"
                                        "training: {loss: mean_squared_error, optimizer: sgd,\n"
                                        "  metrics: [accuracy]}\n",
                                        CLASSES);
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), "test.yaml:3:13: metric accuracy needs classes, which loss "
                                    "mean_squared_error does not have");
    rnl_config_free(config);
    rnl_data_free(data);
}
