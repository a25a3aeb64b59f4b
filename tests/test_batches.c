/*
 * Whole epochs at mini-batches of all kinds (one row block, several, one product for each panel of
 * the gradients, one for all of them; with and without a short last one) against the oracle.
 */
#include "engine/model/model.h"
#include "tests/fixtures.h"
#include "tests/oracle.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 330, FEATURES = 150, WIDE = 200, NARROW = 100, CLASSES = 10 };

static rnl_model *create_model(const rnl_data *data, unsigned batch_size)
{
    return fixture_model(
        fixture_config("data: {train: {spirals: {rows: 10}}, scaling: none}\n"
                       "model:\n"
                       "  - dense: {units: %d, activation: elu, kernel_initializer: he_normal}\n"
                       "  - dense: {units: %d, activation: elu}\n"
                       "  - dense: {units: %d, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, shuffle: false,\n"
                       "           optimizer: {sgd: {learning_rate: 0.05}}, batch_size: %u}\n",
                       WIDE, NARROW, CLASSES, batch_size),
        data);
}

static oracle create_oracle(const rnl_model *model)
{
    oracle net = {0};
    oracle_add_layer(&net, FEATURES, WIDE, ORACLE_ELU, 1);
    oracle_add_layer(&net, WIDE, NARROW, ORACLE_ELU, 1);
    oracle_add_layer(&net, NARROW, CLASSES, ORACLE_LINEAR, 0);
    for (size_t l = 0; l < net.layer_count; ++l)
        for (size_t i = 0; i < net.layers[l].fan_in * net.layers[l].units; ++i)
            net.layers[l].kernel[i] = (double)model->layers[l].parameters[0].arrays[RNL_VALUES][i];
    return net;
}

static void train_oracle(oracle *net, const rnl_data *data, size_t batch_size)
{
    static double x[ROWS * FEATURES], targets[ROWS * CLASSES];
    const float *inputs = data->train.inputs;
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        x[i] = (double)inputs[i];
    for (size_t i = 0; i < ROWS * CLASSES; ++i)
        targets[i] = data->train.labels[i / CLASSES] == (int32_t)(i % CLASSES);
    for (size_t begin = 0; begin < ROWS; begin += batch_size) {
        const size_t rows = ROWS - begin < batch_size ? ROWS - begin : batch_size;
        oracle_gradients(net, x + begin * FEATURES, targets + begin * CLASSES, rows);
        oracle_update(net, 0.05, 0, false);
    }
}

static void expect_near(const float *values, const double *exact, size_t count, const char *what,
                        size_t layer)
{
    for (size_t i = 0; i < count; ++i)
        cr_assert_float_eq((double)values[i], exact[i], 2e-6, "%s of layer %zu at %zu", what, layer,
                           i);
}

ParameterizedTestParameters(batches, agree_with_the_oracle)
{
    static unsigned sizes[] = {7, 32, 33, 48, 64, 128, 130, 160, 300, 330};
    return cr_make_param_array(unsigned, sizes, sizeof sizes / sizeof *sizes);
}

ParameterizedTest(unsigned *batch_size, batches, agree_with_the_oracle)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = create_model(data, *batch_size);
    oracle net = create_oracle(model);
    train_oracle(&net, data, *batch_size);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    for (size_t l = 0; l < net.layer_count; ++l) {
        const oracle_layer *layer = &net.layers[l];
        const rnl_parameter *parameters = model->layers[l].parameters;
        expect_near(parameters[0].arrays[RNL_VALUES], layer->kernel, layer->fan_in * layer->units,
                    "kernel", l);
        expect_near(parameters[1].arrays[RNL_VALUES], layer->bias, layer->units, "bias", l);
    }
    oracle_release(&net);
    rnl_model_free(model);
    rnl_data_free(data);
}
