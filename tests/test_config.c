/*
 * Configurations: what is accepted, overrides, names, printing and help.
 */
#include "engine/layers/layers.h"
#include "tests/config_texts.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char good[] = GOOD_CONFIG;

/* The names of the layers, in their order. */
static void expect_layers(const char *model, const char *expected)
{
    char text[512], names[256] = "";
    snprintf(text, sizeof text, "model: %s\ntraining: {loss: mean_squared_error, optimizer: sgd}\n",
             model);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    for (size_t i = 0; i < config->model.count; ++i)
        sprintf(names + strlen(names), "%s ", config->model.items[i].kind->name);
    cr_expect_str_eq(names, expected);
    rnl_config_free(config);
}

Test(config, activations_that_are_layers)
{
    expect_layers("[dense: {units: 3, activation: prelu}, dense: {activation: rrelu, units: 3}]",
                  "dense prelu dense rrelu ");
    expect_layers("[activation: prelu, activation: {rrelu: {upper: 0.5}}, activation: tanh]",
                  "prelu rrelu activation ");
    expect_layers("{defaults: {activation: {prelu: {initial_slope: 0.5}}},\n"
                  "  layers: [dense: {units: 3}, dense: {units: 2, activation: linear}]}",
                  "dense prelu dense ");
    expect_layers("[residual: [dense: {units: 3, activation: prelu}], dense: {units: 1}]",
                  "residual dense ");
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_parse(&config, "test.yaml",
                                  "model: [dense: {units: 3, activation: {rrelu: {lower: -1}}}]\n"
                                  "training: {loss: mean_squared_error, optimizer: sgd}\n",
                                  NULL, 0),
                 RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(),
                     "test.yaml:1:55: lower: expected a number from 0 to 1000000, got '-1'");
}

Test(config, takes_values_and_defaults)
{
    rnl_config *config = config_text_parse(good, NULL);
    cr_expect_str_eq(config->name, "good");
    cr_expect_str_eq(config->data.validation_split.kind->name, "last");
    cr_expect_eq(*(const double *)config->data.validation_split.parameters, 0.1);
    cr_expect_null(config->data.test.kind);
    cr_expect_str_eq(config->data.scaling.kind->name, "none");
    cr_expect_eq(config->model.count, 4);
    const rnl_dense *dense = config->model.items[1].parameters;
    cr_expect_eq(dense->units, 7);
    cr_expect(dense->use_bias);
    cr_expect_str_eq(dense->activation.kind->name, "elu");
    cr_expect_eq(*(const double *)dense->activation.parameters, 0.5);
    cr_expect_str_eq(dense->kernel_initializer.kind->name, "glorot_uniform");
    const rnl_activation_layer *relu = config->model.items[2].parameters;
    cr_expect_str_eq(relu->function.kind->name, "relu");
    cr_expect_eq(config->training.batch_size, 32);
    cr_expect_eq(config->training.epochs, 1);
    cr_expect(config->training.shuffle);
    cr_expect_eq(config->training.metrics.count, 1);
    rnl_config_free(config);
}

Test(config, numbers_under_names_of_the_users_own)
{
    rnl_config *config =
        config_text_parse(good, "training.class_weight={b c: 2, '1': 0.5, \"x\\\"y\": 1e-3}");
    char *text = NULL, *again = NULL;
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    cr_expect(strstr(text, "class_weight: {\"b c\": 2.0, \"1\": 0.5, \"x\\\"y\": 0.001}") != NULL,
              "%s", text);
    rnl_config_free(config);
    config = config_text_parse(text, "training.class_weight.1=4");
    cr_expect_eq(config->training.class_weight.count, 3);
    cr_expect_str_eq(config->training.class_weight.items[0].name, "b c");
    cr_expect_eq(config->training.class_weight.items[1].value, 4);
    cr_assert_eq(rnl_config_print_json(config, &again), RNL_OK);
    cr_expect(strstr(again, "\"class_weight\": {\"b c\": 2.0, \"1\": 4.0") != NULL, "%s", again);
    rnl_text_free(text);
    rnl_text_free(again);
    rnl_config_free(config);
}

Test(config, overrides_reach_everywhere)
{
    rnl_config *config = config_text_parse(good, "training.epochs=12");
    cr_expect_eq(config->training.epochs, 12);
    rnl_config_free(config);
    config = config_text_parse(good, "model.1.dense.units=99");
    cr_expect_eq(((const rnl_dense *)config->model.items[1].parameters)->units, 99);
    rnl_config_free(config);
    config = config_text_parse(good, "training.optimizer=sgd");
    cr_expect_str_eq(config->training.optimizer.kind->name, "sgd");
    rnl_config_free(config);
    config = config_text_parse(good, "training.optimizer.momentum.learning_rate=0.5");
    cr_expect_str_eq(config->training.optimizer.kind->name, "momentum");
    cr_expect_eq(*(const double *)config->training.optimizer.parameters, 0.5);
    rnl_config_free(config);
    config = config_text_parse(good, "data.test={blobs: {rows: 5}}");
    cr_expect_str_eq(config->data.test.kind->name, "blobs");
    rnl_config_free(config);
}

/* Printed text reads back to the same text, in both styles, also where numbers have a comma. */
Test(config, prints_what_it_reads)
{
    setlocale(LC_ALL, "de_DE.UTF-8");
    rnl_config *config = config_text_parse(good, "name=a \"quoted\" \\ name");
    char *yaml, *json, *again;
    cr_assert_eq(rnl_config_print(config, &yaml), RNL_OK);
    cr_assert_eq(rnl_config_print_json(config, &json), RNL_OK);
    cr_expect_null(strchr(json, '\n'));
    const char *const texts[] = {yaml, json};
    for (size_t i = 0; i < 2; ++i) {
        rnl_config *read = config_text_parse(texts[i], NULL);
        cr_assert_eq(rnl_config_print(read, &again), RNL_OK);
        cr_expect_str_eq(again, yaml);
        rnl_text_free(again);
        rnl_config_free(read);
    }
    rnl_text_free(yaml);
    rnl_text_free(json);
    rnl_config_free(config);
}

/* Also the characters that YAML folds into spaces, or forbids unless they are escaped. */
Test(config, prints_every_character_as_it_reads_it)
{
    static const char name[] =
        "\x01 \t \n \x7f \xc2\x80 \xc2\x85 \u00a0 \u00e4 \u2028 \u2029 \ufeff "
        "\uffff \U0010ffff";
    rnl_config *config = config_text_parse(
        "name: \"\\x01 \\t \\n \\x7f \\x80 \\N \\_ \\xe4 \\L \\P \\ufeff \\uffff \\U0010ffff\"\n"
        "model: [dense: {units: 1}]\n"
        "training: {loss: mean_squared_error, optimizer: sgd}\n",
        NULL);
    cr_expect_str_eq(config->name, name);
    char *text;
    cr_assert_eq(rnl_config_print_json(config, &text), RNL_OK);
    rnl_config *read = config_text_parse(text, NULL);
    cr_expect_str_eq(read->name, name);
    rnl_text_free(text);
    rnl_config_free(read);
    rnl_config_free(config);
}

Test(config, name_comes_from_the_file)
{
    rnl_config *config = NULL;
    const char *text = strchr(good, '\n') + 1;
    cr_assert_eq(rnl_config_parse(&config, "some/where/net.v2.yaml", text, NULL, 0), RNL_OK);
    cr_expect_str_eq(rnl_config_name(config), "net.v2");
    rnl_config_free(config);
}

/* Names that are cut off within a character, and bytes that begin none. */
Test(config, name_of_a_file_becomes_text)
{
    static const char *const paths[][2] = {{"x\xc2.yaml", "x_"},
                                           {"x\xe2\x80.yaml", "x__"},
                                           {"runs/caf\xe9.yaml", "caf_"},
                                           {"caf\xc3\xa9.yaml", "caf\xc3\xa9"}};
    const char *text = strchr(good, '\n') + 1;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i) {
        rnl_config *config = NULL, *again = NULL;
        char *printed = NULL;
        cr_assert_eq(rnl_config_parse(&config, paths[i][0], text, NULL, 0), RNL_OK);
        cr_expect_str_eq(rnl_config_name(config), paths[i][1]);
        cr_assert_eq(rnl_config_print(config, &printed), RNL_OK);
        cr_assert_eq(rnl_config_parse(&again, "again.yaml", printed, NULL, 0), RNL_OK, "%s",
                     rnl_message());
        cr_expect_str_eq(rnl_config_name(again), paths[i][1]);
        rnl_text_free(printed);
        rnl_config_free(again);
        rnl_config_free(config);
    }
}

Test(config, help_knows_every_kind)
{
    char *text;
    cr_assert_eq(rnl_config_help(NULL, &text), RNL_OK);
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        for (size_t i = 0; i < (*table)->count; ++i) {
            const char *name = (*table)->kinds[i].name;
            cr_expect(strstr(text, name) != NULL, "%s", name);
            char *topic;
            cr_assert_eq(rnl_config_help(name, &topic), RNL_OK, "%s", name);
            cr_expect(strstr(topic, (*table)->kinds[i].help) != NULL, "%s", name);
            rnl_text_free(topic);
        }
    rnl_text_free(text);
    cr_expect_eq(rnl_config_help("optimizer", &text), RNL_OK);
    rnl_text_free(text);
    cr_expect(rnl_config_has_key("training.optimizer.adam.learning_rate"));
    cr_expect_not(rnl_config_has_key("training.optimizer.adam"));
    cr_expect_not(rnl_config_has_key(""));
    cr_expect_eq(rnl_config_help("dnse", &text), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "did you mean 'dense'?") != NULL, "%s", rnl_message());
}

Test(config, help_follows_paths_through_lists_and_maps)
{
    static const char *const known[] = {"data.classes.map.5",
                                        "data.classes.only.0",
                                        "training.class_weight.a",
                                        "training.phases.0.epochs",
                                        "data.train.csv.features.0",
                                        "data.scaling.columns.age",
                                        "data.scaling.default",
                                        "training.phases.epochs",
                                        "model.0.residual.1.dense",
                                        "model.0.residual.1.dense.units",
                                        "model.0.activation.elu.alpha",
                                        "model.layers.0.dense.units",
                                        "model.layers.dense.units",
                                        "model.layers.0.kernel_initializer.he_normal",
                                        "model.defaults.activation",
                                        "model.styles.wide.units",
                                        "model.0.layers.0.dense.units",
                                        "training.optimizer.beta_1",
                                        "model"};
    static const char *const unknown[] = {"training.5",
                                          "training.epochs.5",
                                          "training.clipping.clipnorm.0",
                                          "model.0.dropout.5",
                                          "model.0.5",
                                          "training.optimizer.5",
                                          "data.train.csv.features.0.0",
                                          "model.0.flatten.flatten",
                                          "model.layers.0.5",
                                          "model.layers.layers.0",
                                          "model.layers.styles.x",
                                          "model.layers.defaults.units",
                                          "model.styles.0.dense.units",
                                          "model.defaults.dense.units",
                                          "model.styles.wide.dense.units",
                                          "model.styles.defaults.styles",
                                          "model.0.residual.1.dense.unit",
                                          "data.scaling.no_such",
                                          "data.scaling.columns.age.no_such",
                                          "training.phases.0.no_such",
                                          "training.early_stopping.monitor.accuracy",
                                          "."};
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
        char *text = NULL;
        cr_expect_eq(rnl_config_help(known[i], &text), RNL_OK, "%s", known[i]);
        rnl_text_free(text);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; ++i) {
        char *text = NULL;
        cr_expect_eq(rnl_config_help(unknown[i], &text), RNL_BAD_CONFIG, "%s", unknown[i]);
        cr_expect_not(rnl_config_has_key(unknown[i]), "%s", unknown[i]);
    }
    cr_expect(rnl_config_has_key("data.classes.map.5"));
}

/* Behind `layers`, and where the path does not name the kind, the same text with the kinds. */
Test(config, help_finds_parameters_without_their_kinds)
{
    char *named, *layers, *unnamed;
    cr_assert_eq(rnl_config_help("model.0.dense.units", &named), RNL_OK);
    cr_assert_eq(rnl_config_help("model.layers.0.dense.units", &layers), RNL_OK);
    cr_assert_eq(rnl_config_help("model.layers.0.units", &unnamed), RNL_OK);
    cr_expect_str_eq(layers, named);
    cr_expect_eq(strncmp(unnamed, named, strlen(named)), 0, "%s", unnamed);
    cr_expect(strstr(unnamed, " of layer dense\n") != NULL, "%s", unnamed);
    rnl_text_free(named);
    rnl_text_free(layers);
    rnl_text_free(unnamed);
    cr_assert_eq(rnl_config_help("training.optimizer.beta_1", &named), RNL_OK);
    cr_expect(strstr(named, " of optimizer adam\n") && strstr(named, " of optimizer nadam\n"));
    cr_expect_null(strstr(named, "one_cycle"), "of the schedules");
    rnl_text_free(named);
    /* Each kind with its own default. */
    cr_assert_eq(rnl_config_help("training.optimizer.learning_rate", &named), RNL_OK);
    const char *of_sgd = strstr(named, "default 0.01"), *of_adam = strstr(named, "default 0.001");
    cr_assert(of_sgd && of_adam && strstr(named, "optimizer adam\n"), "%s", named);
    cr_expect(of_sgd < of_adam && of_adam < strstr(named, "optimizer adam\n"), "%s", named);
    rnl_text_free(named);
}
