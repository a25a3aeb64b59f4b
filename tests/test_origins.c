/*
 * Where the values of a configuration are from, as it is printed.
 */
#include "tests/config_texts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(origins, every_value_says_where_it_is_from)
{
    static const char *const lines[] = {
        "name: \"c\" # default",
        "validation_split: 0.2 # file",
        "scaling: standardize # preset",
        "- dense: # file",
        "units: 7 # file",
        "units: 8 # command line",
        "units: 3 # file",
        "activation: relu # file",
        "activation: selu # preset",
        "kernel_initializer: lecun_normal # preset",
        "use_bias: true # default",
        "sparse_categorical_crossentropy: # file",
        "label_smoothing: 0.0 # default",
        "\"a\": 2.0 # command line",
        "sgd: # preset",
        "momentum: 0.9 # preset",
        "learning_rate: 0.01 # default",
        "max_rate: auto # preset",
        "last_fraction: 0.1 # default",
        "patience: 10 # preset",
        "start_from_epoch: 26 # preset",
        "epochs: 30 # file",
        "batch_size: 32 # default",
    };
    const char *const overrides[] = {"training.class_weight.a=2", "model.layers.2.dense.units=8"};
    rnl_config *config = NULL;
    char *text = NULL, *squeezed;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", SHALLOW("self_normalizing"), overrides, 2),
                 RNL_OK);
    cr_assert_eq(rnl_config_print_origins(config, &text), RNL_OK);
    cr_assert_not_null(squeezed = calloc(strlen(text) + 1, 1));
    for (size_t i = 0, length = 0; text[i]; ++i)
        if (text[i] != ' ' || text[i + 1] != ' ')
            squeezed[length++] = text[i];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i) {
        char line[96];
        snprintf(line, sizeof line, "%s\n", lines[i]);
        cr_expect(strstr(squeezed, line) != NULL, "%s\n%s", line, text);
    }
    char *plain = NULL, *again = config_text_print(text, NULL);
    cr_assert_eq(rnl_config_print(config, &plain), RNL_OK);
    cr_expect_str_eq(plain, again);
    free(squeezed);
    free(text);
    free(plain);
    free(again);
    rnl_config_free(config);
}

/* Lists, maps, blocks and kinds of all shapes are read again as they were. */
Test(origins, printed_origins_are_a_configuration)
{
    static const char text[] =
        "name: \"a # b\"\n"
        "data: {train: {csv: {path: x, target: y, categorical: [a, 'b # c'], missing: fill}}}\n"
        "model:\n"
        "  - residual: [dense: {units: 4, activation: {elu: {alpha: 2}}}, dropout: 0.5]\n"
        "  - repeat: {times: 2, layers: [residual: [dense: {units: 4}], activation: tanh]}\n"
        "  - activity_regularization: {l1_l2: {l1: 0.5}}\n"
        "  - dense: {units: 3, kernel_initializer: {variance_scaling: {mode: fan_out}},\n"
        "            kernel_constraint: max_norm}\n"
        "training:\n"
        "  loss: mean_squared_error\n"
        "  metrics: [mae, mse]\n"
        "  optimizer: adam\n"
        "  schedule: {piecewise: {boundaries: [1, 2], values: [3, 2, 1]}}\n"
        "  clipping: {clipnorm: 1}\n"
        "  class_weight: {'1': 2, 'a # b': 3}\n";
    char *printed = NULL,
         *plain = config_text_print(text, "training.schedule.piecewise.values.1=2.5");
    rnl_config *config = config_text_parse(text, "training.schedule.piecewise.values.1=2.5");
    cr_assert_eq(rnl_config_print_origins(config, &printed), RNL_OK);
    cr_expect(strstr(printed, "values: [3.0, 2.5, 1.0]                     # command line\n") !=
                  NULL,
              "%s", printed);
    config_text_expect_same(printed, NULL, plain);
    free(printed);
    free(plain);
    rnl_config_free(config);
}
