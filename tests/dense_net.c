#include "tests/dense_net.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

rnl_model *dense_net_of(const rnl_data *data, const char *first, const char *second,
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

rnl_model *dense_net(const rnl_data *data, const char *activation, const char *last,
                     const char *loss, const char *optimizer, unsigned batch_size, unsigned epochs)
{
    return dense_net_of(data, activation, activation, last, loss, optimizer, batch_size, epochs);
}

void dense_net_take_parameters(oracle *net, const rnl_model *model)
{
    for (size_t l = 0; l < net->layer_count; ++l) {
        const rnl_parameter *parameters = model->layers[l].parameters;
        for (size_t i = 0; i < net->layers[l].fan_in * net->layers[l].units; ++i)
            net->layers[l].kernel[i] = (double)parameters[0].arrays[RNL_VALUES][i];
        for (size_t i = 0; i < net->layers[l].units; ++i)
            net->layers[l].bias[i] = (double)parameters[1].arrays[RNL_VALUES][i];
    }
}

oracle dense_net_oracle_of(const rnl_model *model, oracle_activation first,
                           oracle_activation second, double alpha)
{
    oracle net = {0};
    oracle_add_layer(&net, FEATURES, WIDE, first, alpha);
    oracle_add_layer(&net, WIDE, NARROW, second, alpha);
    oracle_add_layer(&net, NARROW, CLASSES, ORACLE_LINEAR, 0);
    dense_net_take_parameters(&net, model);
    return net;
}

oracle dense_net_oracle(const rnl_model *model, oracle_activation activation, double alpha)
{
    return dense_net_oracle_of(model, activation, activation, alpha);
}

void dense_net_widen(double *x, double *targets, const rnl_data *data)
{
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        x[i] = (double)((const float *)data->train.inputs)[i];
    const size_t outputs = data->train.value_columns == 1 ? CLASSES : 1;
    for (size_t i = 0; i < ROWS * CLASSES; ++i)
        targets[i] = data->train.values
                         ? (double)data->train.values[i / outputs]
                         : (double)((size_t)data->train.labels[i / CLASSES] == i % CLASSES);
}

void dense_net_give_values(rnl_data *data)
{
    free(data->train.labels);
    data->train.labels = NULL;
    data->train.value_columns = CLASSES;
    data->train.values = malloc(ROWS * CLASSES * sizeof(float));
    for (size_t i = 0; i < ROWS * CLASSES; ++i)
        data->train.values[i] = (float)(i * 7 % 11) / 10;
    rnl_dataset_measure_labels(&data->train);
}

double dense_net_distance(const float *values, const double *expected, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; ++i)
        largest = fmax(largest, fabs((double)values[i] - expected[i]));
    return largest;
}

double dense_net_norm(const double *values, size_t count)
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

void dense_net_check_oracle(const oracle *net, double *weights, const double *gradients,
                            size_t count, size_t stride, const double *x, const double *targets,
                            size_t rows)
{
    for (size_t i = 0; i < count; i += stride)
        cr_assert_float_eq(gradients[i], central_difference(net, &weights[i], x, targets, rows),
                           1e-6 * (dense_net_norm(gradients, count) + 1e-3));
}
