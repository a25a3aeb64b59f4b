/*
 * The figures of an inspection against the oracle, and where outputs are flat.
 */
#include "tests/fixtures.h"
#include "tests/oracle.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 130 units are two column blocks; mini-batches of 16 rows leave one of 5, and 37 are three row
 * blocks. */
enum { ROWS = 37, FEATURES = 6, WIDE = 130, NARROW = 20, CLASSES = 4, EPOCHS = 2 };

#define RATE 0.05

typedef struct oracle_run {
    oracle net;
    size_t batch_size, calls;
    double x[ROWS * FEATURES], targets[ROWS * CLASSES];
} oracle_run;

static void expect_near(double got, double expected, const char *what, const char *layer,
                        size_t epoch)
{
    cr_expect_float_eq(got, expected, 2e-5 * fmax(fabs(expected), 1e-3),
                       "%s of %s after epoch %zu: %.9g, expected %.9g", what, layer, epoch, got,
                       expected);
}

static double norm(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += values[i] * values[i];
    return sqrt(sum);
}

/* The outputs of layer l, (rows, units): those of the net cut off behind it. */
static double *outputs_of(const oracle_run *run, size_t l, size_t rows)
{
    oracle part = run->net;
    part.layer_count = l + 1;
    double *y = calloc(rows * part.layers[l].units, sizeof *y);
    for (size_t i = 0; i < rows; ++i)
        oracle_forward(&part, run->x + i * FEATURES, y + i * part.layers[l].units);
    return y;
}

static void check_outputs(const oracle_run *run, size_t l, const rnl_inspection *inspection)
{
    const rnl_layer_inspection *got = &inspection->layers[l];
    const size_t rows = inspection->rows, units = run->net.layers[l].units;
    const size_t count = rows * units;
    double *y = outputs_of(run, l, rows);
    double mean = 0, variance = 0;
    size_t flat = 0, dead = 0;
    for (size_t i = 0; i < count; ++i)
        mean += y[i] / (double)count;
    for (size_t i = 0; i < count; ++i) {
        variance += (y[i] - mean) * (y[i] - mean) / (double)count;
        flat += y[i] * (1 - y[i]) < 0.02 * 0.25;
    }
    for (size_t j = 0; j < units; ++j) {
        bool alive = false;
        for (size_t i = 0; i < rows; ++i)
            alive |= y[i * units + j] > 0;
        dead += !alive;
    }
    expect_near(got->mean, mean, "mean", got->layer, inspection->epoch);
    expect_near(got->deviation, sqrt(variance), "deviation", got->layer, inspection->epoch);
    if (run->net.layers[l].activation == ORACLE_SIGMOID) {
        cr_expect_gt(flat, 0);
        expect_near(got->saturated, (double)flat / (double)count, "saturated share", got->layer,
                    inspection->epoch);
    } else {
        cr_expect(isnan(got->saturated));
    }
    if (run->net.layers[l].activation == ORACLE_RELU) {
        cr_expect_gt(dead, 0);
        expect_near(got->dead, (double)dead / (double)units, "dead share", got->layer,
                    inspection->epoch);
    } else {
        cr_expect(isnan(got->dead));
    }
    free(y);
}

/* Plain descent: the update is the gradient times the rate. */
static int compare(const rnl_inspection *inspection, void *user)
{
    oracle_run *run = user;
    cr_assert_eq(inspection->epoch, run->calls);
    cr_assert_eq(inspection->layer_count, 3);
    cr_assert_eq(inspection->rows, ROWS);
    oracle_gradients(&run->net, run->x, run->targets, run->batch_size);
    for (size_t l = 0; l < 3; ++l) {
        const rnl_layer_inspection *got = &inspection->layers[l];
        const oracle_layer *layer = &run->net.layers[l];
        const size_t weights = layer->fan_in * layer->units;
        const double gradient = norm(layer->kernel_gradient, weights);
        check_outputs(run, l, inspection);
        expect_near(got->gradient_norm, gradient, "gradient", got->layer, inspection->epoch);
        expect_near(got->update_norm, RATE * gradient, "update", got->layer, inspection->epoch);
        expect_near(got->weight_norm, norm(layer->kernel, weights), "weights", got->layer,
                    inspection->epoch);
    }
    for (size_t begin = 0; begin < ROWS; begin += run->batch_size) {
        const size_t left = ROWS - begin;
        oracle_gradients(&run->net, run->x + begin * FEATURES, run->targets + begin * CLASSES,
                         left < run->batch_size ? left : run->batch_size);
        oracle_update(&run->net, RATE, 0, false);
    }
    ++run->calls;
    return 0;
}

static void start_oracle(oracle_run *run, const rnl_model *model, const rnl_data *data)
{
    oracle_add_layer(&run->net, FEATURES, WIDE, ORACLE_SIGMOID, 0);
    oracle_add_layer(&run->net, WIDE, NARROW, ORACLE_RELU, 0);
    oracle_add_layer(&run->net, NARROW, CLASSES, ORACLE_LINEAR, 0);
    run->net.layers[1].l2 = 0.01;
    for (size_t l = 0; l < 3; ++l)
        for (size_t i = 0; i < run->net.layers[l].fan_in * run->net.layers[l].units; ++i)
            run->net.layers[l].kernel[i] =
                (double)model->layers[l + 1].parameters[0].arrays[RNL_VALUES][i];
    for (size_t i = 0; i < ROWS * FEATURES; ++i)
        run->x[i] = (double)((const float *)data->train.inputs)[i];
    for (size_t i = 0; i < ROWS; ++i)
        run->targets[i * CLASSES + (size_t)data->train.labels[i]] = 1;
}

ParameterizedTestParameters(inspect_figures, tells_what_the_oracle_tells)
{
    static size_t batch_sizes[] = {16, ROWS};
    return cr_make_param_array(size_t, batch_sizes, COUNT(batch_sizes));
}

ParameterizedTest(size_t *batch_size, inspect_figures, tells_what_the_oracle_tells)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - flatten\n"
                       "  - dense: {units: %d, activation: sigmoid,\n"
                       "            kernel_initializer: {random_normal: {stddev: 2}}}\n"
                       "  - dense: {units: %d, activation: relu, kernel_regularizer: {l2: 0.01}}\n"
                       "  - dense: {units: %d, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, inspect: true,\n"
                       "           optimizer: {sgd: {learning_rate: %g}}, batch_size: %zu,\n"
                       "           epochs: %d, shuffle: false, seed: 2}\n",
                       WIDE, NARROW, CLASSES, RATE, *batch_size, EPOCHS),
        data);
    oracle_run run = {.batch_size = *batch_size};
    start_oracle(&run, model, data);
    const rnl_options options = {.threads = 2, .on_inspect = compare, .user = &run};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_eq(run.calls, EPOCHS + 1);
    oracle_release(&run.net);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* z from -8 to 8 in 4001 rows; f by libm, f' by central differences. */
enum { STEPS = 4001 };

static double hard(double z)
{
    return fmin(fmax((z + 3) / 6, 0), 1);
}

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

static double softsign(double z)
{
    return z / (1 + fabs(z));
}

static int keep_saturated(const rnl_inspection *inspection, void *user)
{
    *(double *)user = inspection->layers[inspection->layer_count - 2].saturated;
    return 1;
}

Test(inspect_figures, counts_outputs_where_f_is_flat)
{
    static const struct {
        const char *name;
        double (*f)(double z);
        double steepest;
    } shapes[] = {{"sigmoid", sigmoid, 0.25},
                  {"tanh", tanh, 1},
                  {"softsign", softsign, 1},
                  {"hard_sigmoid", hard, 1.0 / 6}};
    static float x[STEPS], t[STEPS];
    for (size_t i = 0; i < STEPS; ++i)
        x[i] = (float)((double)i * 0.004 - 8);
    static const size_t shape[] = {1};
    const rnl_rows rows = {STEPS, 1, shape, .floats = x, .values = t, .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    for (size_t k = 0; k < COUNT(shapes); ++k) {
        /* Once as a layer of its own. */
        for (int own = 0; own < 2; ++own) {
            rnl_model *model = fixture_model(
                fixture_config("model:\n"
                               "  - dense: {units: 1, kernel_initializer: ones, activation: %s}\n"
                               "  - activation: %s\n"
                               "  - dense: {units: 1}\n"
                               "training: {loss: mean_squared_error, optimizer: sgd,\n"
                               "           inspect: true, batch_size: %d, shuffle: false}\n",
                               own ? "linear" : shapes[k].name, own ? shapes[k].name : "linear",
                               STEPS),
                data);
            double got[2] = {NAN, NAN};
            const rnl_options options = {.threads = 2, .on_inspect = keep_saturated, .user = got};
            cr_expect_eq(rnl_train(model, data, &options), RNL_STOPPED);
            double expected = 0;
            for (size_t i = 0; i < STEPS; ++i) {
                const double z = (double)x[i], h = 1e-6;
                const double slope = (shapes[k].f(z + h) - shapes[k].f(z - h)) / (2 * h);
                expected += slope < 0.02 * shapes[k].steepest;
            }
            if (own)
                cr_expect_float_eq(got[0] * STEPS, expected, 2, "%s: %g of %d, expected %g",
                                   shapes[k].name, got[0] * STEPS, STEPS, expected);
            else
                cr_expect(isnan(got[0]));
            rnl_model_free(model);
        }
    }
    rnl_data_free(data);
}

enum { INPUTS = 7, THIRTEEN = 13 };

static int keep_zeros(const rnl_inspection *inspection, void *user)
{
    *(double *)user = inspection->layers[0].zero_weights;
    return 1;
}

/* Panels are padded with zeros, which are none of the weights; -0 is one. */
Test(inspect_figures, counts_weights_that_are_0)
{
    rnl_data *data = fixture_data(ROWS, INPUTS, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: %d}, dense: {units: %d, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           inspect: true}\n",
                       THIRTEEN, CLASSES),
        data);
    float kernel[INPUTS * THIRTEEN];
    for (int zeros = 0; zeros <= INPUTS * THIRTEEN; zeros += 30) {
        for (int i = 0; i < INPUTS * THIRTEEN; ++i)
            kernel[i] = i >= zeros ? 1e-30f : i % 2 == 0 ? 0.0f : -0.0f;
        cr_assert_eq(rnl_model_set_parameter(model, "dense_1.kernel", kernel, COUNT(kernel)),
                     RNL_OK);
        double share = NAN;
        const rnl_options options = {.threads = 2, .on_inspect = keep_zeros, .user = &share};
        cr_assert_eq(rnl_train(model, data, &options), RNL_STOPPED);
        cr_expect_eq(share, (double)zeros / (INPUTS * THIRTEEN), "%d: %g", zeros, share);
    }
    rnl_model_free(model);
    rnl_data_free(data);
}
