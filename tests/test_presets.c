/*
 * What presets stand for, and models under them.
 */
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_printed(const char *text, const char *override, const char *part, bool there)
{
    char *printed = config_text_print(text, override);
    cr_expect_eq(strstr(printed, part) != NULL, there, "%s\n%s\n%s", override ? override : "", part,
                 printed);
    free(printed);
}

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
    config_text_expect_same(
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

Test(presets, a_shallow_network_does_not)
{
    static const char written_out[] =
        "name: c\n" DATA "model:\n"
        "  - dense: {units: 7, activation: elu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 7, activation: elu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 9, activation: elu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 7, activation: relu, kernel_initializer: he_normal}\n"
        "  - dense: {units: 3, activation: softmax}\n" TRAINED;
    config_text_expect_same(SHALLOW("default_dnn"), NULL, written_out);
    config_text_expect_same(SHALLOW("{default_dnn: {batch_normalization: never}}"), NULL,
                            written_out);
    expect_printed(SHALLOW("default_dnn"), "preset.default_dnn.batch_normalization=always",
                   "batch_normalization", true);
    expect_printed(deep, "preset.default_dnn.batch_normalization=never", "batch_normalization",
                   false);
}

Test(presets, a_self_normalizing_network)
{
    config_text_expect_same(
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
    config_text_expect_same(
        "preset: {default_dnn: {batch_normalization: always}}\n" DATA
        "model: [dense: {units: 4}, batch_normalization, activation: tanh,\n"
        "        dense: {units: 4}, dropout: 0.5, activation: relu,\n"
        "        dense: {units: 4, activation: linear},\n"
        "        dense: {units: 3, activation: softmax}]\n" REST,
        NULL,
        "name: c\n" DATA "model: [dense: {units: 4}, batch_normalization, activation: tanh,\n"
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
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i)
        config_text_expect_refused(mistakes[i].text, NULL, mistakes[i].message);
    rnl_config_free(config_text_parse("preset:\nmodel: [dense: {units: 1}]\n"
                                      "training: {loss: mean_squared_error, optimizer: sgd}\n",
                                      NULL));
}

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
