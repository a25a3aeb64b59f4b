/*
 * Frozen layers, of trainable: false or learning_rate_factor: 0: nothing changes their parameters,
 * they have no gradient, and nothing below the lowest layer that learns goes backward.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 83 };

struct setting {
    char layer[120];
    char training[120];
};

/* All that acts on weights beside the gradient of the loss, in mini-batches of one and of several
 * row blocks. */
ParameterizedTestParameters(frozen, layers_stay_as_they_are)
{
    static struct setting settings[] = {
        {"kernel_constraint: {max_norm: 0.1}", "optimizer: sgd"},
        {"kernel_constraint: {max_norm: {max_value: 0.1, axis: 1}}", "optimizer: sgd"},
        {"kernel_constraint: unit_norm", "optimizer: momentum, batch_size: 83"},
        {"kernel_constraint: non_neg", "optimizer: adam"},
        {"kernel_constraint: non_neg, kernel_regularizer: l2", "optimizer: adam"},
        {"use_bias: true", "optimizer: {adamw: {weight_decay: 10}}"},
        {"kernel_regularizer: {l1_proximal: 10}", "optimizer: nesterov, batch_size: 83"},
        {"kernel_regularizer: {l1_proximal: 10}", "optimizer: nadam"},
        {"kernel_regularizer: {l1_l2: {l1: 1, l2: 1}}, bias_regularizer: l2",
         "optimizer: rmsprop, clipping: {global_clipnorm: 1}"},
        {"kernel_constraint: {max_norm: 0.1}", "optimizer: adagrad, clipping: {clipvalue: 1}"},
        {"kernel_constraint: {max_norm: 0.1}, learning_rate_factor: 0", "optimizer: adam"},
    };
    return cr_make_param_array(struct setting, settings, sizeof settings / sizeof *settings);
}

static rnl_model *create(const rnl_data *data, const char *layer, const char *training)
{
    return fixture_model(
        fixture_config("model: [dense: {units: 40, activation: tanh, trainable: false, %s},\n"
                       "        dense: {units: 5, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, epochs: 2, %s}\n",
                       layer, training),
        data);
}

ParameterizedTest(struct setting *setting, frozen, layers_stay_as_they_are)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_model *model = create(data, setting->layer, setting->training);
    rnl_model *fresh = create(data, setting->layer, setting->training);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2}), RNL_OK, "%s",
                 rnl_message());
    for (size_t p = 0; p < 2; ++p) {
        const rnl_parameter *trained = &model->layers[0].parameters[p];
        cr_expect_eq(memcmp(trained->arrays[RNL_VALUES],
                            fresh->layers[0].parameters[p].arrays[RNL_VALUES],
                            rnl_parameter_count(trained) * sizeof(float)),
                     0, "%s, %s: %s", setting->layer, setting->training, trained->name);
    }
    cr_expect_neq(model->layers[1].parameters[0].arrays[RNL_VALUES][0],
                  fresh->layers[1].parameters[0].arrays[RNL_VALUES][0]);
    rnl_model_free(model);
    rnl_model_free(fresh);
    rnl_data_free(data);
}

/* The norm of all gradients is that of those which are followed. */
Test(frozen, layers_do_not_clip_the_others)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    static const char training[] = "optimizer: sgd, clipping: {global_clipnorm: 1000}";
    rnl_model *clipped = create(data, "kernel_regularizer: {l2: 1e5}", training);
    rnl_model *plain = create(data, "kernel_regularizer: {l2: 1e5}", "optimizer: sgd");
    cr_assert_eq(rnl_train(clipped, data, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(plain, data, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_float_eq((double)clipped->layers[1].parameters[0].arrays[RNL_VALUES][0],
                       (double)plain->layers[1].parameters[0].arrays[RNL_VALUES][0], 1e-6);
    rnl_model_free(clipped);
    rnl_model_free(plain);
    rnl_data_free(data);
}

Test(frozen, models_are_refused)
{
    static const char *const layers[] = {
        "dense: {units: 4}, dense: {units: 5, activation: softmax}",
        "batch_normalization, prelu, dense: {units: 5, activation: softmax}",
        "residual: [dense: {units: 7}], dense: {units: 5, activation: softmax}",
        "repeat: {times: 2, layers: [dense: {units: 5}]}, activation: softmax",
    };
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; ++i) {
        rnl_model *model = fixture_model(
            fixture_config("model: {defaults: {learning_rate_factor: 0}, layers: [%s]}\n"
                           "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
                           layers[i]),
            data);
        rnl_rate_search *search = NULL;
        cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG, "%s", layers[i]);
        cr_expect(strstr(rnl_message(), "there is nothing to train") != NULL, "%s", rnl_message());
        cr_expect_eq(rnl_find_learning_rate(model, data, NULL, NULL, &search), RNL_BAD_CONFIG);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(frozen, parameters_are_not_trainable)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_model *model = create(data, "use_bias: true", "optimizer: sgd");
    char *text = NULL;
    cr_assert_eq(rnl_model_summary(model, &text), RNL_OK);
    cr_expect(strstr(text, "(320 not trainable: frozen)") != NULL, "%s", text);
    cr_expect(strstr(text, "\nTotal parameters: 525 (") != NULL, "%s", text);
    cr_expect(strstr(text, "\nTrainable parameters: 205 (") != NULL, "%s", text);
    /* Forward 2 (7 x 40 + 40 x 5), and the weight gradients of the second layer. */
    cr_expect(strstr(text, "forward 960, training 1,360\n") != NULL, "%s", text);
    cr_expect(strstr(text, "\nNon-trainable parameters: 320 (") != NULL, "%s", text);
    rnl_text_free(text);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Every kind of layer with parameters, frozen where the texts say so. */
static rnl_model *create_all(const rnl_data *data, const char *low, const char *high,
                             const char *training)
{
    return fixture_model(
        fixture_config("model:\n"
                       "  - batch_normalization: {trainable: %s, moving_statistics: final_pass}\n"
                       "  - dense: {units: 150, activation: tanh, trainable: %s}\n"
                       "  - prelu: {initial_slope: 0.2, trainable: %s}\n"
                       "  - dense: {units: 40}\n"
                       "  - batch_normalization: {trainable: %s}\n"
                       "  - dense: {units: 20, trainable: %s, kernel_regularizer: l2}\n"
                       "  - prelu: {initial_slope: 0.2, trainable: %s}\n"
                       "  - dense: {units: 5, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, epochs: 2, %s}\n",
                       low, low, low, high, high, high, training),
        data);
}

static bool equal(const rnl_model *a, const rnl_model *b, size_t l, size_t p)
{
    const rnl_parameter *of_a = &a->layers[l].parameters[p], *of_b = &b->layers[l].parameters[p];
    return memcmp(of_a->arrays[RNL_VALUES], of_b->arrays[RNL_VALUES],
                  rnl_parameter_count(of_a) * sizeof(float)) == 0;
}

/* Below, above and between those that learn; moving statistics included. */
Test(frozen, layers_of_every_kind_stay_bit_for_bit)
{
    static const char *const trainings[] = {
        "optimizer: nadam, batch_size: 16", "optimizer: adamw, batch_size: 83",
        "optimizer: momentum, batch_size: 40, clipping: {global_clipnorm: 0.1}"};
    static const char *const trainable[][2] = {
        {"false", "true"}, {"true", "false"}, {"false", "false"}};
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    for (size_t t = 0; t < 3; ++t)
        for (size_t i = 0; i < 3; ++i) {
            const char *low = trainable[i][0], *high = trainable[i][1];
            rnl_model *fresh = create_all(data, low, high, trainings[t]);
            uint64_t hashes[3];
            for (size_t threads = 1; threads <= 3; ++threads) {
                rnl_model *model = create_all(data, low, high, trainings[t]);
                cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}),
                             RNL_OK, "%s", rnl_message());
                hashes[threads - 1] = fixture_hash(model);
                for (size_t l = 0; l < model->layer_count; ++l)
                    for (size_t p = 0; p < model->layers[l].parameter_count; ++p)
                        cr_expect_eq(equal(model, fresh, l, p), model->layers[l].frozen,
                                     "%s %s, %s: %s.%s", low, high, trainings[t],
                                     model->layers[l].name, model->layers[l].parameters[p].name);
                rnl_model_free(model);
            }
            cr_expect(hashes[0] == hashes[1] && hashes[0] == hashes[2]);
            rnl_model_free(fresh);
        }
    rnl_data_free(data);
}

/* A head on frozen layers learns as it does alone, on rows that these layers have computed. */
Test(frozen, layers_are_a_function_of_the_rows)
{
    enum { FEATURES = 7, UNITS = 24 };
    static const char training[] =
        "training: {loss: sparse_categorical_crossentropy, epochs: 4, optimizer: adam, "
        "batch_size: 16}\n";
    rnl_data *data = fixture_data(ROWS, FEATURES, 5, RNL_FLOAT32), *codes = NULL;
    rnl_data rows = {.test = data->train};
    rows.test.labels = NULL;
    rnl_model *whole = fixture_model(
        fixture_config("model: [dense: {units: 60, activation: elu, trainable: false},\n"
                       "        dense: {units: %d, activation: tanh, trainable: false},\n"
                       "        dense: {units: 5, activation: softmax}]\n%s",
                       UNITS, training),
        data);
    rnl_model *encoder =
        fixture_model(fixture_config("model: [dense: {units: 60, activation: elu},\n"
                                     "        dense: {units: %d, activation: tanh}]\n"
                                     "training: {loss: mean_squared_error, optimizer: sgd}\n",
                                     UNITS),
                      &rows);
    encoder->scaler = whole->scaler;
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_predict(encoder, &rows, RNL_TEST, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    const size_t shape = UNITS;
    cr_assert_eq(rnl_data_create(&codes,
                                 &(const rnl_rows){.rows = ROWS,
                                                   .rank = 1,
                                                   .shape = &shape,
                                                   .floats = prediction->values,
                                                   .classes = data->train.labels},
                                 NULL, NULL),
                 RNL_OK);
    rnl_model *head = fixture_model(
        fixture_config("model: [dense: {units: 5, activation: softmax}]\n%s", training), codes);
    for (size_t p = 0; p < 2; ++p)
        memcpy(head->layers[0].parameters[p].arrays[RNL_VALUES],
               whole->layers[2].parameters[p].arrays[RNL_VALUES],
               rnl_parameter_count(&head->layers[0].parameters[p]) * sizeof(float));
    cr_assert_eq(rnl_train(whole, data, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_train(head, codes, NULL), RNL_OK, "%s", rnl_message());
    for (size_t p = 0; p < 2; ++p)
        for (size_t i = 0; i < rnl_parameter_count(&head->layers[0].parameters[p]); ++i)
            cr_expect_float_eq((double)head->layers[0].parameters[p].arrays[RNL_VALUES][i],
                               (double)whole->layers[2].parameters[p].arrays[RNL_VALUES][i], 1e-5);
    encoder->scaler = (rnl_scaler){0};
    rnl_prediction_free(prediction);
    rnl_model_free(head);
    rnl_model_free(whole);
    rnl_model_free(encoder);
    rnl_data_free(codes);
    rnl_data_free(data);
}

static size_t count_in(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        ++count;
    return count;
}

/* The plan of a step: no gradients of a frozen layer, nothing backward below the lowest one that
 * learns, and no memory for what is not computed.  Of many rows the phase of the layer above
 * computes the delta of the lowest. */
Test(frozen, layers_are_left_out_of_the_plan)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    static const struct {
        const char *trainable[3];
        size_t delta, gradients;
    } cases[] = {
        {{"true", "true", "true"}, 3, 3},   {{"false", "true", "true"}, 2, 2},
        {{"false", "false", "true"}, 1, 1}, {{"true", "false", "true"}, 3, 2},
        {{"true", "false", "false"}, 3, 1},
    };
    for (size_t rows = 16; rows <= 80; rows += 64)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
            rnl_model *model = fixture_model(
                fixture_config("model: [dense: {units: 200, trainable: %s},\n"
                               "        dense: {units: 30, trainable: %s},\n"
                               "        dense: {units: 5, activation: softmax, trainable: %s}]\n"
                               "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, "
                               "batch_size: %zu}\n",
                               cases[i].trainable[0], cases[i].trainable[1], cases[i].trainable[2],
                               rows),
                data);
            char *text = NULL;
            cr_assert_eq(rnl_topology_describe(NULL, model, NULL, &text), RNL_OK, "%s",
                         rnl_message());
            const bool gives = rows > 16 && cases[i].delta > 1;
            cr_expect_eq(count_in(text, " delta"), cases[i].delta - gives, "%s", text);
            cr_expect_eq(count_in(text, " gradients"), cases[i].gradients, "%s", text);
            rnl_text_free(text);
            rnl_model_free(model);
        }
    rnl_data_free(data);
}

/* What a checkpoint has of them: their values alone. */
Test(frozen, parameters_have_no_optimizer_state)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_model *model = create_all(data, "false", "false", "optimizer: adam");
    cr_assert_eq(rnl_model_allocate_slots(model, 2), RNL_OK);
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p)
            cr_expect_eq(model->layers[l].parameters[p].arrays[RNL_FIRST_SLOT] != NULL,
                         rnl_layer_learns(&model->layers[l]), "%s", model->layers[l].name);
    rnl_model_free(model);
    rnl_data_free(data);
}
