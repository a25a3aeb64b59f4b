/*
 * Layers with learning_rate_factor 0: nothing changes their parameters, and they do not count as
 * trainable.
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
    };
    return cr_make_param_array(struct setting, settings, sizeof settings / sizeof *settings);
}

static rnl_model *create(const rnl_data *data, const char *layer, const char *training)
{
    return fixture_model(
        fixture_config(
            "model: [dense: {units: 40, activation: tanh, learning_rate_factor: 0, %s},\n"
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
    cr_expect(strstr(text, "(320 not trainable)") != NULL, "%s", text);
    cr_expect(strstr(text, "\nTotal parameters: 525 (") != NULL, "%s", text);
    cr_expect(strstr(text, "\nTrainable parameters: 205 (") != NULL, "%s", text);
    cr_expect(strstr(text, "\nNon-trainable parameters: 320 (") != NULL, "%s", text);
    rnl_text_free(text);
    rnl_model_free(model);
    rnl_data_free(data);
}
