/*
 * Defaults for all layers of a model.
 */
#include "engine/layers/layers.h"
#include "tests/config_texts.h"

#include <criterion/criterion.h>
#include <string.h>

static const char with_defaults[] =
    "model:\n"
    "  defaults: {activation: {elu: {alpha: 0.5}}, kernel_regularizer: l2, units: 9}\n"
    "  layers:\n"
    "    - flatten\n"
    "    - dense\n"
    "    - dense:\n"
    "    - activation: relu\n"
    "    - dense: {units: 3, activation: softmax, kernel_regularizer: }\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n";

/* What the defaults stand for, written out, is the same configuration. */
Test(config_defaults, defaults_for_all_layers)
{
    static const char written_out[] =
        "model:\n"
        "  - flatten\n"
        "  - dense: {units: 9, activation: {elu: {alpha: 0.5}}, kernel_regularizer: l2}\n"
        "  - dense: {units: 9, activation: {elu: {alpha: 0.5}}, kernel_regularizer: l2}\n"
        "  - activation: relu\n"
        "  - dense: {units: 3, activation: softmax}\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n";
    char *texts[2];
    const char *const sources[] = {with_defaults, written_out};
    for (size_t i = 0; i < 2; ++i) {
        rnl_config *config = config_text_parse(sources[i], NULL);
        cr_assert_eq(rnl_config_print(config, &texts[i]), RNL_OK);
        rnl_config_free(config);
    }
    cr_expect_str_eq(texts[0], texts[1]);
    rnl_config *config = config_text_parse(texts[0], NULL);
    rnl_config_free(config);
    rnl_text_free(texts[0]);
    rnl_text_free(texts[1]);
    config = config_text_parse(with_defaults, "model.defaults.activation=tanh");
    const rnl_dense *dense = config->model.items[1].parameters;
    cr_expect_str_eq(dense->activation.kind->name, "tanh");
    rnl_config_free(config);
    config = config_text_parse(with_defaults, "model={defaults: , layers: [dense: {units: 3}]}");
    rnl_config_free(config);
}

Test(config_defaults, mistakes_in_defaults_are_answered)
{
    static const struct {
        const char *override, *message;
    } mistakes[] = {
        {"model.defaults.activaton=relu",
         "--set model.defaults.activaton=relu: defaults: no layer of this model has a key "
         "'activaton'; did you mean 'activation'?"},
        {"model.defaults.function=relu", "defaults: no layer of this model has a key 'function'"},
        {"model.defaults.momentum=0.9", "defaults: no layer of this model has a key 'momentum'"},
        {"model.defaults.initial_slop=0.9", "no layer of this model has a key 'initial_slop'"},
        {"model.defaults.trainabel=false", "did you mean 'trainable'?"},
        {"model={defaults: {units: 3}, layers: [flatten, residual: [prelu]]}",
         "defaults: no layer of this model has a key 'units'"},
        {"model={defaults: {initial_slope: x}, layers: [repeat: {times: 2, layers: [prelu]}]}",
         "initial_slope: expected a number"},
        {"model.defaults.activation=rellu", "unknown activation 'rellu'; did you mean 'relu'?"},
        {"model.defaults=[relu]", "defaults: expected a mapping of keys to values"},
        {"model.layer=[]", "model: unknown key 'layer'; expected a list of layers, or defaults"},
        {"model={defaults: {units: 3}}", "model: the key 'layers' is missing"},
        {"model={layers: 3}", "model: expected a list of layers, got '3'"},
        {"model={dense: {units: 3}}", "model: unknown key 'dense'; expected a list of layers"},
        {"model={layers: [{dense: [3]}, {}, [], dens], defaults: {units: 3}}",
         "dense: expected a mapping of keys to values, got a list"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i)
        config_text_expect_refused(with_defaults, mistakes[i].override, mistakes[i].message);
    config_text_expect_refused("model:\n  defaults:\n    activation: rellu\n"
                               "  layers: [dense: {units: 3}]\n",
                               NULL, "c.yaml:3:17: unknown activation 'rellu'");
}

/* Own keys first, then the style, then the defaults; as if they were written out. */
Test(config_defaults, styles_are_written_into_the_layers_that_ask)
{
    static const char styled[] =
        "model:\n"
        "  defaults: {activation: tanh, kernel_initializer: he_normal}\n"
        "  styles: {a: {kernel_regularizer: {l2: 0.01}, activation: ELU}, b: {use_bias: false}}\n"
        "  layers: [dense: {units: 3, like: a}, dense: {units: 4, like: a, activation: relu},\n"
        "           residual: [dense: {units: 4, like: b}], dense: 2]\n"
        "training: {loss: mean_squared_error, optimizer: sgd}\n",
                      written[] =
                          "model:\n"
                          "  - dense: {units: 3, activation: elu, kernel_regularizer: {l2: 0.01}, "
                          "kernel_initializer: he_normal}\n"
                          "  - dense: {units: 4, activation: relu, kernel_regularizer: {l2: 0.01}, "
                          "kernel_initializer: he_normal}\n"
                          "  - residual: [dense: {units: 4, use_bias: false, activation: tanh, "
                          "kernel_initializer: "
                          "he_normal}]\n"
                          "  - dense: {units: 2, activation: tanh, kernel_initializer: he_normal}\n"
                          "training: {loss: mean_squared_error, optimizer: sgd}\n";
    static const struct {
        const char *override, *message;
    } mistakes[] = {
        {"model.layers.0.dense.like=regularised", "like: expected the name of one of model.styles"},
        {"model.layers.0.dense.like=A", "did you mean 'a'?"},
        {"model.styles.a.units_=3", "styles: dense, which is like 'a', has no key 'units_'"},
        {"model.styles=3", "styles: expected at most 64"},
        {"model.styles.a=3", "styles: expected a mapping of keys to values under 'a'"},
        {"model.styles.a.activation=rellu", "unknown activation 'rellu'; did you mean 'relu'?"},
    };
    config_text_expect_same(styled, NULL, written);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i)
        config_text_expect_refused(styled, mistakes[i].override, mistakes[i].message);
}
