#include "tests/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_UNITS 1024

void oracle_add_layer(oracle *net, size_t fan_in, size_t units, oracle_activation activation,
                      double alpha)
{
    const size_t count = fan_in * units;
    net->layers[net->layer_count++] = (oracle_layer){
        .fan_in = fan_in,
        .units = units,
        .activation = activation,
        .alpha = alpha,
        .kernel = calloc(count, sizeof(double)),
        .bias = calloc(units, sizeof(double)),
        .kernel_gradient = calloc(count, sizeof(double)),
        .bias_gradient = calloc(units, sizeof(double)),
        .kernel_velocity = calloc(count, sizeof(double)),
        .bias_velocity = calloc(units, sizeof(double)),
        .kernel_squares = calloc(count, sizeof(double)),
        .bias_squares = calloc(units, sizeof(double)),
    };
}

void oracle_release(oracle *net)
{
    for (size_t i = 0; i < net->layer_count; ++i) {
        const oracle_layer *layer = &net->layers[i];
        free(layer->kernel);
        free(layer->bias);
        free(layer->kernel_gradient);
        free(layer->bias_gradient);
        free(layer->kernel_velocity);
        free(layer->bias_velocity);
        free(layer->kernel_squares);
        free(layer->bias_squares);
    }
}

static double activate(const oracle_layer *layer, double z)
{
    switch (layer->activation) {
    case ORACLE_RELU:
        return z > 0 ? z : 0;
    case ORACLE_ELU:
        return z >= 0 ? z : layer->alpha * expm1(z);
    case ORACLE_SIGMOID:
        return 1 / (1 + exp(-z));
    case ORACLE_TANH:
        return tanh(z);
    case ORACLE_LEAKY_RELU:
        return z >= 0 ? z : layer->alpha * z;
    case ORACLE_SELU:
        return 1.0507009873554805 * (z >= 0 ? z : 1.6732632423543772 * expm1(z));
    case ORACLE_SOFTPLUS:
        return log1p(exp(z));
    case ORACLE_SOFTSIGN:
        return z / (1 + fabs(z));
    case ORACLE_EXPONENTIAL:
        return exp(z);
    case ORACLE_HARD_SIGMOID:
        return fmin(fmax(z + 3, 0), 6) / 6;
    case ORACLE_SWISH:
        return z / (1 + exp(-z));
    case ORACLE_GELU:
        return z * erfc(-z / sqrt(2)) / 2;
    case ORACLE_MISH:
        return z * tanh(log1p(exp(z)));
    default:
        return z;
    }
}

static double derivative(const oracle_layer *layer, double z)
{
    switch (layer->activation) {
    case ORACLE_RELU:
        return z > 0;
    case ORACLE_ELU:
        return z >= 0 ? 1 : layer->alpha * exp(z);
    case ORACLE_SIGMOID:
        return exp(-z) / ((1 + exp(-z)) * (1 + exp(-z)));
    case ORACLE_TANH:
        return 1 / (cosh(z) * cosh(z));
    case ORACLE_LEAKY_RELU:
        return z >= 0 ? 1 : layer->alpha;
    case ORACLE_SELU:
        return 1.0507009873554805 * (z >= 0 ? 1 : 1.6732632423543772 * exp(z));
    case ORACLE_SOFTPLUS:
        return 1 / (1 + exp(-z));
    case ORACLE_SOFTSIGN:
        return 1 / ((1 + fabs(z)) * (1 + fabs(z)));
    case ORACLE_EXPONENTIAL:
        return exp(z);
    case ORACLE_HARD_SIGMOID:
        return fabs(z) < 3 ? 1.0 / 6 : 0;
    case ORACLE_SWISH:
        return (1 + z / (1 + exp(z))) / (1 + exp(-z));
    case ORACLE_GELU:
        return erfc(-z / sqrt(2)) / 2 + z * exp(-z * z / 2) / sqrt(2 * M_PI);
    case ORACLE_MISH:
        return tanh(log1p(exp(z))) + z / ((1 + exp(-z)) * pow(cosh(log1p(exp(z))), 2));
    default:
        return 1;
    }
}

/* z = x W + b */
static void pre_activation(const oracle_layer *layer, const double *x, double *z)
{
    for (size_t u = 0; u < layer->units; ++u) {
        z[u] = layer->bias[u];
        for (size_t i = 0; i < layer->fan_in; ++i)
            z[u] += x[i] * layer->kernel[i * layer->units + u];
    }
}

void oracle_forward(const oracle *net, const double *x, double *logits)
{
    double y[MAX_UNITS], z[MAX_UNITS];
    memcpy(y, x, net->layers[0].fan_in * sizeof *y);
    for (size_t l = 0; l < net->layer_count; ++l) {
        pre_activation(&net->layers[l], y, z);
        for (size_t u = 0; u < net->layers[l].units; ++u)
            y[u] = activate(&net->layers[l], z[u]);
    }
    memcpy(logits, y, net->layers[net->layer_count - 1].units * sizeof *y);
}

static double log_sum_exp(const double *z, size_t count)
{
    double largest = z[0], sum = 0;
    for (size_t i = 1; i < count; ++i)
        largest = fmax(largest, z[i]);
    for (size_t i = 0; i < count; ++i)
        sum += exp(z[i] - largest);
    return largest + log(sum);
}

/* What one column adds to a loss that is a mean over the columns. */
static double value_loss(oracle_loss_kind loss, double z, double t)
{
    const double e = z - t;
    return loss == ORACLE_ABSOLUTES        ? fabs(e)
           : loss == ORACLE_HUBER          ? (fabs(e) <= 1 ? e * e / 2 : fabs(e) - 0.5)
           : loss == ORACLE_POISSON        ? z - t * log(z + 1e-7)
           : loss == ORACLE_POISSON_OF_LOG ? exp(z) - t * z
                                           : e * e;
}

static double value_slope(oracle_loss_kind loss, double z, double t)
{
    const double e = z - t, sign = (e > 0) - (e < 0);
    return loss == ORACLE_ABSOLUTES        ? sign
           : loss == ORACLE_HUBER          ? (fabs(e) <= 1 ? e : sign)
           : loss == ORACLE_POISSON        ? 1 - t / (z + 1e-7)
           : loss == ORACLE_POISSON_OF_LOG ? exp(z) - t
                                           : 2 * e;
}

static double target(const oracle *net, const double *t, size_t j)
{
    const size_t m = net->loss == ORACLE_BINARY ? 2 : net->layers[net->layer_count - 1].units;
    return (1 - net->smoothing) * t[j] + net->smoothing / (double)m;
}

static double quantile_loss(double z, double t, double q)
{
    return fmax(q * (t - z), (q - 1) * (t - z));
}

static double quantile_slope(double z, double t, double q)
{
    return t > z ? -q : t < z ? 1 - q : 0;
}

static double row_loss(const oracle *net, const double *z, const double *t)
{
    const size_t m = net->layers[net->layer_count - 1].units;
    const double normalizer = log_sum_exp(z, m);
    double sum = 0;
    for (size_t j = 0; j < m; ++j) {
        const double s = 1 / (1 + exp(-z[j])), y = target(net, t, j);
        sum += net->loss == ORACLE_CROSS_ENTROPY ? y * (normalizer - z[j])
               : net->loss == ORACLE_BINARY      ? -(y * log(s) + (1 - y) * log(1 - s)) / (double)m
               : net->loss == ORACLE_QUANTILE
                   ? quantile_loss(z[j], t[j], (double)(j + 1) / (double)(m + 1)) / (double)m
                   : value_loss(net->loss, z[j], t[j]) / (double)m;
    }
    return sum;
}

static void row_slope(const oracle *net, const double *z, const double *t, double *slope)
{
    const size_t m = net->layers[net->layer_count - 1].units;
    const double normalizer = log_sum_exp(z, m);
    double total = 0;
    for (size_t j = 0; j < m; ++j)
        total += target(net, t, j);
    for (size_t j = 0; j < m; ++j)
        slope[j] =
            net->loss == ORACLE_CROSS_ENTROPY ? total * exp(z[j] - normalizer) - target(net, t, j)
            : net->loss == ORACLE_BINARY ? (1 / (1 + exp(-z[j])) - target(net, t, j)) / (double)m
            : net->loss == ORACLE_QUANTILE
                ? quantile_slope(z[j], t[j], (double)(j + 1) / (double)(m + 1)) / (double)m
                : value_slope(net->loss, z[j], t[j]) / (double)m;
}

static double penalty(const oracle *net)
{
    double sum = 0;
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        for (size_t i = 0; i < layer->fan_in * layer->units; ++i)
            sum += layer->l1 * fabs(layer->kernel[i]) +
                   layer->l2 * layer->kernel[i] * layer->kernel[i];
    }
    return sum;
}

double oracle_loss(const oracle *net, const double *x, const double *targets, size_t rows)
{
    const size_t outputs = net->layers[net->layer_count - 1].units;
    double sum = 0;
    for (size_t r = 0; r < rows; ++r) {
        double z[MAX_UNITS];
        oracle_forward(net, x + r * net->layers[0].fan_in, z);
        sum += row_loss(net, z, targets + r * outputs);
    }
    return sum / (double)rows + penalty(net);
}

/* Adds the gradients of one row's loss times `scale`. */
static void add_row_gradients(oracle *net, const double *x, const double *targets, double scale)
{
    static _Thread_local double z[ORACLE_MAX_LAYERS][MAX_UNITS];
    static _Thread_local double y[ORACLE_MAX_LAYERS + 1][MAX_UNITS];
    const size_t last = net->layer_count - 1;
    memcpy(y[0], x, net->layers[0].fan_in * sizeof *x);
    for (size_t l = 0; l <= last; ++l) {
        pre_activation(&net->layers[l], y[l], z[l]);
        for (size_t u = 0; u < net->layers[l].units; ++u)
            y[l + 1][u] = activate(&net->layers[l], z[l][u]);
    }
    double delta[MAX_UNITS], below[MAX_UNITS];
    row_slope(net, y[last + 1], targets, delta);
    for (size_t u = 0; u < net->layers[last].units; ++u)
        delta[u] *= scale;
    for (size_t l = last + 1; l-- > 0;) {
        oracle_layer *layer = &net->layers[l];
        memset(below, 0, sizeof below);
        for (size_t u = 0; u < layer->units; ++u) {
            const double d = delta[u] * derivative(layer, z[l][u]);
            layer->bias_gradient[u] += d;
            for (size_t i = 0; i < layer->fan_in; ++i) {
                layer->kernel_gradient[i * layer->units + u] += d * y[l][i];
                below[i] += d * layer->kernel[i * layer->units + u];
            }
        }
        memcpy(delta, below, sizeof delta);
    }
}

void oracle_gradients(oracle *net, const double *x, const double *targets, size_t rows)
{
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        memset(layer->kernel_gradient, 0, layer->fan_in * layer->units * sizeof(double));
        memset(layer->bias_gradient, 0, layer->units * sizeof(double));
    }
    for (size_t r = 0; r < rows; ++r)
        add_row_gradients(net, x + r * net->layers[0].fan_in,
                          targets + r * net->layers[net->layer_count - 1].units,
                          1.0 / (double)rows);
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        for (size_t i = 0; i < layer->fan_in * layer->units; ++i) {
            const double w = layer->kernel[i];
            layer->kernel_gradient[i] += layer->l1 * ((w > 0) - (w < 0)) + 2 * layer->l2 * w;
        }
    }
}

static void update(double *w, double *v, const double *g, size_t count, double learning_rate,
                   double momentum, bool nesterov)
{
    for (size_t i = 0; i < count; ++i) {
        v[i] = momentum * v[i] - learning_rate * g[i];
        w[i] += nesterov ? momentum * v[i] - learning_rate * g[i] : v[i];
    }
}

void oracle_update(oracle *net, double learning_rate, double momentum, bool nesterov)
{
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        update(layer->kernel, layer->kernel_velocity, layer->kernel_gradient,
               layer->fan_in * layer->units, learning_rate, momentum, nesterov);
        update(layer->bias, layer->bias_velocity, layer->bias_gradient, layer->units, learning_rate,
               momentum, nesterov);
    }
}

static void adam(double *w, double *m, double *v, const double *g, size_t count,
                 double learning_rate, int number)
{
    const double rate = learning_rate * sqrt(1 - pow(0.999, number)) / (1 - pow(0.9, number));
    for (size_t i = 0; i < count; ++i) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        w[i] -= rate * m[i] / (sqrt(v[i]) + 1e-7);
    }
}

void oracle_adam(oracle *net, double learning_rate, int number)
{
    for (size_t l = 0; l < net->layer_count; ++l) {
        const oracle_layer *layer = &net->layers[l];
        adam(layer->kernel, layer->kernel_velocity, layer->kernel_squares, layer->kernel_gradient,
             layer->fan_in * layer->units, learning_rate, number);
        adam(layer->bias, layer->bias_velocity, layer->bias_squares, layer->bias_gradient,
             layer->units, learning_rate, number);
    }
}
