/*
 * Configurations in other words: Keras's names, values that stand for a kind's main parameter, and
 * what is said of names that are none.
 */
#include "tests/config_texts.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

static const char base[] = "model:\n"
                           "  - flatten\n"
                           "  - dense: {units: 7, activation: elu}\n"
                           "  - dense: {units: 2, activation: softmax}\n"
                           "training:\n"
                           "  loss: sparse_categorical_crossentropy\n"
                           "  optimizer: sgd\n";

static char *print(rnl_config *config)
{
    char *text = NULL;
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    return text;
}

static rnl_config *parse(const char *text, const char *const *overrides, size_t count)
{
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, overrides, count), RNL_OK, "%s",
                 rnl_message());
    return config;
}

struct word {
    char override[110];
    char printed[130];
};

/* The canonical name is printed, and what is printed loads again to the same text. */
static void expect_printed(const struct word *w)
{
    const char *override = w->override;
    rnl_config *config = parse(base, &override, 1);
    char *text = print(config);
    cr_expect(strstr(text, w->printed) != NULL, "%s\n%s", w->override, text);
    rnl_config *copy = parse(text, NULL, 0);
    char *again = print(copy);
    cr_expect_str_eq(again, text);
    rnl_config_free(copy);
    rnl_config_free(config);
    rnl_text_free(again);
    rnl_text_free(text);
}

ParameterizedTestParameters(words, names_of_keras)
{
    static struct word words[] = {
        {"training.loss=mse", "loss: mean_squared_error"},
        {"training.loss=MSE", "loss: mean_squared_error"},
        {"training.loss=mae", "loss: mean_absolute_error"},
        {"training.loss=bce", "loss: {binary_crossentropy: {"},
        {"training.loss=MeanSquaredError", "loss: mean_squared_error"},
        {"training.loss={SparseCategoricalCrossentropy: {label_smoothing: 0.1}}",
         "loss: {sparse_categorical_crossentropy: {label_smoothing: 0.1}}"},
        {"training.loss={Huber: {delta: 2}}", "loss: {huber: {delta: 2.0}}"},
        {"training.metrics=[acc]", "- accuracy\n"},
        {"training.metrics=[Accuracy]", "- accuracy\n"},
        {"training.metrics=[categorical_accuracy]", "- accuracy\n"},
        {"training.metrics=[sparse_categorical_accuracy]", "- accuracy\n"},
        {"training.metrics=[SparseCategoricalAccuracy]", "- accuracy\n"},
        {"training.metrics=[BinaryAccuracy]", "- binary_accuracy\n"},
        {"training.metrics=[mean_absolute_error]", "- mae\n"},
        {"training.metrics=[MeanSquaredError]", "- mse\n"},
        {"training.metrics=[r2]", "- r2_score\n"},
        {"training.metrics=[rmse]", "- root_mean_squared_error\n"},
        {"training.metrics=[mean_absolute_percentage_error]", "- mape\n"},
        {"training.metrics=[MeanAbsolutePercentageError]", "- mape\n"},
        {"training.metrics=[LogLoss]", "- log_loss\n"},
        {"training.metrics=[AUC]", "- auc\n"},
        {"training.metrics=[roc_auc]", "- auc\n"},
        {"training.metrics=[F1Score]", "- f1\n"},
        {"training.metrics=[balanced_accuracy_score]", "- balanced_accuracy\n"},
        {"training.metrics=[TopKCategoricalAccuracy: {k: 3}]",
         "- top_k_categorical_accuracy: {k: 3}"},
        {"training.optimizer=Adam", "optimizer: {adam: {learning_rate: 0.001"},
        {"training.optimizer=RMSprop", "optimizer: {rmsprop: {"},
        {"training.optimizer={SGD: {momentum: 0.5}}",
         "optimizer: {sgd: {learning_rate: 0.01, momentum: 0.5"},
        {"training.clipping={GlobalClipnorm: 1}", "clipping: {global_clipnorm: 1.0}"},
        {"training.schedule={OneCycle: {max_rate: 1}}", "schedule: {one_cycle: {max_rate: 1.0"},
        {"training.early_stopping={monitor: val_acc}", "monitor: \"val_accuracy\""},
        {"training.early_stopping={monitor: mean_absolute_error}", "monitor: \"mae\""},
        {"training.schedule={performance: {monitor: val_r2}}", "monitor: \"val_r2_score\""},
        {"model.1.dense.activation=silu", "activation: swish"},
        {"model.1.dense.activation=LeakyReLU", "activation: {leaky_relu: {negative_slope: 0.3}}"},
        {"model.1.dense.activation=PReLU", "- prelu: {initial_slope: 0.0"},
        {"model.1.dense.kernel_initializer=HeNormal", "kernel_initializer: he_normal"},
        {"model.1.dense.kernel_initializer=GlorotUniform", "kernel_initializer: glorot_uniform"},
        {"model.1.dense.kernel_regularizer=L1L2", "kernel_regularizer: {l1_l2: {"},
        {"model.1.dense.kernel_constraint=MaxNorm", "kernel_constraint: {max_norm: {"},
        {"model.1={Dense: {units: 3}}", "- dense: {units: 3"},
        {"model.1=BatchNormalization", "- batch_normalization: {"},
        {"model.1={residual: [Dense: {units: 7}]}", "- residual: [{dense: {units: 7"},
        {"model={defaults: {activation: ReLU}, layers: [Dense: {units: 3}]}",
         "- dense: {units: 3, activation: relu"},
        {"data.scaling=Standardize", "scaling: standardize"},
        {"data.train={CSV: {path: a.csv, target: b}}", "train: {csv: {path: \"a.csv\""},
    };
    return cr_make_param_array(struct word, words, sizeof words / sizeof *words);
}

ParameterizedTest(struct word *w, words, names_of_keras)
{
    expect_printed(w);
}

ParameterizedTestParameters(words, a_value_for_the_main_parameter)
{
    static struct word words[] = {
        {"model.1.dense.kernel_constraint={max_norm: 1.5}",
         "{max_norm: {max_value: 1.5, axis: 0}}"},
        {"model.1.dense.activation={leaky_relu: 0.2}", "{leaky_relu: {negative_slope: 0.2}}"},
        {"model.1.dense.activation={elu: 0.5}", "{elu: {alpha: 0.5}}"},
        {"model.1={activation: {elu: 0.5}}", "- activation: {elu: {alpha: 0.5}}"},
        {"model.1.dense.activation={prelu: 0.25}", "- prelu: {initial_slope: 0.25"},
        {"model.1.dense=5", "- dense: {units: 5, activation: linear"},
        {"model.1.dense.kernel_initializer={random_normal: 1}", "{mean: 0.0, stddev: 1.0}"},
        {"model.1.dense.kernel_initializer={constant: 0.5}", "{constant: {value: 0.5}}"},
        {"model.1.dense.kernel_initializer={variance_scaling: 2}",
         "{variance_scaling: {scale: 2.0, mode: fan_in"},
        {"training.optimizer={sgd: 0.1}", "{sgd: {learning_rate: 0.1, momentum: 0.0"},
        {"training.optimizer={Adam: 0.1}", "{adam: {learning_rate: 0.1, beta_1: 0.9"},
        {"training.loss={huber: 2}", "{huber: {delta: 2.0}}"},
        {"training.metrics=[top_k_categorical_accuracy: 2]", "{k: 2}"},
        {"training.schedule={one_cycle: 0.05}", "{one_cycle: {max_rate: 0.05, start_rate: 0.0"},
        {"training.schedule={one_cycle: auto}", "{one_cycle: {max_rate: auto"},
        {"model={defaults: {activation: {elu: 0.5}}, layers: [dense: 3]}",
         "- dense: {units: 3, activation: {elu: {alpha: 0.5}}"},
    };
    return cr_make_param_array(struct word, words, sizeof words / sizeof *words);
}

ParameterizedTest(struct word *w, words, a_value_for_the_main_parameter)
{
    expect_printed(w);
}

/* Whatever name an override calls a kind by, and after a value without its key. */
Test(words, overrides_meet_other_names)
{
    static const char text[] = "model: [Dense: {units: 3, activation: {LeakyReLU: 0.2}}]\n"
                               "training: {loss: mse, optimizer: {Adam: 0.5}}\n";
    const char *const overrides[] = {
        "training.optimizer.adam.beta_1=0.8",
        "training.optimizer.Adam.beta_2=0.7",
        "model.0.dense.activation.leaky_relu.negative_slope=0.1",
        "model.0.Dense.use_bias=false",
    };
    rnl_config *config = parse(text, overrides, sizeof overrides / sizeof *overrides);
    char *printed = print(config);
    cr_expect(strstr(printed, "{adam: {learning_rate: 0.5, beta_1: 0.8, beta_2: 0.7") != NULL, "%s",
              printed);
    cr_expect(strstr(printed, "{leaky_relu: {negative_slope: 0.1}}, use_bias: false") != NULL, "%s",
              printed);
    rnl_text_free(printed);
    rnl_config_free(config);
}

Test(words, early_stopping_that_is_written_is_on)
{
    static const struct {
        const char *override;
        int64_t patience;
    } cases[] = {{"training.early_stopping={}", 10},
                 {"training.early_stopping={monitor: loss}", 10},
                 {"training.early_stopping.patience=3", 3},
                 {"training.early_stopping={patience: 0}", 0},
                 {"training.epochs=3", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        rnl_config *config = parse(base, &cases[i].override, 1);
        cr_expect_eq(config->training.early_stopping.patience, cases[i].patience, "%s",
                     cases[i].override);
        rnl_config_free(config);
    }
}

/* ---- what is refused ------------------------------------------------------------------------- */

ParameterizedTestParameters(words, mistakes_are_told_what_is_right)
{
    static struct word mistakes[] = {
        {"training.validation_split=0.2", "unknown key 'validation_split'; did you mean "
                                          "'data.validation_split'?"},
        {"training.validation_splt=0.2", "did you mean 'data.validation_split'?"},
        {"data.epochs=3", "did you mean 'training.epochs'?"},
        {"epochs=3", "configuration: unknown key 'epochs'; did you mean 'training.epochs'?"},
        {"training.patience=3", "did you mean 'training.early_stopping.patience'?"},
        {"training.learning_rate=3", "the learning rate belongs to the optimizer: optimizer: "},
        {"learning_rate=3", "the learning rate belongs to the optimizer: optimizer: "},
        {"training.momentum=0.9", "it belongs to optimizer sgd: optimizer: {sgd: {momentum: "},
        {"training.preset=default_dnn", "did you mean 'preset' at the top level?"},
        {"model={preset: default_dnn, layers: [dense: 3]}",
         "model: unknown key 'preset'; did you mean 'preset' at the top level?"},
        {"model={laiers: [dense: 3]}", "expected a list of layers, or defaults and layers"},
        {"model.1.dense.name=3a", "name: expected a letter, then letters, digits, _ and -"},
        {"model.1.dense.batch_normalization=true", "a layer of its own: - batch_normalization"},
        {"data.random_state=3", "did you mean 'training.seed'?"},
        {"data.train={idx: {images: a, labels: b}}",
         "idx: unknown key 'images'; expected one of inputs, targets"},
        {"model.1.dense.rate=0.1",
         "dense: unknown key 'rate'; did you mean 'rate' of layer dropout"},
        {"training.lr=0.1", "the learning rate belongs to the optimizer"},
        {"training.optimizer={adam: {lr: 0.1}}", "here it is 'learning_rate'"},
        {"training.optimizer={adam: {decay: 0.1}}", "is training.schedule: {power: {steps: 1/d}}"},
        {"training.optimizer={adam: {weight_decay: 0.1}}", "it belongs to optimizer adamw"},
        {"training.optimizer={adam: {clipnorm: 1}}", "clipping: {clipnorm: 1.0}"},
        {"model.1.dense.trainabl=false", "did you mean 'trainable'?"},
        {"model.1.dense.input_shape=[28, 28]", "the data say the shape of a row"},
        {"model.0.flatten={input_shape: [28, 28]}", "the data say the shape of a row"},
        {"model.1.dense.kernel_size=3", "there is no convolution"},
        {"training.initial_epoc=3", "did you mean 'initial_epoch'?"},
        {"training.callbacks=[]", "training.early_stopping"},
        {"training.label_smoothing=0.1", "the cross-entropies have it"},
        {"training.loss={categorical_crossentropy: {from_logits: true}}",
         "computed from the logits together with the last layer's activation"},
        {"training.loss={mean_squared_error: {delta: 2}}", "did you mean 'delta' of loss huber?"},
        {"training.loss={mean_squared_error: {dlta: 2}}", "got the key 'dlta'"},
        {"training.loss={huber: {beta: 2}}", "huber: unknown key 'beta'; here it is 'delta'"},
        {"training.loss={huber: {label_smoothing: 2}}", "the cross-entropies have it"},
        {"training.loss=smooth_l1", "it is huber"},
        {"training.loss=PoissonNLLLoss", "it is poisson, behind activation: exponential"},
        {"training.verbose=1", "takes -v and -q"},
        {"model.1={leaky_relu: 0.1}", "unknown layer 'leaky_relu'; it is an activation: write "
                                      "`activation: leaky_relu`"},
        {"model.1=ReLU", "write `activation: relu`"},
        {"model.1={input: {shape: 3}}", "unknown layer 'input'; the data say the shape"},
        {"model.1={linear: {units: 3}}", "write `activation: linear`"},
        {"model.1={conv2d: {units: 3}}", "all layers with weights are dense"},
        {"model.1.dense.activation=dropout", "unknown activation 'dropout'; it is a layer"},
        {"model.1.dense.kernel_regularizer=max_norm", "it is a constraint"},
        {"model.1.dense.kernel_initializer=kaiming_normal", "it is he_normal"},
        {"training.loss=accuracy", "unknown loss 'accuracy'; it is a metric"},
        {"training.schedule=ReduceLROnPlateau", "it is performance"},
        {"training.schedule={exponential: {decay_steps: 3}}",
         "here it is 'steps', with `per: step` as there"},
        {"training.schedule=ExponentialDecay", "{steps: ..., rate: ..., per: step}"},
        {"training.schedule=PiecewiseConstantDecay", "values: [...], per: step}"},
        {"training.schedule=StepLR", "{steps: ..., rate: ...}"},
        {"training.schedule={exponential: {steps: 3, decay_rate: 0.5}}", "here it is 'rate'"},
        {"training.schedule={power: {initial_learning_rate: 1}}", "the optimizer's learning_rate"},
        {"model.1={prelu: {alpha_initializer: zeros}}", "here it is 'initial_slope'"},
        {"model.1.dense.bias_constraint=non_neg", "constraints are of kernels alone"},
        {"training.optimizer={momentum: 0.9}", "momentum: expected a mapping of keys to values"},
        {"training.optimizer=adAm", "did you mean 'adam'?"},
        {"training.epochs=\"3\"", "from 1 to 16777216, without quotes, got the text '3'"},
        {"training.shuffle='true'", "expected true or false, without quotes, got the text 'true'"},
        {"training.optimizer={sgd: {learning_rate: \"fast\"}}", "or auto, got 'fast'"},
        {"training.seed=-1", "an integer from 0 to 9007199254740992, got '-1'"},
        {"model.1={dropout: {p: 0.2}}", "dropout: unknown key 'p'; here it is 'rate'"},
        {"model.1.dens.units=3", "--set model.1.dens.units=3: unknown layer 'dens'; did you mean"},
        {"model.1={dense: {units: 3}, name: a}", "'name' belongs to dense"},
        {"model.1={Linear: 3}", "a layer of weights is dense"},
        {"training.optimizer={name: adam, learning_rate: 1}", "as `adam` or `adam: {...}`"},
        {"training.optimizer={type: Adam}", "as `adam` or `adam: {...}`, got the key 'type'"},
        {"training.metrics=accuracy", "expected a list of metrics, as [accuracy], got 'accuracy'"},
        {"training.metrics=[recall]", "`runnel evaluate` prints precision, recall and F1"},
        {"training.precision=bfloat16", "unknown precision 'bfloat16'; it is mixed_bfloat16"},
        {"training.loss=CrossEntropyLoss", "it is sparse_categorical_crossentropy"},
        {"data.train={path: a.csv}", "it belongs to a format: csv: {path: ..., target: ...}"},
        {"data.train={csv: {path: a, label: y}}", "csv: unknown key 'label'; here it is "
                                                  "'target'"},
        {"data.train={idx: {inputs: a, labels: y}}", "here it is 'targets'"},
        {"data.train={csv: {path: a, sep: y}}", "here it is 'delimiter'"},
        {"data.train={npy: {file: a}}", "npy: unknown key 'file'; expected one of inputs"},
        {"model.1={dense: {units: 3, weights: 1}}", "dense: unknown key 'weights'; expected one"},
        {"data.train={path: a.csv, target: y}",
         "unknown data format 'path'; it belongs to a format: csv"},
        {"model.1={activaton: prelu}", "unknown layer 'activaton'; did you mean 'activation'?"},
        {"model.1={activaton: prelu, name: a}", "did you mean 'activation'?"},
        {"training.optimizer={adam: {}, lr: 0.1}", "expected one optimizer, got 2: adam and lr"},
        {"training.optimizer={lr: 0.1, adam: {}}", "expected one optimizer, got 2: lr and adam"},
        {"training.optimizer={sgd: {}, adma: {}}", "unknown optimizer 'adma'; did you mean"},
        {"training.xyzzy=1", "expected one of loss, class_weight"},
    };
    return cr_make_param_array(struct word, mistakes, sizeof mistakes / sizeof *mistakes);
}

static void expect_refused(const struct word *m)
{
    config_text_expect_refused(base, m->override, m->printed);
}

ParameterizedTest(struct word *m, words, mistakes_are_told_what_is_right)
{
    expect_refused(m);
}

/* Keras's schedules count steps, and so does power. */
Test(words, steps_of_power_are_those_of_keras)
{
    struct word m = {"training.schedule={power: {decay_steps: 3}}", "here it is 'steps'"};
    expect_refused(&m);
    cr_expect_null(strstr(rnl_message(), "per:"), "%s", rnl_message());
}

/* Two names of one kind in a file are two kinds. */
Test(words, one_kind_twice_is_refused)
{
    config_text_expect_refused("model: [dense: {units: 3}]\n"
                               "training: {loss: mse, optimizer: {adam: {}, Adam: {}}}\n",
                               NULL, "expected one optimizer, got 2");
}

/* Two names of one metric would make two equal columns, and two settings two of one name. */
Test(words, one_metric_twice_is_refused)
{
    static const struct word cases[] = {
        {"training.metrics=[acc, accuracy]", "metrics: accuracy is there twice"},
        {"training.metrics=[top_k_accuracy: 3, top_k_categorical_accuracy: {k: 5}]",
         "metrics: top_k_categorical_accuracy is there twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        expect_refused(&cases[i]);
}

/* ---- help ------------------------------------------------------------------------------------ */

ParameterizedTestParameters(words, help_knows_all_that_may_be_written)
{
    static struct word topics[] = {
        {"early_stopping", "restore_best_weights"},
        {"patience", "training ends"},
        {"validation_split", "share of the training rows"},
        {"mse", "mean_squared_error (loss)"},
        {"HeNormal", "he_normal (initializer)"},
        {"fan_avg", "fan_avg (mode): mean of both"},
        {"shard", "shard (statistics)"},
        {"units", "of layer dense"},
        {"learning_rate_factor", "of layer batch_normalization"},
        {"max_norm", "max_norm: <max_value>"},
        {"accuracy", "Also called: acc"},
        {"leaky_relu", "0.3 is that of Keras's layer, where its name as an activation has 0.2, "
                       "PyTorch 0.01"},
    };
    return cr_make_param_array(struct word, topics, sizeof topics / sizeof *topics);
}

ParameterizedTest(struct word *topic, words, help_knows_all_that_may_be_written)
{
    char *text = NULL;
    cr_assert_eq(rnl_config_help(topic->override, &text), RNL_OK, "%s", rnl_message());
    cr_expect(strstr(text, topic->printed) != NULL, "%s\n%s", topic->override, text);
    rnl_text_free(text);
}

Test(words, letters_that_changed_places_are_one_edit)
{
    cr_expect_eq(rnl_edit_distance("nadma", "nadam"), 1u);
    cr_expect_eq(rnl_edit_distance("adma", "nadam"), 2u);
}
