/*
 * Every kind of layer, and a network of all kinds: the gradients of a training step against central
 * differences of the oracle, one result on any number of workers, and what layers refuse.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/layer_oracle.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEATURES = 6, CLASSES = 4, MOST_ROWS = 40 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* CASE(name, layers): a layer or several between dense ones, as they stand in a list of a
 * configuration.  Each is a test of its own. */
#define CASES(CASE)                                                                                \
    CASE(batch_normalization, "batch_normalization")                                               \
    CASE(batch_normalization_by_shards, "batch_normalization: {statistics: shard, epsilon: 0.1}")  \
    CASE(batch_normalization_without_gamma, "batch_normalization: {scale: false}")                 \
    CASE(batch_normalization_without_beta, "batch_normalization: {center: false}")                 \
    CASE(batch_normalization_frozen, "batch_normalization: {trainable: false}")                    \
    CASE(prelu, "prelu: {initial_slope: 0.3}")                                                     \
    CASE(prelu_negative, "prelu: {initial_slope: -0.5}")                                           \
    CASE(scale, "scale")                                                                           \
    CASE(scale_twice, "scale: {learning_rate_factor: 1}\n"                                         \
                      "  - dense: {units: 9, activation: tanh}\n"                                  \
                      "  - scale")                                                                 \
    CASE(frozen_scale, "scale: {trainable: false}")                                                \
    CASE(rrelu, "rrelu: {lower: 0.2, upper: 0.9}")                                                 \
    CASE(dropout, "dropout: 0.4")                                                                  \
    CASE(alpha_dropout, "alpha_dropout: {rate: 0.3}")                                              \
    CASE(gaussian_noise, "gaussian_noise: {stddev: 0.5}")                                          \
    CASE(activity_regularization, "activity_regularization: {l1_l2: {l1: 0.01, l2: 0.03}}")        \
    CASE(activity_regularizer, "dense: {units: 30, activation: prelu, activity_regularizer: l2}")  \
    CASE(residual, "residual: [{dense: {units: 70, activation: tanh}}, {dense: {units: 70}}]")     \
    CASE(residual_within_residual,                                                                 \
         "residual: [{dense: {units: 70}}, {residual: [{dense: {units: 70, activation: tanh}}]}]") \
    CASE(repeat, "repeat: {times: 3, layers: [{residual: [{dense: {units: 70}}]}, "                \
                 "{activation: tanh}]}")                                                           \
    CASE(frozen_dense, "dense: {units: 30, activation: tanh, trainable: false, "                   \
                       "kernel_regularizer: l2, kernel_constraint: max_norm}")                     \
    CASE(frozen_wide_dense, "dense: {units: 200, activation: elu, learning_rate_factor: 0}")       \
    CASE(frozen_prelu, "prelu: {initial_slope: 0.3, trainable: false}")                            \
    CASE(frozen_within_residual, "residual: [{dense: {units: 70, activation: tanh}}, "             \
                                 "{dense: {units: 70, trainable: false}}]")                        \
    CASE(batch_normalization_of_rate_0, "batch_normalization: {learning_rate_factor: 0}")          \
    CASE(l2_by_rows, "dense: {units: 30, activation: tanh, kernel_regularizer: {l2_by_rows: 3}}")  \
    CASE(tied, "dense: {units: 50, activation: elu, name: code, kernel_regularizer: {l2: 0.05}}\n" \
               "  - dense: {units: 70, activation: tanh, tied_to: code}\n"                         \
               "  - dense: {units: 6, activation: tanh, tied_to: dense_1}")                        \
    CASE(tied_wide, "dense: {units: 200, activation: tanh, name: wide}\n"                          \
                    "  - dense: {units: 70, activation: elu, tied_to: wide, use_bias: false}")     \
    CASE(tied_twice, "dense: {units: 6, activation: tanh, tied_to: dense_1}\n"                     \
                     "  - prelu\n"                                                                 \
                     "  - dense: {units: 70, activation: elu, trainable: false}\n"                 \
                     "  - dense: {units: 6, activation: elu, tied_to: dense_1}")                   \
    CASE(tied_to_frozen, "dense: {units: 110, activation: tanh, trainable: false, name: still}\n"  \
                         "  - dense: {units: 70, activation: elu, tied_to: still}")                \
    CASE(tied_with_a_frozen_bias, "dense: {units: 6, tied_to: dense_1, trainable: false}")         \
    CASE(all_kinds,                                                                                \
         "gaussian_noise: {stddev: 0.1}\n"                                                         \
         "  - batch_normalization\n"                                                               \
         "  - dense: {units: 50, use_bias: false, kernel_regularizer: {l2: 0.05}}\n"               \
         "  - batch_normalization: {statistics: shard}\n"                                          \
         "  - scale\n"                                                                             \
         "  - prelu: {initial_slope: 0.25}\n"                                                      \
         "  - dropout: 0.2\n"                                                                      \
         "  - residual:\n"                                                                         \
         "    - dense: {units: 50, activation: elu, bias_regularizer: {l1: 0.01}}\n"               \
         "    - alpha_dropout: {rate: 0.1}\n"                                                      \
         "    - dense: {units: 50, kernel_regularizer: {l1_l2: {l1: 0.01, l2: 0.02}}}\n"           \
         "  - rrelu\n"                                                                             \
         "  - dense: {units: 40, activation: tanh, activity_regularizer: {l2: 0.02}}")

typedef struct layers_case {
    const char *name, *layers;
} layers_case;

static const layers_case cases[] = {
#define CASE(name, layers) {#name, layers},
    CASES(CASE)
#undef CASE
};

static rnl_model *create(const char *layers, const rnl_data *data, const char *training)
{
    return fixture_model(fixture_config("model:\n"
                                        "  - dense: {units: 70, activation: tanh}\n"
                                        "  - %s\n"
                                        "  - dense: {units: %d, activation: softmax}\n"
                                        "training: {loss: sparse_categorical_crossentropy, %s}\n",
                                        layers, CLASSES, training),
                         data);
}

/* Moves a weight, and with it that of the layers tied to its own. */
static void set_weight(layer_oracle *oracle, size_t l, size_t p, size_t i, double value)
{
    const rnl_model *model = oracle->model;
    const size_t columns = model->layers[l].parameters[p].size[1];
    oracle->parameters[l][p][i] = value;
    for (size_t k = l + 1; p == 0 && k < model->layer_count; ++k)
        if (model->layers[k].tied_to == &model->layers[l]) {
            const size_t rows = model->layers[k].parameters[0].size[1];
            oracle->parameters[k][0][i % columns * rows + i / columns] = value;
        }
}

static double loss_from(layer_oracle *oracle, const rnl_data *data, size_t layer)
{
    return layer_oracle_loss_from(oracle, layer, data->train.inputs, data->train.labels);
}

/* A tied kernel is the other's, transposed. */
static void check_tie(const rnl_layer *layer, const char *name)
{
    const rnl_parameter *own = &layer->parameters[0], *other = &layer->tied_to->parameters[0];
    for (size_t i = 0; i < own->size[0]; ++i)
        for (size_t j = 0; j < own->size[1]; ++j)
            cr_assert_eq(own->arrays[RNL_VALUES][i * own->size[1] + j],
                         other->arrays[RNL_VALUES][j * own->size[0] + i], "%s: %s", name,
                         layer->name);
}

/* The gradients of a parameter: what a step of gradient descent with a rate of 1 took off. */
static void check_parameter(layer_oracle *oracle, const rnl_data *data, size_t l, size_t p,
                            const float *before, const char *name)
{
    const rnl_layer *layer = &oracle->model->layers[l];
    const rnl_parameter *parameter = &layer->parameters[p];
    const size_t count = rnl_parameter_count(parameter), stride = count > 300 ? count / 97 : 1;
    double error = 0, norm = 0;
    loss_from(oracle, data, 0);
    if (p == 0 && layer->tied_to)
        check_tie(layer, name);
    for (size_t i = 0; i < count && !(p == 0 && layer->tied_to); i += stride) {
        const double kept = oracle->parameters[l][p][i], h = 1e-5;
        set_weight(oracle, l, p, i, kept + h);
        const double above = loss_from(oracle, data, l);
        set_weight(oracle, l, p, i, kept - h);
        const double below = loss_from(oracle, data, l);
        set_weight(oracle, l, p, i, kept);
        const double expected = parameter->fixed || layer->frozen ? 0 : (above - below) / (2 * h);
        const double gradient = (double)before[i] - (double)parameter->arrays[RNL_VALUES][i];
        if (parameter->fixed && strncmp(parameter->name, "moving", 6) == 0)
            continue;
        error += pow(gradient - expected, 2);
        norm += pow(expected, 2);
    }
    cr_expect(sqrt(error) <= 1e-4 * (sqrt(norm) + 1e-3), "%s: %s.%s is off by %g of %g", name,
              layer->name, parameter->name, sqrt(error), sqrt(norm));
}

static void check_gradients(const layers_case *c, size_t rows, size_t shards)
{
    rnl_data *data = fixture_data(rows, FEATURES, CLASSES, RNL_FLOAT32);
    char training[160];
    snprintf(training, sizeof training,
             "optimizer: {sgd: {learning_rate: 1.0}}, batch_size: %zu, shards: %zu, "
             "shuffle: false, seed: 5",
             rows, shards);
    rnl_model *model = create(c->layers, data, training);
    layer_oracle oracle = layer_oracle_create(model, rows, 1);
    float *before[LAYER_ORACLE_LAYERS][LAYER_ORACLE_PARAMETERS];
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[l].parameters[p];
            const size_t bytes = rnl_parameter_count(parameter) * sizeof(float);
            before[l][p] = malloc(bytes);
            memcpy(before[l][p], parameter->arrays[RNL_VALUES], bytes);
        }
    const double expected = layer_oracle_loss(&oracle, data->train.inputs, data->train.labels);
    double loss = 0;
    const rnl_options options = {.threads = 2, .on_epoch = fixture_keep_loss, .user = &loss};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_float_eq(loss, expected, 2e-6 * (1 + expected), "%s: loss %g, expected %g", c->name,
                       loss, expected);
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            check_parameter(&oracle, data, l, p, before[l][p], c->name);
            free(before[l][p]);
        }
    layer_oracle_release(&oracle);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* One row block, three of which the last is filled in part, and four shards: of a row less each but
 * the first, where row blocks are not normalized by themselves. */
#define CASE(name, layers)                                                                         \
    Test(gradients_of, name)                                                                       \
    {                                                                                              \
        check_gradients(&(const layers_case){#name, layers}, 20, 1);                               \
        check_gradients(&(const layers_case){#name, layers}, 37, 1);                               \
        check_gradients(&(const layers_case){#name, layers},                                       \
                        strstr(layers, "statistics: shard") ? 40 : 37, 4);                         \
    }
CASES(CASE)
#undef CASE

/* Outside of training: no random numbers, and batch normalization by its moving statistics. */
Test(layers, evaluation)
{
    enum { ROWS = 37 };
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; i < COUNT(cases); ++i) {
        if (strstr(cases[i].layers, "batch_norm") && !strstr(cases[i].layers, "trainable: false") &&
            !strstr(cases[i].layers, "factor: 0"))
            continue;
        rnl_model *model = create(cases[i].layers, data, "optimizer: sgd, batch_size: 16");
        layer_oracle oracle = layer_oracle_create(model, ROWS, 0);
        const double expected = layer_oracle_loss(&oracle, data->train.inputs, data->train.labels);
        rnl_evaluation *evaluation = NULL;
        cr_assert_eq(rnl_evaluate(model, data, RNL_TRAIN, NULL, &evaluation), RNL_OK, "%s",
                     rnl_message());
        cr_expect_float_eq(evaluation->figures[0].value, expected, 2e-6 * (1 + expected), "%s",
                           cases[i].name);
        rnl_evaluation_free(evaluation);
        layer_oracle_release(&oracle);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

static uint64_t hash_of(const char *layers, const char *clipping, const rnl_data *data,
                        unsigned batch_size, size_t threads)
{
    char training[160];
    snprintf(training, sizeof training,
             "optimizer: adam, batch_size: %u, epochs: 3, seed: 9, clipping: %s", batch_size,
             clipping);
    rnl_model *model = create(layers, data, training);
    const rnl_options options = {.threads = threads};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* The last mini-batches have 1, 7 and 31 rows. */
Test(layers, one_result_on_any_number_of_workers)
{
    static const struct {
        size_t rows;
        unsigned batch_size;
    } runs[] = {{65, 32}, {71, 64}, {95, 64}};
    static const size_t workers[] = {2, 3, 4, 8, 16};
    static const char *const clippings[] = {"null", "{clipvalue: 0.01}", "{global_clipnorm: 0.5}"};
    char layers[1024];
    snprintf(layers, sizeof layers,
             "%s\n"
             "  - dense: {units: 170, activation: tanh, kernel_constraint: max_norm, name: code}\n"
             "  - dense: {units: 40, activation: tanh, tied_to: code}\n"
             "  - batch_normalization: {moving_statistics: final_pass}\n"
             "  - dense: {units: 150, kernel_regularizer: l1, bias_regularizer: l2,\n"
             "            kernel_constraint: {max_norm: {max_value: 0.8}}}",
             cases[COUNT(cases) - 1].layers);
    for (size_t r = 0; r < COUNT(runs); ++r) {
        rnl_data *data = fixture_data(runs[r].rows, FEATURES, CLASSES, RNL_FLOAT32);
        for (size_t c = 0; c < COUNT(clippings); ++c) {
            const unsigned batch_size = runs[r].batch_size;
            const uint64_t expected = hash_of(layers, clippings[c], data, batch_size, 1);
            for (size_t w = 0; w < COUNT(workers); ++w)
                cr_expect_eq(hash_of(layers, clippings[c], data, batch_size, workers[w]), expected,
                             "batch size %u, %zu workers, clipping %s", batch_size, workers[w],
                             clippings[c]);
        }
        rnl_data_free(data);
    }
}

/* Mean and variance of the inputs over all training rows, whatever the mini-batches were. */
Test(batch_normalization, final_pass_measures_all_rows)
{
    enum { ROWS = 71 };
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    const float *x = data->train.inputs;
    for (int shards = 0; shards < 2; ++shards) {
        rnl_model *model = fixture_model(
            fixture_config("model:\n"
                           "  - batch_normalization: {moving_statistics: final_pass,\n"
                           "                          statistics: %s}\n"
                           "  - dense: {units: %d, activation: softmax}\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                           "           batch_size: 34}\n",
                           shards ? "shard" : "batch", CLASSES),
            data);
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        const rnl_parameter *moving = &model->layers[0].parameters[2];
        for (size_t j = 0; j < FEATURES; ++j) {
            double mean = 0, variance = 0;
            for (size_t i = 0; i < ROWS; ++i)
                mean += (double)x[i * FEATURES + j] / ROWS;
            for (size_t i = 0; i < ROWS; ++i)
                variance += pow((double)x[i * FEATURES + j] - mean, 2) / ROWS;
            cr_expect_float_eq((double)moving[0].arrays[RNL_VALUES][j], mean, 1e-6);
            cr_expect_float_eq((double)moving[1].arrays[RNL_VALUES][j], variance, 1e-6);
        }
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* A rate of 1 leaves the bias alone: every row has the same outputs. */
Test(dropout, of_everything)
{
    static const char *const kinds[] = {"dropout", "alpha_dropout"};
    enum { ROWS = 20 };
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t k = 0; k < COUNT(kinds); ++k) {
        char layer[64];
        snprintf(layer, sizeof layer, "%s: 1.0", kinds[k]);
        rnl_model *model =
            create(layer, data, "optimizer: {sgd: {learning_rate: 0.5}}, batch_size: 20");
        const uint64_t before = fixture_hash(model);
        float kernel[70 * CLASSES];
        memcpy(kernel, model->layers[2].parameters[0].arrays[RNL_VALUES], sizeof kernel);
        cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
        cr_expect_arr_eq(kernel, model->layers[2].parameters[0].arrays[RNL_VALUES], sizeof kernel);
        cr_expect_neq(fixture_hash(model), before, "the bias has learned");
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* One branch of two layers in each of 16 blocks: he_normal's deviation times 16^(-1/2), then 0. */
Test(fixup, of_residual_blocks)
{
    rnl_data *data = fixture_data(10, 200, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  defaults: {kernel_initializer: fixup}\n"
                       "  layers:\n"
                       "    - repeat: {times: 16, layers: [{residual: [{dense: {units: 300}},\n"
                       "                                               {dense: {units: 200}}]}]}\n"
                       "    - dense: {units: %d, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                       CLASSES),
        data);
    cr_assert_eq(model->layer_count, 16 * 4 + 1);
    for (size_t i = 0; i < model->layer_count; ++i) {
        const rnl_layer *layer = &model->layers[i];
        if (layer->parameter_count == 0)
            continue;
        const rnl_parameter *kernel = &layer->parameters[0];
        double squares = 0;
        for (size_t k = 0; k < rnl_parameter_count(kernel); ++k)
            squares += pow((double)kernel->arrays[RNL_VALUES][k], 2);
        const double variance = squares / (double)rnl_parameter_count(kernel);
        const bool first_of_branch = i + 1 < model->layer_count && i % 4 == 1;
        cr_expect_float_eq(variance, first_of_branch ? 2.0 / 200 / 16 : 0, 2e-5, "%s: %g",
                           layer->name, variance);
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

/* What is refused, with the place that the message names. */
Test(layers, mistakes)
{
    static const struct {
        const char *layers, *training, *message;
    } mistakes[] = {
        {"batch_normalization", "batch_size: 1",
         "test.yaml:3:5: batch_normalization_1: the statistics of a mini-batch need more rows"},
        {"batch_normalization: {epsilon: -1}", "batch_size: 8",
         "test.yaml:3:36: epsilon: expected"},
        {"batch_normalization: {statistics: shards}", "batch_size: 8", "did you mean 'shard'?"},
        {"dropout: {rate: -0.1}", "batch_size: 8", "test.yaml:3:21: rate: expected a number from"},
        {"dropout", "batch_size: 8", "rate"},
        {"alpha_dropout: 1.5", "batch_size: 8", "test.yaml:3:20: rate: expected a number from"},
        {"rrelu: {lower: 0.5, upper: 0.25}", "batch_size: 8",
         "test.yaml:3:5: rrelu_1: expected lower to be at most upper, got 0.5 and 0.25"},
        {"residual: [{dense: {units: 5}}]", "batch_size: 8",
         "test.yaml:3:5: residual_1: expected its layers to end with the 70 values that they begin "
         "with, got 5"},
        {"residual: []", "batch_size: 8", "test.yaml:3:5: residual: expected at least one layer"},
        {"repeat: {times: 0, layers: [flatten]}", "batch_size: 8", "times: expected"},
        {"repeat: {times: 65536, layers: [flatten, flatten]}", "batch_size: 8", "at most 65536"},
    };
    rnl_data *data = fixture_data(10, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t i = 0; i < COUNT(mistakes); ++i) {
        char text[1024];
        snprintf(text, sizeof text,
                 "model:\n"
                 "  - dense: {units: 70}\n"
                 "  - %s\n"
                 "  - dense: {units: %d, activation: softmax}\n"
                 "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, %s}\n",
                 mistakes[i].layers, CLASSES, mistakes[i].training);
        rnl_config *config = NULL;
        rnl_model *model = NULL;
        rnl_status status = rnl_config_parse(&config, "test.yaml", text, NULL, 0);
        if (status == RNL_OK) {
            status = rnl_model_create(&model, config, data);
            rnl_config_free(config);
        }
        cr_expect_eq(status, RNL_BAD_CONFIG, "%s", mistakes[i].layers);
        cr_expect(strstr(rnl_message(), mistakes[i].message) != NULL, "%s: %s", mistakes[i].layers,
                  rnl_message());
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(layers, with_nothing_to_train_are_refused)
{
    rnl_data *data = fixture_data(40, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model:\n"
                       "  - batch_normalization: {trainable: false}\n"
                       "  - activation: softmax\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n"),
        data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "nothing to train"), "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}
