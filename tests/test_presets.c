/*
 * Presets, `auto` initializers, where values are from, and what is told of layers that do not go
 * well together.
 */
#include "engine/config/config.h"
#include "engine/layers/layers.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "data: {train: {spirals: {rows: 30}}, validation_split: 0.2}\n"
#define REST "training: {loss: sparse_categorical_crossentropy, epochs: 30}\n"

static rnl_config *parse(const char *text, const char *override)
{
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, &override, override != NULL), RNL_OK,
                 "%s\n%s", text, rnl_message());
    return config;
}

static char *print(const char *text, const char *override)
{
    char *printed = NULL;
    rnl_config *config = parse(text, override);
    cr_assert_eq(rnl_config_print(config, &printed), RNL_OK);
    rnl_config_free(config);
    return printed;
}

static void expect_same(const char *text, const char *override, const char *written_out)
{
    char *expanded = print(text, override), *plain = print(written_out, NULL);
    cr_expect_str_eq(expanded, plain);
    free(expanded);
    free(plain);
}

static void expect_printed(const char *text, const char *override, const char *part, bool there)
{
    char *printed = print(text, override);
    cr_expect_eq(strstr(printed, part) != NULL, there, "%s\n%s\n%s", override ? override : "", part,
                 printed);
    free(printed);
}

/* ---- what presets stand for ------------------------------------------------------------------ */

static const char deep[] =
    "preset: default_dnn\n" DATA "model:\n"
    "  - flatten\n"
    "  - dense: {units: 7}\n"
    "  - dense: {units: 6, activation: {elu: {alpha: 0.5}}}\n"
    "  - dropout: 0.25\n"
    "  - repeat: {times: 2, layers: [dense: {units: 7, activity_regularizer: l2}]}\n"
    "  - dense: {units: 7, activation: prelu}\n"
    "  - dense: {units: 3, activation: softmax}\n" REST;

#define TRAINED                                                                                    \
    "training:\n"                                                                                  \
    "  loss: sparse_categorical_crossentropy\n"                                                    \
    "  optimizer: {sgd: {momentum: 0.9}}\n"                                                        \
    "  schedule: {one_cycle: {max_rate: auto}}\n"                                                  \
    "  early_stopping: {patience: 10, start_from_epoch: 26}\n"                                     \
    "  epochs: 30\n"

Test(presets, a_deep_network_normalizes_before_its_activations)
{
    expect_same(
        deep, NULL,
        "name: c\n" DATA "model:\n"
        "  - flatten\n"
        "  - dense: {units: 7, use_bias: false, kernel_initializer: he_normal}\n"
        "  - batch_normalization\n"
        "  - activation: elu\n"
        "  - dense: {units: 6, use_bias: false, kernel_initializer: he_normal}\n"
        "  - batch_normalization\n"
        "  - activation: {elu: {alpha: 0.5}}\n"
        "  - dropout: 0.25\n"
        "  - repeat:\n"
        "      times: 2\n"
        "      layers:\n"
        "        - dense: {units: 7, use_bias: false, kernel_initializer: he_normal}\n"
        "        - batch_normalization\n"
        "        - activation: elu\n"
        "        - activity_regularization: l2\n"
        "  - dense: {units: 7, use_bias: false, kernel_initializer: he_normal}\n"
        "  - batch_normalization\n"
        "  - prelu\n"
        "  - dense: {units: 3, activation: softmax, kernel_initializer: glorot_uniform}\n" TRAINED);
}

#define SHALLOW(preset)                                                                            \
    "preset: " preset "\n" DATA "model:\n"                                                         \
    "  defaults: {units: 7}\n"                                                                     \
    "  layers: [dense, dense: , dense: {units: 9}, dense: {activation: relu},\n"                   \
    "           dense: {units: 3, activation: softmax}]\n" REST

Test(presets, a_shallow_network_does_not)
{
    static const char written_out[] =
        "name: c\n" DATA "model:\n"
        "  - dense: {units: 7, activation: elu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 7, activation: elu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 9, activation: elu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 7, activation: relu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 3, activation: softmax}\n" TRAINED;
    expect_same(SHALLOW("default_dnn"), NULL, written_out);
    expect_same(SHALLOW("{default_dnn: {batch_normalization: never}}"), NULL, written_out);
    expect_printed(SHALLOW("default_dnn"), "preset.default_dnn.batch_normalization=always",
                   "batch_normalization", true);
    expect_printed(deep, "preset.default_dnn.batch_normalization=never", "batch_normalization",
                   false);
}

Test(presets, a_self_normalizing_network)
{
    expect_same(
        SHALLOW("self_normalizing"), "model.layers.3.dense.activation=selu",
        "name: c\n"
        "data: {train: {spirals: {rows: 30}}, validation_split: 0.2, scaling: standardize}\n"
        "model:\n"
        "  - dense: {units: 7, activation: selu, kernel_initializer: lecun_normal}\n"
        "  - dense: {units: 7, activation: selu, kernel_initializer: lecun_normal}\n"
        "  - dense: {units: 9, activation: selu, kernel_initializer: lecun_normal}\n"
        "  - dense: {units: 7, activation: selu, kernel_initializer: lecun_normal}\n"
        "  - dense: {units: 3, activation: softmax}\n" TRAINED);
    expect_printed(deep, "preset=self_normalizing", "batch_normalization", false);
}

/* An activation, or a normalization, that the model already has behind a dense layer. */
Test(presets, layers_that_are_there_are_not_doubled)
{
    expect_same("preset: {default_dnn: {batch_normalization: always}}\n" DATA
                "model: [dense: {units: 4}, batch_normalization, activation: tanh,\n"
                "        dense: {units: 4}, dropout: 0.5, activation: relu,\n"
                "        dense: {units: 4, activation: linear},\n"
                "        dense: {units: 3, activation: softmax}]\n" REST,
                NULL,
                "name: c\n" DATA
                "model: [dense: {units: 4}, batch_normalization, activation: tanh,\n"
                "        dense: {units: 4, use_bias: false, kernel_initializer: he_normal},\n"
                "        batch_normalization, dropout: 0.5, activation: relu,\n"
                "        dense: {units: 4, use_bias: false}, batch_normalization,\n"
                "        dense: {units: 3, activation: softmax}]\n" TRAINED);
}

Test(presets, what_is_given_stands)
{
    static const struct {
        const char *override, *part;
    } given[] = {
        {"training.optimizer=adam", "optimizer: {adam: {learning_rate: 0.001"},
        {"training.optimizer=sgd", "sgd: {learning_rate: 0.01, momentum: 0.9, nesterov: false}"},
        {"training.optimizer.sgd.nesterov=true", "momentum: 0.9, nesterov: true}"},
        {"training.optimizer.sgd.momentum=0", "momentum: 0.0, nesterov: false}"},
        {"training.schedule=null", "schedule: null"},
        {"training.schedule=null", "start_from_epoch: 0"},
        {"training.schedule={power: {steps: 9}}", "schedule: {power: {steps: 9.0"},
        {"training.schedule.one_cycle.max_rate=0.5", "one_cycle: {max_rate: 0.5"},
        {"training.schedule.one_cycle.last_fraction=0.5", "start_from_epoch: 14"},
        {"training.early_stopping.patience=0", "patience: 0"},
        {"training.early_stopping.patience=3", "start_from_epoch: 26"},
        {"training.early_stopping.start_from_epoch=3", "start_from_epoch: 3"},
        {"training.epochs=1", "start_from_epoch: 0"},
        {"training.epochs=5", "start_from_epoch: 4"},
        {"training.epochs=100", "start_from_epoch: 89"},
        {"data.validation_split=0", "patience: 0"},
        {"data={train: {spirals: {}}, validation: {spirals: {}}}", "patience: 10"},
        {"data={train: {spirals: {}}, folds: 3}", "patience: 10"},
        {"training.early_stopping={monitor: loss}", "patience: 10"},
        {"data.scaling=none", "scaling: none"},
        {"data.scaling=range", "scaling: {range: {"},
        {"model.layers.0.dense.activation=tanh",
         "activation: tanh, use_bias: true, kernel_initializer: glorot_uniform"},
        {"model.layers.0.dense.kernel_initializer=ones",
         "activation: selu, use_bias: true, kernel_initializer: ones"},
        {"model.layers.4.dense.kernel_initializer=ones",
         "activation: softmax, use_bias: true, kernel_initializer: ones"},
        {"model.defaults.kernel_initializer=zeros",
         "activation: selu, use_bias: true, kernel_initializer: zeros"},
        {"model.layers.0.dense.use_bias=false", "activation: selu, use_bias: false"},
        {"model.layers.4.dense.activation=linear", "{units: 3, activation: linear"},
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; ++i)
        expect_printed(SHALLOW("self_normalizing"), given[i].override, given[i].part, true);
    expect_printed(SHALLOW("self_normalizing"), NULL, "units: 3, activation: softmax", true);
}

/* Nothing is guessed about the output. */
Test(presets, the_output_keeps_its_activation)
{
    expect_printed("preset: default_dnn\nmodel: [dense: {units: 4}, dense: {units: 1}]\n"
                   "training: {loss: mean_squared_error}\n",
                   NULL, "units: 1, activation: linear", true);
    expect_printed("preset: default_dnn\nmodel: [dense: {units: 1}]\n"
                   "training: {loss: mean_squared_error}\n",
                   NULL, "units: 1, activation: linear", true);
}

Test(presets, mistakes_are_answered)
{
    static const struct {
        const char *text, *message;
    } mistakes[] = {
        {"preset: default_dn\n", "c.yaml:1:9: unknown preset 'default_dn'; did you mean "
                                 "'default_dnn'?"},
        {"preset: xyzzy\n", "c.yaml:1:9: unknown preset 'xyzzy'; expected one of default_dnn, "
                            "self_normalizing"},
        {"preset: [default_dnn]\n", "c.yaml:1:9: expected one preset"},
        {"preset: {default_dnn: {batch_normalisation: always}}\n",
         "c.yaml:1:24: default_dnn: unknown key 'batch_normalisation'; did you mean "
         "'batch_normalization'?"},
        {"preset: {default_dnn: {batch_normalization: alway}}\n",
         "c.yaml:1:45: unknown rule of normalization 'alway'; did you mean 'always'?"},
        {"preset: {self_normalizing: {batch_normalization: always}}\n",
         "self_normalizing takes no parameters"},
        {"preste: default_dnn\n",
         "c.yaml:1:1: configuration: unknown key 'preste'; did you mean 'preset'?"},
        {"preset: default_dnn\n", "c.yaml:1:1: configuration: the key 'model' is missing"},
        {"preset: default_dnn\nmodel: [dense: {units: 1}]\n",
         "c.yaml:1:1: training: the key 'loss' is missing"},
        {"preset: default_dnn\nmodel: [dense: [3], dens, {}, [], {repeat: {times: x, layers: "
         "3}}]\n",
         "c.yaml:2:16: dense: expected a mapping of keys to values, got a list"},
        {"preset: default_dnn\nmodel: [dense: {units: 1}]\ntraining: [loss]\n",
         "c.yaml:3:11: training: expected a mapping"},
        {"preset: default_dnn\nmodel: [dense: {units: 1}]\n"
         "training: {loss: mean_squared_error, early_stopping: 3}\n",
         "c.yaml:3:54: early_stopping: expected a mapping"},
        {"preset: default_dnn\nmodel: [dense: {units: 1}]\n"
         "training: {loss: mean_squared_error, epochs: many}\n",
         "c.yaml:3:46: epochs: expected an integer"},
        {"[preset]", "configuration: expected a mapping"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        rnl_config *config = NULL;
        cr_expect_eq(rnl_config_parse(&config, "c.yaml", mistakes[i].text, NULL, 0), RNL_BAD_CONFIG,
                     "%s", mistakes[i].text);
        cr_expect(strstr(rnl_message(), mistakes[i].message) != NULL, "%s\n%s", mistakes[i].text,
                  rnl_message());
    }
    rnl_config_free(parse("preset:\nmodel: [dense: {units: 1}]\n"
                          "training: {loss: mean_squared_error, optimizer: sgd}\n",
                          NULL));
}

/* ---- auto ------------------------------------------------------------------------------------ */

Test(presets, auto_initializers_follow_the_activation)
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
        rnl_config *config = parse(text, NULL);
        const rnl_residual *block = config->model.items[0].parameters;
        const rnl_dense *dense = block->layers.items[0].parameters;
        cr_expect_str_eq(dense->kernel_initializer.kind->name, cases[i].initializer, "%s",
                         cases[i].layers);
        rnl_config_free(config);
    }
}

/* ---- where values are from ------------------------------------------------------------------- */

Test(presets, every_value_says_where_it_is_from)
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
        "loss: sparse_categorical_crossentropy # file",
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
    char *plain = NULL, *again = print(text, NULL);
    cr_assert_eq(rnl_config_print(config, &plain), RNL_OK);
    cr_expect_str_eq(plain, again);
    free(squeezed);
    free(text);
    free(plain);
    free(again);
    rnl_config_free(config);
}

/* Lists, maps, blocks and kinds of all shapes are read again as they were. */
Test(presets, printed_origins_are_a_configuration)
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
    char *printed = NULL, *plain = print(text, "training.schedule.piecewise.values.1=2.5");
    rnl_config *config = parse(text, "training.schedule.piecewise.values.1=2.5");
    cr_assert_eq(rnl_config_print_origins(config, &printed), RNL_OK);
    cr_expect(strstr(printed, "values: [3.0, 2.5, 1.0]                     # command line\n") !=
                  NULL,
              "%s", printed);
    expect_same(printed, NULL, plain);
    free(printed);
    free(plain);
    rnl_config_free(config);
}

/* ---- models ---------------------------------------------------------------------------------- */

#define RUN                                                                                        \
    "preset: default_dnn\n"                                                                        \
    "data: {scaling: none}\n"                                                                      \
    "model: [dense: {units: 5}, dense: {units: 3, activation: softmax}]\n"                         \
    "training: {loss: sparse_categorical_crossentropy, schedule: null, epochs: %d}\n"

/* The file of a model knows of no preset, and a run goes on under it with more epochs. */
Test(presets, models_hold_what_presets_stand_for)
{
    char path[] = "/tmp/rnl_test_presets_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = fixture_data(40, 4, 3, RNL_FLOAT32);
    rnl_model *model = fixture_model(fixture_config(RUN, 2), data), *loaded = NULL;
    char *before = NULL, *after = NULL;
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_load(&loaded, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_config_print_json(rnl_model_config(model), &before), RNL_OK);
    cr_assert_eq(rnl_config_print_json(rnl_model_config(loaded), &after), RNL_OK);
    cr_expect_str_eq(before, after);
    cr_expect_null(strstr(after, "preset"));
    cr_expect_null(strstr(after, "#"));
    cr_expect_not_null(strstr(after, "\"kernel_initializer\": \"he_normal\""));
    free(before);
    free(after);
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
    unlink(path);
}

#define CYCLE                                                                                      \
    "preset: default_dnn\n"                                                                        \
    "data: {scaling: none}\n"                                                                      \
    "model: [dense: {units: 5}, dense: {units: 3, activation: softmax}]\n"                         \
    "training: {loss: sparse_categorical_crossentropy, schedule: {one_cycle: {max_rate: 0.1}},\n"  \
    "           epochs: %d, early_stopping: {monitor: loss}}\n"

/* The epochs that early stopping waits for follow from the number of epochs. */
Test(presets, a_run_goes_on_with_more_epochs)
{
    char path[] = "/tmp/rnl_test_presets_XXXXXX";
    close(mkstemp(path));
    rnl_data *data = fixture_data(40, 4, 3, RNL_FLOAT32);
    rnl_model *model = fixture_model(fixture_config(CYCLE, 2), data), *resumed = NULL;
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    rnl_config *config = fixture_config(CYCLE, 40);
    cr_expect_eq(config->training.early_stopping.start_from_epoch, 35);
    cr_expect_eq(rnl_model_resume(&resumed, path, config), RNL_OK, "%s", rnl_message());
    rnl_model_free(resumed);
    rnl_config_free(config);
    rnl_model_free(model);
    rnl_data_free(data);
    unlink(path);
}

/* ---- what is told ---------------------------------------------------------------------------- */

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

Test(presets, what_keeps_selu_from_normalizing_is_warned_of)
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
Test(presets, inputs_are_measured_where_nothing_scales_them)
{
    static const char warning[] = "selu normalizes if the inputs have mean 0 and variance 1";
    cr_expect_null(strstr(train("", "", SELU, RNL_FLOAT32).warnings, warning));
    cr_expect_not_null(strstr(train("", "", SELU, RNL_UINT8).warnings, warning));
}

#define ODD "dense: {units: 4, activation: relu, kernel_initializer: lecun_normal}"

/* Once for all layers, whoever chose the initializer. */
Test(presets, initializers_that_do_not_suit_are_noted)
{
    static const struct {
        const char *preset, *model, *note;
    } cases[] = {
        {"preset: default_dnn\n", ODD,
         "dense_1 begins with lecun_normal; he_normal suits its relu: kernel_initializer: auto\n"},
        {"", ODD ", " ODD,
         "dense_1 begins with lecun_normal; he_normal suits its relu: kernel_initializer: auto; so "
         "do 1 other layers\n"},
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
