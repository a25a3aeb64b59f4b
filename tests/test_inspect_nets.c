/*
 * What the figures show of untrained nets that are known to be well or ill.
 */
#include "engine/schema/config.h"
#include "simd/philox.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES = 500, INPUTS = 100, DEPTH = 100, SEEDS = 10 };

static double normal(uint32_t row, uint32_t column)
{
    const rnl_philox_block b =
        rnl_random(11, (rnl_random_place){RNL_RANDOM_GENERATED_DATA, .row = row, .column = column});
    return sqrt(-2 * log(rnl_random_uniform(b.word[0]))) *
           cos(2 * M_PI * rnl_random_uniform(b.word[1]));
}

/* Standard normal inputs, and one of ten classes for each row. */
static rnl_data *normal_rows(void)
{
    static float x[SAMPLES * INPUTS];
    static int32_t classes[SAMPLES];
    static const size_t shape[] = {INPUTS};
    for (uint32_t i = 0; i < SAMPLES; ++i) {
        classes[i] = (int32_t)(i * 7 % 10);
        for (uint32_t j = 0; j < INPUTS; ++j)
            x[i * INPUTS + j] = (float)normal(i, j);
    }
    const rnl_rows rows = {SAMPLES, 1, shape, .floats = x, .classes = classes};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK);
    return data;
}

/* A stack of `depth` hidden layers of 100 units before the first step, in one mini-batch. */
static void look_at_stack(const rnl_data *data, size_t depth, const char *activation,
                          const char *initializer, unsigned seed,
                          int (*look)(const rnl_inspection *inspection, void *user), void *user)
{
    static char layers[DEPTH * 32];
    layers[0] = '\0';
    for (size_t i = 0; i < depth; ++i)
        strcat(layers, "    - dense: {units: 100}\n");
    static char text[sizeof layers + 1024];
    snprintf(text, sizeof text,
             "data: {train: {spirals: {rows: 10}}, scaling: standardize}\n"
             "model:\n"
             "  defaults: {activation: %s, kernel_initializer: %s}\n"
             "  layers:\n%s"
             "    - dense: {units: 10, activation: softmax, kernel_initializer: glorot_uniform}\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, inspect: true,\n"
             "           batch_size: %d, seed: %u}\n",
             activation, initializer, layers, SAMPLES, seed);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "stack.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    rnl_model *model = fixture_model(config, data);
    const rnl_options options = {.threads = 2, .on_inspect = look, .user = user};
    cr_assert_eq(rnl_train(model, data, &options), RNL_STOPPED, "%s", rnl_message());
    rnl_model_free(model);
}

typedef struct stack {
    double means[DEPTH], deviations[DEPTH]; /* sums over the seeds */
    double first_saturated, least_saturated;
    double ratio; /* of gradients, first hidden layer over last */
} stack;

static int look_at_outputs(const rnl_inspection *inspection, void *user)
{
    stack *s = user;
    const size_t hidden = inspection->layer_count - 1;
    s->first_saturated = inspection->layers[0].saturated;
    s->least_saturated = 1;
    s->ratio = inspection->layers[0].gradient_norm / inspection->layers[hidden - 1].gradient_norm;
    for (size_t i = 0; i < hidden; ++i) {
        const rnl_layer_inspection *layer = &inspection->layers[i];
        s->means[i] += layer->mean / SEEDS;
        s->deviations[i] += layer->deviation / SEEDS;
        s->least_saturated = fmin(s->least_saturated, layer->saturated);
        if (hidden == DEPTH) {
            cr_expect_lt(fabs(layer->mean), 0.3, "mean of %s: %g", layer->layer, layer->mean);
            cr_expect(layer->deviation > 0.7 && layer->deviation < 1.3, "deviation of %s: %g",
                      layer->layer, layer->deviation);
        }
    }
    return 1;
}

Test(inspect_nets, a_hundred_selu_layers_stay_normal)
{
    rnl_data *data = normal_rows();
    stack s = {0};
    for (unsigned seed = 0; seed < SEEDS; ++seed)
        look_at_stack(data, DEPTH, "selu", "lecun_normal", seed, look_at_outputs, &s);
    for (size_t i = 0; i < DEPTH; ++i)
        cr_expect(s.deviations[i] > 0.9 && s.deviations[i] < 1.1, "mean deviation of layer %zu: %g",
                  i + 1, s.deviations[i]);
    rnl_data_free(data);
}

/* NumPy, in double and with weights of its own, finds 0.59 in the first layer and 0.34 to 0.52 in
 * the others (five seeds); the gradients are of one size, however. */
Test(inspect_nets, sigmoid_with_large_weights_saturates)
{
    rnl_data *data = normal_rows();
    stack s = {0};
    look_at_stack(data, 10, "sigmoid", "{random_normal: {stddev: 1}}", 1, look_at_outputs, &s);
    cr_expect_gt(s.first_saturated, 0.5);
    cr_expect_gt(s.least_saturated, 0.3);
    cr_expect(s.ratio > 0.01 && s.ratio < 100, "%g", s.ratio);
    rnl_data_free(data);
}

Test(inspect_nets, gradients_vanish_with_sigmoid_alone)
{
    rnl_data *data = normal_rows();
    stack s = {0};
    look_at_stack(data, 10, "sigmoid", "glorot_uniform", 1, look_at_outputs, &s);
    cr_expect_lt(s.ratio, 1e-4);
    cr_expect_gt(s.ratio, 0);
    cr_expect_eq(s.first_saturated, 0);
    look_at_stack(data, 10, "sigmoid", "glorot_normal", 1, look_at_outputs, &s);
    cr_expect_lt(s.ratio, 1e-4);
    look_at_stack(data, 10, "tanh", "glorot_uniform", 1, look_at_outputs, &s);
    cr_expect(s.ratio > 0.1 && s.ratio < 10, "tanh: %g", s.ratio);
    look_at_stack(data, 10, "relu", "he_normal", 1, look_at_outputs, &s);
    cr_expect(s.ratio > 0.1 && s.ratio < 10, "relu: %g", s.ratio);
    rnl_data_free(data);
}
