/*
 * The preset tabular: what it stands for.
 */
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "preset: tabular\n" DATA
#define HIDDEN(units, function)                                                                    \
    "  - dense: {units: " units ", activation: " function ",\n"                                    \
    "            kernel_initializer: {variance_scaling: {distribution: untruncated_normal}},\n"    \
    "            bias_initializer: {random_normal: {stddev: 1}},\n"                                \
    "            learning_rate_factor: {over_sqrt_fan_in: 1}, bias_learning_rate_factor: 0.1}\n"
#define OUTPUT(units)                                                                              \
    "  - dense: {units: " units ", kernel_initializer: zeros,\n"                                   \
    "            learning_rate_factor: {over_sqrt_fan_in: 1}, bias_learning_rate_factor: 0.1"
#define SCALED(more)                                                                               \
    "name: c\n"                                                                                    \
    "data: {train: {spirals: {rows: 30}}, validation_split: 0.2,\n"                                \
    "       scaling: {robust: {smooth_clip: 3}}" more "}\n"
#define TRAINED(rate)                                                                              \
    "  optimizer: {adam: {learning_rate: " rate ", beta_2: 0.95, epsilon: 1e-8}}\n"                \
    "  schedule: {log_cosine: {cycles: 4}}\n"                                                      \
    "  batch_size: 256\n"                                                                          \
    "  drop_last: true\n"

Test(tabular, a_classifier)
{
    config_text_expect_same(
        HEAD "model: [dense: {units: 3, activation: softmax}]\n"
             "training: {loss: sparse_categorical_crossentropy}\n",
        NULL,
        SCALED(
            "") "model:\n"
                "  - scale: {learning_rate_factor: 6}\n" HIDDEN("256", "selu") HIDDEN("256", "selu")
                    HIDDEN("256", "selu") OUTPUT(
                        "3") ", activation: softmax}\n"
                             "training:\n"
                             "  loss: {sparse_categorical_crossentropy: {label_smoothing: 0.1}}\n"
                             "  metrics: [accuracy]\n"
                             "  early_stopping: {patience: 16777216, last_of_equals: true,\n"
                             "                   monitor: val_accuracy}\n"
                             "  epochs: 256\n" TRAINED("0.04"));
}

Test(tabular, a_regressor)
{
    config_text_expect_same(
        HEAD "model: [dense: {units: 1}]\n"
             "training: {loss: mae}\n",
        NULL,
        SCALED(
            ", target_scaling: standardize") "model:\n"
                                             "  - scale: {learning_rate_factor: 6}\n" HIDDEN("256",
                                                                                             "mish")
                                                 HIDDEN("256", "mish") HIDDEN("256", "mish") OUTPUT(
                                                     "1") "}\n"
                                                          "training:\n"
                                                          "  loss: mae\n"
                                                          "  metrics: [mse]\n"
                                                          "  early_stopping: {patience: 16777216,\n"
                                                          "    last_of_equals: true,\n"
                                                          "    monitor: val_mse}\n"
                                                          "  epochs: 256\n" TRAINED("0.07"));
}

/* Layers that are given are not added, nor are validation rows there to stop by. */
Test(tabular, what_is_given_stands)
{
    config_text_expect_same(
        "preset: tabular\n"
        "data: {train: {spirals: {rows: 30}}, scaling: standardize}\n"
        "model: [flatten, dense: {units: 8, activation: relu}, scale, dense: {units: 1,\n"
        "        activation: sigmoid}]\n"
        "training: {loss: {bce: {label_smoothing: 0}}, epochs: 3, optimizer: sgd, batch_size: 9}\n",
        NULL,
        "name: c\n"
        "data: {train: {spirals: {rows: 30}}, scaling: standardize}\n"
        "model:\n"
        "  - flatten\n" HIDDEN("8", "relu") "  - scale\n" OUTPUT(
            "1") ", activation: sigmoid}\n"
                 "training: {loss: binary_crossentropy, metrics: [accuracy], optimizer: sgd, "
                 "epochs: 3,\n"
                 "           schedule: log_cosine, batch_size: 9, drop_last: true}\n");
    char *printed = config_text_print(HEAD "model: [dense: {units: 3, activation: softmax}]\n"
                                           "training: {loss: sparse_categorical_crossentropy,\n"
                                           "           metrics: [auc]}\n",
                                      NULL);
    cr_expect(strstr(printed, "monitor: \"val_loss\""), "%s", printed);
    free(printed);
}

/* A scale of the inputs that is given stays before the hidden layers. */
Test(tabular, a_given_scale_stays_at_the_inputs)
{
#define WITH(first)                                                                                \
    HEAD "model: [flatten" first ", dense: {units: 3, activation: softmax}]\n"                     \
         "training: {loss: sparse_categorical_crossentropy}\n"
    config_text_expect_same(WITH(", scale: {learning_rate_factor: 6}"), NULL, WITH(""));
#undef WITH
}

static void refuse_warnings(rnl_log_level level, const char *text, void *user)
{
    (void)user;
    cr_expect_neq(level, RNL_LOG_WARNING, "%s", text);
}

Test(tabular, columns_of_texts_are_found)
{
    static const char text[] = "preset: tabular\n"
                               "data: {train: {csv: {path: t.csv, target: y}}}\n"
                               "model: [dense: {units: 1}]\ntraining: {loss: mse}\n";
    char *printed = config_text_print(text, NULL);
    cr_expect(strstr(printed, "categorical: [\"auto\"]"), "%s", printed);
    free(printed);
    printed = config_text_print(text, "data.train.csv.categorical=town");
    cr_expect(strstr(printed, "categorical: [\"town\"]"), "%s", printed);
    free(printed);
}

/* Every output of a fresh net is that of zeros; all biases are drawn. */
Test(tabular, begins_at_zero)
{
    rnl_data *data = fixture_data(300, 6, 3, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("preset: tabular\nmodel: [dense: {units: 3, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, epochs: 2}\n"),
        data);
    cr_assert_eq(model->layer_count, 5);
    for (size_t i = 0; i < 256 * 3; ++i)
        cr_expect_eq(model->layers[4].parameters[0].arrays[RNL_VALUES][i], 0);
    for (size_t layer = 1; layer < 4; ++layer)
        cr_expect_neq(model->layers[layer].parameters[1].arrays[RNL_VALUES][0], 0);
    const rnl_options options = {.on_log = refuse_warnings};
    cr_expect_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}
