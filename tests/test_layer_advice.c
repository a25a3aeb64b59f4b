/*
 * What training says of layers that do not go well together, and initializers that do.
 */
#include "engine/layers/layers.h"
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(layer_advice, auto_initializers_follow_the_activation)
{
    static const struct {
        const char *layers, *initializer;
    } cases[] = {
        {"", "glorot_uniform"},
        {", activation: tanh", "glorot_uniform"},
        {", activation: sigmoid", "glorot_uniform"},
        {", activation: softmax", "glorot_uniform"},
        {", activation: softsign", "glorot_uniform"},
        {", activation: hard_sigmoid", "glorot_uniform"},
        {", activation: exponential", "glorot_uniform"},
        {", activation: relu", "he_normal"},
        {", activation: {leaky_relu: 0}", "he_normal"},
        {", activation: leaky_relu", "variance_scaling"},
        {", activation: {prelu: 0.25}", "variance_scaling"},
        {", activation: prelu", "he_normal"},
        {", activation: rrelu", "variance_scaling"},
        {", activation: {elu: {alpha: 2}}", "he_normal"},
        {", activation: softplus", "he_normal"},
        {", activation: swish", "he_normal"},
        {", activation: silu", "he_normal"},
        {", activation: gelu", "he_normal"},
        {", activation: mish", "he_normal"},
        {", activation: selu", "lecun_normal"},
        {", activation: tanh}, activation: selu, dense: {units: 1", "glorot_uniform"},
        {"}, activation: selu, dense: {units: 1", "lecun_normal"},
        {"}, batch_normalization, dropout: 0.5, activation: elu, dense: {units: 1", "he_normal"},
        {"}, dense: {units: 4, activation: selu", "glorot_uniform"},
        {"}, batch_normalization, dense: {units: 4, activation: selu", "glorot_uniform"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char text[512];
        snprintf(text, sizeof text,
                 "model: [residual: [dense: {units: 4, kernel_initializer: auto%s}]]\n"
                 "training: {loss: mean_squared_error, optimizer: sgd}\n",
                 cases[i].layers);
        rnl_config *config = config_text_parse(text, NULL);
        const rnl_residual *block = config->model.items[0].parameters;
        const rnl_dense *dense = block->layers.items[0].parameters;
        cr_expect_str_eq(dense->kernel_initializer.kind->name, cases[i].initializer, "%s",
                         cases[i].layers);
        rnl_config_free(config);
    }
}

typedef struct told {
    char warnings[2048], notes[2048], details[8192];
} told;

static void listen(rnl_log_level level, const char *text, void *user)
{
    told *t = user;
    char *into = level == RNL_LOG_WARNING ? t->warnings
                 : level == RNL_LOG_INFO  ? t->notes
                                          : t->details;
    sprintf(into + strlen(into), "%s\n", text);
}

/* Trains for an epoch on rows of noise, hardly moving. */
static told train(const char *preset, const char *data, const char *model, rnl_element element)
{
    told t = {.warnings = ""};
    rnl_data *rows = fixture_data(40, 4, 3, element);
    rnl_config *config = fixture_config(
        "%sdata: {%s}\nmodel: [%s, dense: {units: 3, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: {sgd: {learning_rate: "
        "1e-6}}, schedule: null}\n",
        preset, data, model);
    rnl_model *trained = fixture_model(config, rows);
    const rnl_options options = {.on_log = listen, .threads = 1, .user = &t};
    cr_assert_eq(rnl_train(trained, rows, &options), RNL_OK, "%s", rnl_message());
    rnl_model_free(trained);
    rnl_data_free(rows);
    return t;
}

#define SELU "dense: {units: 4, activation: selu, kernel_initializer: lecun_normal}"

Test(layer_advice, what_keeps_selu_from_normalizing_is_warned_of)
{
    static const struct {
        const char *data, *model, *warning;
    } cases[] = {
        {"scaling: standardize", SELU, ""},
        {"scaling: standardize", SELU ", alpha_dropout: 0.1, " SELU, ""},
        {"scaling: standardize", "dense: {units: 4, activation: relu}, dropout: 0.1", ""},
        {"scaling: range", "batch_normalization, " SELU, ""},
        {"scaling: range", SELU,
         "selu normalizes if the inputs have mean 0 and variance 1: see data.scaling: "
         "standardize\n"},
        {"scaling: standardize", SELU ", dropout: 0.1",
         "selu: dropout_1 changes mean and variance, alpha_dropout keeps them\n"},
        {"scaling: standardize", SELU ", residual: [" SELU "]",
         "selu normalizes a plain stack of dense layers alone: residual_1 is a skip connection\n"},
        {"scaling: standardize",
         SELU ", dense: {units: 4, activation: elu, kernel_initializer: lecun_normal}",
         "selu normalizes if all hidden layers have it: dense_2 has activation elu\n"},
        {"scaling: standardize", SELU ", dense: {units: 4, kernel_initializer: lecun_normal}",
         "selu normalizes if all hidden layers have it: dense_2 has activation linear\n"},
        {"scaling: standardize",
         SELU ", dense: {units: 4, kernel_initializer: lecun_normal}, batch_normalization, "
              "activation: selu",
         "selu: batch_normalization_1 takes mean and variance from the mini-batch, selu keeps them "
         "without it\n"},
        {"scaling: standardize",
         SELU ", dense: {units: 4, activation: prelu, kernel_initializer: lecun_normal}",
         "selu normalizes if all hidden layers have it: dense_2 has activation prelu\n"},
        {"scaling: standardize",
         SELU ", repeat: {times: 2, layers: [dense: {units: 4, activation: "
              "selu}]}",
         "selu normalizes if all hidden layers begin with lecun_normal: dense_2 has "
         "glorot_uniform\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const told t = train("", cases[i].data, cases[i].model, RNL_UINT8);
        cr_expect_str_eq(t.warnings, cases[i].warning, "%s", cases[i].model);
    }
}

/* Inputs that came standardized (the fixture's are uniform from -2 to 2) need no scaling. */
Test(layer_advice, inputs_are_measured_where_nothing_scales_them)
{
    static const char warning[] = "selu normalizes if the inputs have mean 0 and variance 1";
    cr_expect_null(strstr(train("", "", SELU, RNL_FLOAT32).warnings, warning));
    cr_expect_not_null(strstr(train("", "", SELU, RNL_UINT8).warnings, warning));
}

#define ODD "dense: {units: 4, activation: relu, kernel_initializer: lecun_normal}"

/* Reported once for all layers, also for an initializer of a preset. */
Test(layer_advice, initializers_that_do_not_suit_are_noted)
{
    static const struct {
        const char *preset, *model, *note;
    } cases[] = {
        {"preset: default_dnn\n", ODD,
         "dense_1 begins with lecun_normal; he_normal suits its relu: kernel_initializer: auto\n"},
        {"", ODD ", " ODD,
         "dense_1 begins with lecun_normal; he_normal suits its relu: kernel_initializer: auto; so "
         "does 1 other layer\n"},
        {"", "dense: {units: 4, activation: relu}",
         "dense_1 begins with glorot_uniform, the default; he_normal suits its relu: "
         "kernel_initializer: auto\n"},
        {"", "dense: 4, batch_normalization, activation: elu",
         "dense_1 begins with glorot_uniform, the default; he_normal suits its elu"},
        {"", "dense: {units: 4, activation: tanh, kernel_initializer: he_normal}",
         "dense_1 begins with he_normal; glorot_uniform suits its tanh"},
        {"", "repeat: {times: 3, layers: [dense: {units: 4, activation: prelu}]}",
         "dense_1 begins with glorot_uniform, the default; he_normal suits its prelu"},
        {"preset: default_dnn\n", "dense: {units: 4, kernel_initializer: he_uniform}", NULL},
        {"preset: default_dnn\n", "dense: 4", NULL},
        {"", "dense: {units: 4, activation: tanh}", NULL},
        {"", "dense: {units: 4, activation: leaky_relu, kernel_initializer: auto}", NULL},
        {"", "dense: {units: 4, activation: relu, kernel_initializer: fixup}", NULL},
        {"", "dense: {units: 4, activation: relu, kernel_initializer: {variance_scaling: 2}}",
         NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const told t = train(cases[i].preset, "scaling: none", cases[i].model, RNL_FLOAT32);
        const char *note = strstr(t.notes, "begins with");
        cr_expect_eq(note != NULL, cases[i].note != NULL, "%s: %s", cases[i].model, t.notes);
        cr_expect(!cases[i].note || strstr(t.notes, cases[i].note) != NULL, "%s: %s",
                  cases[i].model, t.notes);
        cr_expect(!note || !strstr(note + 1, "begins with"), "%s: %s", cases[i].model, t.notes);
    }
}
