/*
 * Classes that the rows lack, and weights that balance those they have.
 */
#include "engine/schema/config.h"
#include "engine/training/class_weights.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(classes, .init = scratch_enter, .fini = scratch_leave);

/* A row of each letter's class, in their order. */
static void write_table(const char *path, const char *letters)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("x,y\n", file);
    for (size_t i = 0; letters[i]; ++i)
        fprintf(file, "%g,%c\n", (double)i / 10, letters[i]);
    cr_assert_eq(fclose(file), 0);
}

#define TABLE "train: {csv: {path: t.csv, target: y, categorical: y}}"
#define NET                                                                                        \
    "model: [dense: {units: %d, activation: softmax}]\n"                                           \
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, metrics: [%s]}\n"

static char told[4096];
static const char *metric = "accuracy";

static void on_log(rnl_log_level level, const char *text, void *user)
{
    (void)user;
    if (level == RNL_LOG_WARNING)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", text);
}

static const rnl_options telling = {.threads = 1, .on_log = on_log};

/* What a training warns of; with `evaluating`, what an evaluation of the test rows does. */
static const char *warnings(const char *data_keys, int units, bool evaluating)
{
    rnl_config *config = fixture_config("data: {%s}\n" NET, data_keys, units, metric);
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    told[0] = '\0';
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION | RNL_TEST), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    if (evaluating) {
        rnl_evaluation *evaluation = NULL;
        cr_expect_eq(rnl_evaluate(model, data, RNL_TEST, &telling, &evaluation), RNL_OK);
        rnl_evaluation_free(evaluation);
    } else {
        cr_expect_eq(rnl_train(model, data, &telling), RNL_OK, "%s", rnl_message());
    }
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    return told;
}

static void expect_told(const char *said, const char *words)
{
    cr_expect_not_null(strstr(said, words), "'%s' is not in:\n%s", words, said);
}

Test(classes, that_one_side_has_alone)
{
    write_table("t.csv", "aaaabbbbcccc");
    write_table("v.csv", "aabb");
    const char *said = warnings(TABLE ", validation_split: 0.33", 3, false);
    expect_told(said, "class 'c' is in the validation rows alone: the model never learns it; "
                      "data.validation_split: {stratified: 0.33} takes rows of each class");
    expect_told(said, "classes 'a', 'b' are in the training rows alone: the validation rows say "
                      "nothing of them; data.validation_split: {stratified: 0.33}");
    cr_expect_str_eq(warnings(TABLE ", validation_split: {stratified: 0.25}", 3, false), "");
    expect_told(warnings(TABLE ", folds: 12", 3, false),
                "; data.folds: {stratified: 12} takes rows of each class");
    expect_told(warnings(TABLE ", validation: {csv: {path: v.csv, target: y}}", 3, false),
                "class 'c' is in the training rows alone: the validation rows say nothing of it; "
                "data.validation_split: {stratified: 0.2} takes rows of each class, in place of "
                "data.validation, of data.train");
    expect_told(warnings(TABLE ", test: {csv: {path: v.csv, target: y}}", 3, false),
                "class 'c' is in the training rows alone: the test rows say nothing of it\n");
}

Test(classes, too_few_for_a_split)
{
    write_table("t.csv", "aaaaaaaaaaaaaaaaaaac");
    expect_told(warnings(TABLE ", validation_split: {stratified: 0.2}", 2, false),
                "class 'c' is in the");
    write_table("t.csv", "abcdefghijkl");
    expect_told(warnings(TABLE ", validation_split: {stratified: 0.5}", 12, false),
                " and 1 more are in the training rows alone");
}

Test(classes, that_no_row_has)
{
    write_table("t.csv", "aabb");
    expect_told(warnings(TABLE, 4, false),
                "the model tells 4 classes apart, but no row is of classes 2, 3\n");
    cr_expect_str_eq(warnings(TABLE, 2, false), "");
}

Test(classes, one_alone)
{
    write_table("t.csv", "aaaa");
    write_table("v.csv", "bb");
    const char *said = warnings(TABLE, 2, false);
    expect_told(said, "t.csv: all 4 rows are of class 'a': there is nothing to tell apart");
    cr_expect_null(strstr(said, "no row is of"), "%s", said);
    write_table("t.csv", "aabb");
    cr_expect_str_eq(warnings(TABLE ", test: {csv: {path: t.csv, target: y}}", 2, true), "");
    expect_told(warnings(TABLE ", test: {csv: {path: v.csv, target: y}}", 2, true),
                "v.csv: all 2 rows are of class 'b': the figures say nothing of the others");
}

/* Metric auc is over the other classes; of one alone there is none. */
Test(classes, that_auc_leaves_out)
{
    metric = "auc";
    write_table("t.csv", "aabbcc");
    write_table("v.csv", "aaccaa");
    write_table("w.csv", "bb");
    cr_expect_str_eq(warnings(TABLE ", test: {csv: {path: t.csv, target: y}}", 3, true), "");
    cr_expect_str_eq(warnings(TABLE ", test: {csv: {path: v.csv, target: y}}", 3, true),
                     "v.csv: metric auc is the mean over the other classes: no row is of class "
                     "'b'\n");
    expect_told(warnings(TABLE ", test: {csv: {path: w.csv, target: y}}", 3, true),
                "w.csv: metric auc of rows of a single class is NaN\n");
    expect_told(warnings(TABLE ", validation: {csv: {path: v.csv, target: y}}", 3, false),
                "v.csv: metric auc is the mean over the other classes: no row is of class 'b'\n");
    expect_told(warnings(TABLE, 4, false),
                "t.csv: metric auc is the mean over the other classes: no row is of class 3\n");
}

/* 0 and 1 as values; values that are no classes have none. */
Test(classes, of_a_single_output)
{
    static const float x[4] = {1, 2, 3, 4}, zeros[4] = {0};
    static const size_t shape[] = {1};
    const rnl_rows rows = {
        .rows = 4, .rank = 1, .shape = shape, .floats = x, .values = zeros, .value_columns = 1};
    static const char *const nets[] = {
        "model: [dense: {units: 1, activation: sigmoid}]\n"
        "training: {loss: binary_crossentropy, optimizer: sgd}\n",
        "model: [dense: {units: 1}]\ntraining: {loss: mean_squared_error, optimizer: sgd}\n"};
    for (size_t i = 0; i < 2; ++i) {
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_create(&data, &rows, &rows, &rows), RNL_OK);
        rnl_model *model = fixture_model(fixture_config("%s", nets[i]), data);
        told[0] = '\0';
        cr_expect_eq(rnl_train(model, data, &telling), RNL_OK, "%s", rnl_message());
        cr_expect_eq(strstr(told, "training rows: all 4 rows are of class 0") != NULL, i == 0, "%s",
                     told);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(classes, softmax_of_one_unit_is_refused)
{
    static const char *const losses[] = {"sparse_categorical_crossentropy",
                                         "categorical_crossentropy"};
    write_table("t.csv", "aaaa");
    for (size_t i = 0; i < 2; ++i) {
        rnl_config *config = fixture_config("data: {" TABLE "}\n"
                                            "model: [dense: {units: 1, activation: softmax}]\n"
                                            "training: {loss: %s, optimizer: sgd}\n",
                                            losses[i]);
        rnl_data *data = NULL;
        rnl_model *model = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
        cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
        cr_expect_not_null(strstr(rnl_message(),
                                  "test.yaml:2:9: dense_1: softmax of 1 unit is always 1: for two "
                                  "classes write {units: 1, activation: sigmoid} with loss "
                                  "binary_crossentropy, or 2 units"),
                           "%s", rnl_message());
        rnl_data_free(data);
        rnl_config_free(config);
    }
}

/* rows / (classes * rows of the class), over the classes that there are. */
Test(classes, balanced_weights)
{
    write_table("t.csv", "aaaaaabbcccccccc");
    rnl_config *config = fixture_config(
        "data: {" TABLE "}\n"
        "model: [dense: {units: 4, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, class_weight: "
        "balanced}\n");
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    float *weights = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_class_weights_create(&weights, model, &data->train), RNL_OK);
    static const float expected[4] = {16.0f / (3 * 6), 16.0f / (3 * 2), 16.0f / (3 * 8), 1};
    for (size_t i = 0; i < 4; ++i)
        cr_expect_eq(weights[i], expected[i], "%g", (double)weights[i]);
    free(weights);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
}

static uint64_t trained_with(const char *class_weight)
{
    rnl_config *config = fixture_config(
        "data: {" TABLE "}\nmodel: [dense: {units: 3, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, epochs: 3%s}\n",
        class_weight);
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    rnl_model *model = fixture_model(config, data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    rnl_data_free(data);
    return hash;
}

Test(classes, balanced_weights_are_those_written_out)
{
    write_table("t.csv", "aabbbbbbcccccccc");
    const uint64_t balanced = trained_with(", class_weight: balanced");
    cr_expect_eq(balanced, trained_with(", class_weight: {a: 2.6666666666666667, "
                                        "b: 0.88888888888888889, c: 0.66666666666666667}"));
    cr_expect_neq(balanced, trained_with(""));
}

Test(classes, balanced_needs_classes_and_is_printed)
{
    rnl_config *config = fixture_config(
        "model: [dense: {units: 1}]\n"
        "training: {loss: mean_squared_error, optimizer: sgd, class_weight: balanced}\n");
    rnl_data *data = fixture_data(4, 2, 2, RNL_FLOAT32);
    char *text = NULL;
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    cr_expect_not_null(strstr(text, "class_weight: balanced\n"), "%s", text);
    rnl_text_free(text);
    cr_assert_eq(rnl_config_print_origins(config, &text), RNL_OK);
    cr_expect_not_null(strstr(text, "class_weight: balanced "), "%s", text);
    rnl_text_free(text);
    rnl_model *model = fixture_model(config, data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "class_weight needs classes"), "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}
