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
#include <string.h>

/* 37 rows make three row blocks with padding, 130 units two column blocks of different widths. */
enum { ROWS = 37, FEATURES = 6, WIDE = 130, NARROW = 20, CLASSES = 4 };

static rnl_model *create_model(const rnl_data *data, const char *activation, const char *optimizer,
                               unsigned batch_size, unsigned epochs)
{
    return fixture_model(
        fixture_config("data: {train: {spirals: {rows: 10}}, scaling: none}\n"
                       "model:\n"
                       "  - dense: {units: %d, activation: %s, kernel_initializer: he_normal}\n"
                       "  - dense: {units: %d, activation: %s}\n"
                       "  - dense: {units: %d, activation: softmax}\n"
                       "training:\n"
                       "  loss: sparse_categorical_crossentropy\n"
                       "  optimizer: %s\n"
                       "  batch_size: %u\n"
                       "  epochs: %u\n"
                       "  shuffle: false\n",
                       WIDE, activation, NARROW, activation, CLASSES, optimizer, batch_size,
                       epochs),
        data);
}

static oracle create_oracle(const rnl_model *model, oracle_activation activation, double alpha)
{
    oracle net = {0};
    oracle_add_layer(&net, FEATURES, WIDE, activation, alpha);
    oracle_add_layer(&net, WIDE, NARROW, activation, alpha);
    oracle_add_layer(&net, NARROW, CLASSES, ORACLE_LINEAR, 0);
    for (size_t l = 0; l < net.layer_count; ++l) {
        const rnl_parameter *parameters = model->layers[l].parameters;
        for (size_t i = 0; i < net.layers[l].fan_in * net.layers[l].units; ++i)
            net.layers[l].kernel[i] = (double)parameters[0].arrays[RNL_VALUES][i];
        for (size_t i = 0; i < net.layers[l].units; ++i)
            net.layers[l].bias[i] = (double)parameters[1].arrays[RNL_VALUES][i];
    }
    return net;
}

static void widen(double *x, const rnl_data *data)
{
    for (size_t i = 0; i < data->train.rows * FEATURES; ++i)
        x[i] = (double)((const float *)data->train.inputs)[i];
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
                                 const int32_t *labels)
{
    const double kept = *weight, h = 1e-5;
    *weight = kept + h;
    const double above = oracle_loss(net, x, labels, ROWS);
    *weight = kept - h;
    const double below = oracle_loss(net, x, labels, ROWS);
    *weight = kept;
    return (above - below) / (2 * h);
}

/* Every `stride`-th analytic gradient of the oracle within 1e-6 of the central difference. */
static void check_oracle(const oracle *net, double *weights, const double *gradients, size_t count,
                         size_t stride, const double *x, const int32_t *labels)
{
    for (size_t i = 0; i < count; i += stride)
        cr_assert_float_eq(gradients[i], central_difference(net, &weights[i], x, labels),
                           1e-6 * (norm(gradients, count) + 1e-3));
}

struct activation_case {
    char name[32];
    oracle_activation activation;
    double alpha;
};

ParameterizedTestParameters(gradients, of_one_step)
{
    static struct activation_case cases[] = {
        {"linear", ORACLE_LINEAR, 0},   {"relu", ORACLE_RELU, 0},
        {"elu", ORACLE_ELU, 1},         {"{elu: {alpha: 0.5}}", ORACLE_ELU, 0.5},
        {"sigmoid", ORACLE_SIGMOID, 0}, {"tanh", ORACLE_TANH, 0},
    };
    return cr_make_param_array(struct activation_case, cases, sizeof cases / sizeof *cases);
}

/* One step of plain descent with learning rate 1 on all rows: the weights move by the gradient. */
ParameterizedTest(struct activation_case *c, gradients, of_one_step)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = create_model(data, c->name, "{sgd: {learning_rate: 1.0}}", ROWS, 1);
    oracle net = create_oracle(model, c->activation, c->alpha);
    double x[ROWS * FEATURES];
    widen(x, data);
    oracle_gradients(&net, x, data->train.labels, ROWS);
    for (size_t l = 0; l < net.layer_count; ++l) {
        const oracle_layer *layer = &net.layers[l];
        check_oracle(&net, layer->kernel, layer->kernel_gradient, layer->fan_in * layer->units, 17,
                     x, data->train.labels);
        check_oracle(&net, layer->bias, layer->bias_gradient, layer->units, 3, x,
                     data->train.labels);
    }

    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                 rnl_message());
    oracle_update(&net, 1.0, 0, false);
    for (size_t l = 0; l < net.layer_count; ++l) {
        const oracle_layer *layer = &net.layers[l];
        const size_t count = layer->fan_in * layer->units;
        const float *kernel = model->layers[l].parameters[0].arrays[RNL_VALUES];
        const float *bias = model->layers[l].parameters[1].arrays[RNL_VALUES];
        cr_expect_lt(distance(kernel, layer->kernel, count),
                     1e-5 * norm(layer->kernel_gradient, count), "kernel of layer %zu", l);
        cr_expect_lt(distance(bias, layer->bias, layer->units),
                     1e-5 * norm(layer->bias_gradient, layer->units), "bias of layer %zu", l);
    }
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
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
    rnl_model *model = create_model(data, "elu", c->text, BATCH, EPOCHS);
    oracle net = create_oracle(model, ORACLE_ELU, 1);
    double x[ROWS * FEATURES];
    widen(x, data);
    int number = 0;
    for (size_t epoch = 0; epoch < EPOCHS; ++epoch)
        for (size_t begin = 0; begin < ROWS; begin += BATCH) {
            const size_t rows = ROWS - begin < BATCH ? ROWS - begin : BATCH;
            oracle_gradients(&net, x + begin * FEATURES, data->train.labels + begin, rows);
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
    cr_expect_float_eq(evaluation->figures[0].value, oracle_loss(&net, x, data->train.labels, ROWS),
                       1e-5);
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
