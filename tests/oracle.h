/*
 * An independent oracle: a network of dense layers with a loss, in double precision and plain
 * loops, trained by the textbook.
 */
#ifndef RNL_TESTS_ORACLE_H
#define RNL_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_MAX_LAYERS 8

typedef enum oracle_activation {
    ORACLE_LINEAR,
    ORACLE_RELU,
    ORACLE_ELU,
    ORACLE_SIGMOID,
    ORACLE_TANH,
    ORACLE_LEAKY_RELU, /* alpha: the slope below 0 */
    ORACLE_SELU,
    ORACLE_SOFTPLUS,
    ORACLE_SOFTSIGN,
    ORACLE_EXPONENTIAL,
    ORACLE_HARD_SIGMOID,
    ORACLE_SWISH,
    ORACLE_GELU,
    ORACLE_MISH
} oracle_activation;

typedef struct oracle_layer {
    size_t fan_in, units;
    oracle_activation activation;
    double alpha;
    double *kernel, *bias; /* (fan_in, units), (units) */
    double l1, l2;         /* the kernel's penalty: l1 sum |w| + l2 sum w^2, in the loss */
    double *kernel_gradient, *bias_gradient;
    double *kernel_velocity, *bias_velocity;
    double *kernel_squares, *bias_squares;
} oracle_layer;

/* The loss of a row, from outputs z and targets t over m columns. */
typedef enum oracle_loss_kind {
    ORACLE_CROSS_ENTROPY,  /* of softmax(z): - sum t log softmax(z) */
    ORACLE_BINARY,         /* of s = sigmoid(z): - sum (t log s + (1 - t) log(1 - s)) / m */
    ORACLE_SQUARES,        /* sum (z - t)^2 / m */
    ORACLE_ABSOLUTES,      /* sum |z - t| / m */
    ORACLE_HUBER,          /* sum e^2 / 2, beyond 1 |e| - 1/2, / m */
    ORACLE_POISSON,        /* sum (z - t log(z + 1e-7)) / m */
    ORACLE_POISSON_OF_LOG, /* sum (e^z - t z) / m */
    ORACLE_QUANTILE        /* sum max(q (t - z), (q - 1) (t - z)) / m, q = (j + 1) / (m + 1) */
} oracle_loss_kind;

typedef struct oracle {
    oracle_loss_kind loss;
    double smoothing; /* s of cross-entropies: targets (1 - s) t + s / m; binary: m = 2 */
    size_t layer_count;
    oracle_layer layers[ORACLE_MAX_LAYERS];
} oracle;

void oracle_add_layer(oracle *net, size_t fan_in, size_t units, oracle_activation activation,
                      double alpha);
void oracle_release(oracle *net);

/* Logits of one row (units of the last layer). */
void oracle_forward(const oracle *net, const double *x, double *logits);

/* Mean loss over the rows, with targets (rows, units of the last layer). */
double oracle_loss(const oracle *net, const double *x, const double *targets, size_t rows);

/* Analytic gradients of the mean loss, into the layers. */
void oracle_gradients(oracle *net, const double *x, const double *targets, size_t rows);

/* One step of adam with the layers' gradients; number from 1. */
void oracle_adam(oracle *net, double learning_rate, int number);

/* One step of gradient descent with the layers' gradients: v = m v - lr g; w += v, or Nesterov's
 * w += m v - lr g. */
void oracle_update(oracle *net, double learning_rate, double momentum, bool nesterov);

#endif
