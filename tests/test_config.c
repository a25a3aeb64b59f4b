/*
 * Configurations: what is accepted, how mistakes are answered, overrides, printing and help.
 */
#include "engine/config/config.h"
#include "engine/layers/layers.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char good[] = "name: good\n"
                           "data:\n"
                           "  train: {spirals: {rows: 30, noise: 0.25}}\n"
                           "  validation_split: 1e-1\n"
                           "model:\n"
                           "  - flatten\n"
                           "  - dense: {units: 7, activation: {elu: {alpha: 0.5}}}\n"
                           "  - activation: relu\n"
                           "  - dense:\n"
                           "      units: 3\n"
                           "      activation: softmax\n"
                           "training:\n"
                           "  loss: sparse_categorical_crossentropy\n"
                           "  metrics: [accuracy]\n"
                           "  optimizer: momentum\n";

static rnl_config *parse(const char *text, const char *override)
{
    rnl_config *config = NULL;
    const rnl_status status =
        rnl_config_parse(&config, "c.yaml", text, &override, override != NULL);
    cr_assert_eq(status, RNL_OK, "%s", rnl_message());
    return config;
}

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
    rnl_config *config = parse(good, NULL);
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

struct mistake {
    char wrong[160]; /* replaces the line of `good` that begins in the same way */
    size_t line;     /* of `good`, from 1 */
    char message[260];
};

ParameterizedTestParameters(config, mistakes_are_answered)
{
    static struct mistake mistakes[] = {
        {"  - dense: {units: 7, activaton: relu}", 7,
         "c.yaml:7:23: dense: unknown key 'activaton'; did you mean 'activation'?"},
        {"  - dense: {units: 7, activation: rellu}", 7,
         "c.yaml:7:35: unknown activation 'rellu'; did you mean 'relu'?"},
        {"  - dense: {units: 7, activation: xyzzy}", 7,
         "c.yaml:7:35: unknown activation 'xyzzy'; expected one of linear, relu"},
        {"  - dens: {units: 7}", 7, "c.yaml:7:5: unknown layer 'dens'; did you mean 'dense'?"},
        {"  - dense: {activation: relu}", 7, "c.yaml:7:12: dense: the key 'units' is missing"},
        {"  - dense", 7, "dense: the key 'units' is missing"},
        {"  - dense: [7]", 7,
         "c.yaml:7:12: dense: expected a mapping of keys to values, got a list"},
        {"  - dense: relu", 7,
         "c.yaml:7:12: units: expected an integer from 1 to 16777216, got 'relu'"},
        {"  - dense: {units: ten}", 7,
         "c.yaml:7:20: units: expected an integer from 1 to 16777216, got 'ten'"},
        {"  - dense: {units: 0}", 7, "units: expected an integer from 1 to 16777216, got '0'"},
        {"  - dense: {units: 99999999999999999999}", 7, "units: expected an integer"},
        {"  - dense: {units: 7.5}", 7, "units: expected an integer"},
        {"  - dense: {units: 7, use_bias: yes}", 7,
         "c.yaml:7:33: use_bias: expected true or false, got 'yes'"},
        {"  - dense: {units: 7, units: 8}", 7, "c.yaml:7:23: the key 'units' is given twice"},
        {"  - {dense: {units: 7}, flatten: {}}", 7,
         "c.yaml:7:5: expected one layer, got 2: dense and flatten"},
        {"  - {dense: , units: 7}", 7, "c.yaml:7:15: 'units' belongs to dense"},
        {"  - flatten: {units: 7}", 7, "flatten takes no parameters, got a mapping"},
        {"  - [dense]", 7, "c.yaml:7:5: expected one layer"},
        {"  - &a dense", 7, "anchors, aliases and tags are not accepted"},
        {"  - *a", 7, "c.yaml:7:"},
        {"  - dense: {units: 7, activation: {elu: {alpha: -1}}}", 7,
         "alpha: expected a number from 0 to 1000000, got '-1'"},
        {"  - dense: {units: 7, activation: {elu: {alpha: nan}}}", 7, "alpha: expected a number"},
        {"  - dense: {units: 7, activation: {elu: {alpha: 1e999}}}", 7, "alpha: expected a number"},
        {"  - dense: {units: 7, kernel_regularizer: {l2: -0.1}}", 7,
         "c.yaml:7:48: l2: expected a number from 0 to 1000000, got '-0.1'"},
        {"  - dense: {units: 7, bias_regularizer: {l1_l2: {l1: nan}}}", 7, "l1: expected a number"},
        {"  - dense: {units: 7, kernel_regularizer: l1l2}", 7,
         "unknown regularizer 'l1l2'; did you mean 'l1_l2'?"},
        {"  - dense: {units: 7, kernel_constraint: {max_norm: {max_value: 0}}}", 7,
         "max_value: expected a number above 0 and at most 1000000, got '0'"},
        {"  - dense: {units: 7, kernel_constraint: {unit_norm: {axis: 2}}}", 7,
         "axis: expected an integer from 0 to 1, got '2'"},
        {"  - dense: {units: 7, kernel_constraint: maxnorm}", 7,
         "unknown constraint 'maxnorm'; did you mean 'max_norm'?"},
        {"\t- flatten", 6, "c.yaml:6:"},
        {"  optimizer: {sgd: {lr: 0.1}}", 15,
         "c.yaml:15:21: sgd: unknown key 'lr'; today's name is 'learning_rate'"},
        {"  optimizer: {rmsprop: {centred: true}}", 15,
         "c.yaml:15:25: rmsprop: unknown key 'centred'; did you mean 'centered'?"},
        {"  optimizer: {nadam: {beta_1: 1}}", 15,
         "beta_1: expected a number from 0 to 0.9999999, got '1'"},
        {"  optimizer: rmsprob", 15, "unknown optimizer 'rmsprob'; did you mean 'rmsprop'?"},
        {"  optimizer: {sgd: {learning_rate: 0}}", 15,
         "learning_rate: expected a number above 0 and at most 1000000, got '0'"},
        {"  optimizer:", 15, "expected one optimizer"},
        {"  optimzer: sgd", 15,
         "c.yaml:15:3: training: unknown key 'optimzer'; did you mean 'optimizer'?"},
        {"  metrics: accuracy", 14, "c.yaml:14:12: metrics: expected a list of metrics"},
        {"  validation_split: 1.5", 4,
         "c.yaml:4:21: validation_split: expected a number from 0 to 0.99, got '1.5'"},
        {"  class_weight: [1, 2]", 14,
         "c.yaml:14:17: class_weight: expected a mapping of names to numbers, or "
         "balanced, got a list"},
        {"  class_weight: {a: 1, b: -1}", 14,
         "c.yaml:14:27: class_weight: expected a number from 0 to 1e+30, got '-1'"},
        {"  class_weight: {a: nan}", 14, "class_weight: expected a number"},
        {"  class_weight: {a: 1, a: 2}", 14, "the key 'a' is given twice"},
        {"name: ../up", 1, "c.yaml:1:7: name: expected one fit for a directory"},
        {"name: [a]", 1, "c.yaml:1:7: name: expected text, got a list"},
        {"name: \xff", 1, "c.yaml:1: expected text in UTF-8"},
        {"name: \xf6\x92\x90\x98", 1, "c.yaml:1: expected text in UTF-8"},
        {"name: \xed\xa0\x80", 1, "c.yaml:1: expected text in UTF-8"},
        {"name: \xc0\xaf", 1, "c.yaml:1: expected text in UTF-8"},
        {"name: a\001b", 1, "c.yaml:1: expected text in UTF-8: control characters are not allowed"},
        {"nmae: good", 1, "c.yaml:1:1: configuration: unknown key 'nmae'; did you mean 'name'?"},
        {"name: {", 1, "c.yaml:"},
        {"--- x", 1, "c.yaml:"},
    };
    return cr_make_param_array(struct mistake, mistakes, sizeof mistakes / sizeof *mistakes);
}

ParameterizedTest(struct mistake *m, config, mistakes_are_answered)
{
    char text[2048];
    size_t length = 0, line = 1;
    for (const char *at = good; *at; at = strchr(at, '\n') + 1, ++line) {
        const size_t size = (size_t)(strchr(at, '\n') - at);
        length += (size_t)snprintf(text + length, sizeof text - length, "%.*s\n",
                                   line == m->line ? (int)strlen(m->wrong) : (int)size,
                                   line == m->line ? m->wrong : at);
    }
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, NULL, 0), RNL_BAD_CONFIG, "%s",
                 m->wrong);
    cr_expect(strstr(rnl_message(), m->message) != NULL, "%s\n%s", m->wrong, rnl_message());
    cr_expect_null(config);
}

Test(config, numbers_under_names_of_the_users_own)
{
    rnl_config *config = parse(good, "training.class_weight={b c: 2, '1': 0.5, \"x\\\"y\": 1e-3}");
    char *text = NULL, *again = NULL;
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    cr_expect(strstr(text, "class_weight: {\"b c\": 2.0, \"1\": 0.5, \"x\\\"y\": 0.001}") != NULL,
              "%s", text);
    rnl_config_free(config);
    config = parse(text, "training.class_weight.1=4");
    cr_expect_eq(config->training.class_weight.count, 3);
    cr_expect_str_eq(config->training.class_weight.items[0].name, "b c");
    cr_expect_eq(config->training.class_weight.items[1].value, 4);
    cr_assert_eq(rnl_config_print_json(config, &again), RNL_OK);
    cr_expect(strstr(again, "\"class_weight\": {\"b c\": 2.0, \"1\": 4.0") != NULL, "%s", again);
    rnl_text_free(text);
    rnl_text_free(again);
    rnl_config_free(config);
}

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
Test(config, defaults_for_all_layers)
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
        rnl_config *config = parse(sources[i], NULL);
        cr_assert_eq(rnl_config_print(config, &texts[i]), RNL_OK);
        rnl_config_free(config);
    }
    cr_expect_str_eq(texts[0], texts[1]);
    rnl_config *config = parse(texts[0], NULL);
    rnl_config_free(config);
    rnl_text_free(texts[0]);
    rnl_text_free(texts[1]);
    config = parse(with_defaults, "model.defaults.activation=tanh");
    const rnl_dense *dense = config->model.items[1].parameters;
    cr_expect_str_eq(dense->activation.kind->name, "tanh");
    rnl_config_free(config);
    config = parse(with_defaults, "model={defaults: , layers: [dense: {units: 3}]}");
    rnl_config_free(config);
}

Test(config, mistakes_in_defaults_are_answered)
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
        {"model.defaults.trainable=false", "learning_rate_factor: 0 keeps the parameters"},
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
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        rnl_config *config = NULL;
        cr_expect_eq(rnl_config_parse(&config, "c.yaml", with_defaults, &mistakes[i].override, 1),
                     RNL_BAD_CONFIG, "%s", mistakes[i].override);
        cr_expect(strstr(rnl_message(), mistakes[i].message) != NULL, "%s\n%s",
                  mistakes[i].override, rnl_message());
    }
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_parse(&config, "c.yaml",
                                  "model:\n  defaults:\n    activation: rellu\n"
                                  "  layers: [dense: {units: 3}]\n",
                                  NULL, 0),
                 RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "c.yaml:3:17: unknown activation 'rellu'") != NULL, "%s",
              rnl_message());
}

Test(config, zero_bytes_in_a_file_are_refused)
{
    static const char bytes[] = "n: 1\n? a:\t\0";
    char path[] = "/tmp/rnl_test_config_XXXXXX";
    rnl_config *config = NULL;
    const int file = mkstemp(path);
    cr_assert_eq(write(file, bytes, sizeof bytes - 1), (ssize_t)sizeof bytes - 1);
    close(file);
    cr_expect_eq(rnl_config_load(&config, path, NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), ":2: expected text in UTF-8") != NULL, "%s", rnl_message());
    unlink(path);
}

Test(config, hostile_text_is_refused)
{
    static char deep[20001];
    memset(deep, '[', 20000);
    const char *const texts[] = {"",
                                 "\n# nothing\n",
                                 "~",
                                 "[]",
                                 "model",
                                 deep,
                                 "{{{{{{",
                                 "a: b\n---\nc: d\n",
                                 "? [complex]\n: key\n",
                                 "x: !!binary abc",
                                 "\"unterminated",
                                 "a: 'b",
                                 "%YAML 9.9\n---\na",
                                 "% \xf6\x92\x90\x98",
                                 "#kin\n\nname:\n?  tn:     \t? w"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        rnl_config *config = NULL;
        cr_expect_eq(rnl_config_parse(&config, "c.yaml", texts[i], NULL, 0), RNL_BAD_CONFIG,
                     "text %zu", i);
        cr_expect_eq(strncmp(rnl_message(), "c.yaml", 6), 0, "%s", rnl_message());
    }
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_load(&config, "/nonexistent/c.yaml", NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "/nonexistent/c.yaml: cannot be opened") != NULL);
}

/* Every prefix of a good text either loads or is refused; nothing crashes. */
Test(config, every_prefix_is_survived)
{
    for (size_t length = 0; length < sizeof good; ++length) {
        char text[sizeof good] = "";
        memcpy(text, good, length);
        rnl_config *config = NULL;
        if (rnl_config_parse(&config, "c.yaml", text, NULL, 0) == RNL_OK)
            rnl_config_free(config);
    }
}

Test(config, overrides_reach_everywhere)
{
    rnl_config *config = parse(good, "training.epochs=12");
    cr_expect_eq(config->training.epochs, 12);
    rnl_config_free(config);
    config = parse(good, "model.1.dense.units=99");
    cr_expect_eq(((const rnl_dense *)config->model.items[1].parameters)->units, 99);
    rnl_config_free(config);
    config = parse(good, "training.optimizer=sgd");
    cr_expect_str_eq(config->training.optimizer.kind->name, "sgd");
    rnl_config_free(config);
    config = parse(good, "training.optimizer.momentum.learning_rate=0.5");
    cr_expect_str_eq(config->training.optimizer.kind->name, "momentum");
    cr_expect_eq(*(const double *)config->training.optimizer.parameters, 0.5);
    rnl_config_free(config);
    config = parse(good, "data.test={blobs: {rows: 5}}");
    cr_expect_str_eq(config->data.test.kind->name, "blobs");
    rnl_config_free(config);
}

ParameterizedTestParameters(config, wrong_overrides_are_answered)
{
    static char texts[][2][160] = {
        {"training.epoch=2", "--set training.epoch=2: training: unknown key 'epoch'; did you mean "
                             "'epochs'?"},
        {"training.epochs=two", "--set training.epochs=two: epochs: expected an integer"},
        {"model.9.dense.units=1", "--set model.9.dense.units=1: '9': expected the number of an "
                                  "element, 0 to 3"},
        {"training.epochs", "--set training.epochs: expected key.path=value"},
        {"training..epochs=1", "--set training..epochs=1: expected key.path=value"},
        {"training.epochs=[1", "--set training.epochs=[1:"},
        {"training.optimizer.sgd.momentum=0.5", "expected one optimizer, got 2: momentum and sgd"},
    };
    return cr_make_param_array(char[2][160], texts, sizeof texts / sizeof *texts);
}

ParameterizedTest(char (*text)[2][160], config, wrong_overrides_are_answered)
{
    const char *override = (*text)[0];
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", good, &override, 1), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), (*text)[1]) != NULL, "%s", rnl_message());
}

/* Printed text reads back to the same text, in both styles, also where numbers have a comma. */
Test(config, prints_what_it_reads)
{
    setlocale(LC_ALL, "de_DE.UTF-8");
    rnl_config *config = parse(good, "name=a \"quoted\" \\ name");
    char *yaml, *json, *again;
    cr_assert_eq(rnl_config_print(config, &yaml), RNL_OK);
    cr_assert_eq(rnl_config_print_json(config, &json), RNL_OK);
    cr_expect_null(strchr(json, '\n'));
    const char *const texts[] = {yaml, json};
    for (size_t i = 0; i < 2; ++i) {
        rnl_config *read = parse(texts[i], NULL);
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
    rnl_config *config = parse(
        "name: \"\\x01 \\t \\n \\x7f \\x80 \\N \\_ \\xe4 \\L \\P \\ufeff \\uffff \\U0010ffff\"\n"
        "model: [dense: {units: 1}]\n"
        "training: {loss: mean_squared_error, optimizer: sgd}\n",
        NULL);
    cr_expect_str_eq(config->name, name);
    char *text;
    cr_assert_eq(rnl_config_print_json(config, &text), RNL_OK);
    rnl_config *read = parse(text, NULL);
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

/* Of so many, looking each up among those before it takes longer than a test may. */
Test(config, keys_by_the_hundred_thousand)
{
    enum { KEYS = 700000 };
    char *text = malloc(KEYS * 24 + 512), *end = text;
    end += sprintf(end, "model: [dense: {units: 1}]\n"
                        "training: {loss: mean_squared_error, optimizer: sgd, class_weight: {");
    for (int i = 0; i < KEYS; ++i)
        end += sprintf(end, "key_%d: 1,\n", (int)(i * 7919LL % KEYS));
    strcpy(end, "}}\n");
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(config->training.class_weight.count, KEYS);
    rnl_config_free(config);
    strcpy(end, "key_7919: 2, key_7919: 3}}\n");
    cr_expect_eq(rnl_config_parse(&config, "c.yaml", text, NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "the key 'key_7919' is given twice"), "%s", rnl_message());
    free(text);
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
    cr_expect_eq(rnl_config_help("dnse", &text), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "did you mean 'dense'?") != NULL, "%s", rnl_message());
}
