/*
 * A net of three dense layers for noise of few rows, and its oracle.
 */
#ifndef RNL_TESTS_DENSE_NET_H
#define RNL_TESTS_DENSE_NET_H

#include "tests/fixtures.h"
#include "tests/oracle.h"

/* 37 rows make three row blocks with padding, 130 units two column blocks of different widths. */
enum { ROWS = 37, FEATURES = 6, WIDE = 130, NARROW = 20, CLASSES = 4 };

/* The model, not trained, with activations of its layers in YAML, without shuffling. */
rnl_model *dense_net_of(const rnl_data *data, const char *first, const char *second,
                        const char *last, const char *loss, const char *optimizer,
                        unsigned batch_size, unsigned epochs);

/* The same with one activation of both hidden layers. */
rnl_model *dense_net(const rnl_data *data, const char *activation, const char *last,
                     const char *loss, const char *optimizer, unsigned batch_size, unsigned epochs);

/* Its oracle, with the parameters that the model has now; alpha is that of the activation. */
oracle dense_net_oracle_of(const rnl_model *model, oracle_activation first,
                           oracle_activation second, double alpha);
oracle dense_net_oracle(const rnl_model *model, oracle_activation activation, double alpha);
void dense_net_take_parameters(oracle *net, const rnl_model *model);

/* Inputs (ROWS, FEATURES) and targets (ROWS, CLASSES) in double; a class becomes 0 and 1, a
 * single value that of all outputs. */
void dense_net_widen(double *x, double *targets, const rnl_data *data);

/* Target values from 0 to 1 in place of the labels. */
void dense_net_give_values(rnl_data *data);

/* The largest difference between a parameter of the model and the oracle's. */
double dense_net_distance(const float *values, const double *expected, size_t count);

double dense_net_norm(const double *values, size_t count);

/* Every `stride`-th analytic gradient of the oracle within 1e-6 of the central difference. */
void dense_net_check_oracle(const oracle *net, double *weights, const double *gradients,
                            size_t count, size_t stride, const double *x, const double *targets,
                            size_t rows);

#endif
