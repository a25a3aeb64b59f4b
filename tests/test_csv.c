/*
 * Tables: what becomes of columns, categories and missing cells.
 */
#include "engine/data/formats.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(csv, .init = table_enter, .fini = table_leave);

static const char layers[] = "model: [dense: {units: %zu, activation: %s}]\n"
                             "training: {loss: %s, optimizer: sgd}\n";

/* A configuration with these keys of the format. */
static rnl_config *configure(const char *keys, const char *test, size_t units,
                             const char *activation, const char *loss)
{
    char text[2048];
    int length = snprintf(text, sizeof text, "data: {train: {csv: {path: '%s'%s%s}}%s}\n",
                          table_path, *keys ? ", " : "", keys, test);
    snprintf(text + length, sizeof text - (size_t)length, layers, units, activation, loss);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    return config;
}

static rnl_status load(rnl_data **data, const char *keys, const char *loss)
{
    rnl_config *config = configure(keys, "", 1, "linear", loss);
    const rnl_status status = rnl_data_load(data, config, RNL_TRAIN);
    rnl_config_free(config);
    return status;
}

static void expect_inputs(const rnl_dataset *set, size_t rows, size_t features,
                          const float *expected)
{
    cr_assert_eq(set->rows, rows);
    cr_assert_eq(set->features, features);
    for (size_t i = 0; i < rows * features; ++i)
        cr_expect_eq(((const float *)set->inputs)[i], expected[i], "input %zu is %g", i,
                     (double)((const float *)set->inputs)[i]);
}

static const char people[] = "age,town,height,income\n"
                             "30,Ulm,1.5,10\n"
                             "20,Aix,2,-1.5e1\n"
                             "10,Ulm,.5,0\n";

Test(csv, numbers_categories_and_values)
{
    rnl_data *data = NULL;
    table_write(people);
    cr_assert_eq(load(&data, "target: income, categorical: town", "mean_squared_error"), RNL_OK,
                 "%s", rnl_message());
    expect_inputs(&data->train, 3, 4, (const float[]){30, 0, 1, 1.5, 20, 1, 0, 2, 10, 0, 1, .5});
    cr_expect_eq(data->train.value_columns, 1);
    cr_expect_eq(data->train.values[1], -15);
    cr_expect_null(data->train.labels);
    rnl_data_free(data);
}

/* As they are in a frame; a class keeps its name. */
Test(csv, truth_values_are_numbers)
{
    rnl_data *data = NULL;
    table_write("a,b,c\nTrue,false,False\nFALSE,TRUE,True\ntrue,2,False\n");
    cr_assert_eq(load(&data, "target: c", "sparse_categorical_crossentropy"), RNL_OK, "%s",
                 rnl_message());
    expect_inputs(&data->train, 3, 2, (const float[]){1, 0, 0, 1, 1, 2});
    cr_expect_arr_eq(data->train.labels, ((const int32_t[]){0, 1, 0}), 3 * sizeof(int32_t));
    rnl_data_free(data);
    table_write("a,b\ntRue,1\n");
    cr_expect_eq(load(&data, "target: b", "mean_squared_error"), RNL_BAD_DATA);
}

Test(csv, truth_values_among_numbers_are_told_of)
{
    rnl_data *data = NULL;
    table_write("a,b,c,d\n1,1.5,1,1\n True,2,0,1\n0,false,True,2\nFalse,7,0,2\n");
    cr_assert_eq(load(&data, "target: d", "mean_squared_error"), RNL_OK, "%s", rnl_message());
    cr_assert_eq(data->notes.count, 1);
    cr_expect_not_null(strstr(data->notes.items[0].text,
                              ":4:3: column 'b': True and False count as 1 and 0 among numbers "
                              "such as 1.5"),
                       "%s", data->notes.items[0].text);
    cr_expect_eq(data->notes.items[0].level, RNL_LOG_WARNING);
    rnl_data_free(data);
}

Test(csv, named_features_and_several_targets)
{
    rnl_data *data = NULL;
    table_write(people);
    cr_assert_eq(load(&data, "target: [age, income], features: [height]", "mean_squared_error"),
                 RNL_OK, "%s", rnl_message());
    expect_inputs(&data->train, 3, 1, (const float[]){1.5, 2, .5});
    cr_assert_eq(data->train.value_columns, 2);
    cr_expect_arr_eq(data->train.values, ((const float[]){30, 10, 20, -15, 10, 0}),
                     6 * sizeof(float));
    rnl_data_free(data);
}

Test(csv, classes_are_sorted_as_numbers_where_they_are)
{
    rnl_data *data = NULL;
    table_write("x,c\n1,10\n1,9\n1,-1\n1,9\n");
    cr_assert_eq(load(&data, "target: c", "sparse_categorical_crossentropy"), RNL_OK, "%s",
                 rnl_message());
    cr_expect_arr_eq(data->train.labels, ((const int32_t[]){2, 1, 0, 1}), 4 * sizeof(int32_t));
    cr_expect_eq(data->train.largest_label, 2);
    rnl_data_free(data);
    table_write("x,c\n1,b\n1,9\n1,a b\n");
    cr_assert_eq(load(&data, "target: c", "sparse_categorical_crossentropy"), RNL_OK);
    cr_expect_arr_eq(data->train.labels, ((const int32_t[]){2, 0, 1}), 3 * sizeof(int32_t));
    rnl_data_free(data);
}

Test(csv, columns_without_a_header)
{
    rnl_data *data = NULL;
    table_write("1;2;yes\n3;4;no\n");
    cr_assert_eq(load(&data, "target: '3', header: false, delimiter: ';'",
                      "sparse_categorical_crossentropy"),
                 RNL_OK, "%s", rnl_message());
    expect_inputs(&data->train, 2, 2, (const float[]){1, 2, 3, 4});
    cr_expect_arr_eq(data->train.labels, ((const int32_t[]){1, 0}), 2 * sizeof(int32_t));
    rnl_data_free(data);
}

static const char holes[] = "x,c,y\n1,a,1\n,a,2\n4,?,3\n7,b,\n4,\"\",5\n";

Test(csv, missing_cells)
{
    rnl_data *data = NULL;
    table_write(holes);
    cr_expect_eq(load(&data, "target: y, categorical: c", "mean_squared_error"), RNL_BAD_DATA);
    table_expect_message("csv:3:1: column 'x': expected a value (`missing: drop`");
    cr_expect_eq(load(&data, "target: y, categorical: c, missing: fill", "mean_squared_error"),
                 RNL_BAD_DATA);
    table_expect_message("csv:5:5: column 'y': expected a value");

    table_write("x,c,y\n1,a,1\n,a,2\n4,?,3\n7,b,\n");
    cr_assert_eq(load(&data, "target: y, categorical: c, missing: drop, missing_values: ['?']",
                      "mean_squared_error"),
                 RNL_OK, "%s", rnl_message());
    expect_inputs(&data->train, 1, 2, (const float[]){1, 1});
    cr_expect_not_null(strstr(data->notes.items[0].text, "missing: drop leaves out 3 of 4 rows"));
    cr_expect_eq(data->notes.items[0].level, RNL_LOG_WARNING);
    rnl_data_free(data);

    table_write("x,y\n-5,1\n,2\n-8,3\n");
    cr_assert_eq(load(&data, "target: y, missing: fill", "mean_squared_error"), RNL_OK);
    expect_inputs(&data->train, 3, 1, (const float[]){-5, -6.5, -8});
    rnl_data_free(data);

    table_write("x,c,y\n1,a,1\n,a,2\n4,?,3\n7,b,4\n");
    cr_assert_eq(load(&data, "target: y, categorical: c, missing: fill, missing_values: ['?']",
                      "mean_squared_error"),
                 RNL_OK, "%s", rnl_message());
    expect_inputs(&data->train, 4, 3, (const float[]){1, 1, 0, 4, 1, 0, 4, 1, 0, 7, 0, 1});
    rnl_data_free(data);
}

/* The column is no input, other sets need none, and prediction does not look at it. */
Test(csv, sample_weights)
{
    rnl_data *data = NULL;
    table_write("x,w,y\n1,0,1\n2,2.5,2\n,1,3\n4,,4\n");
    cr_assert_eq(load(&data, "target: y, sample_weight: w, missing: drop", "huber"), RNL_OK, "%s",
                 rnl_message());
    expect_inputs(&data->train, 2, 1, (const float[]){1, 2});
    cr_expect_arr_eq(data->train.sample_weights, ((const float[]){0, 2.5f}), 2 * sizeof(float));
    rnl_data_free(data);
    data = NULL;
    static const char table[] = "x,w,y\n1,1,1\n2,-1,2\n";
    table_expect_refused(table, "target: y, sample_weight: w", "huber",
                         "csv:3:3: column 'w': expected a sample weight of at least 0, got '-1'");
    table_expect_refused(table, "target: y, sample_weight: v", "huber", "test.yaml:1:");
    table_expect_message("has no column 'v'");
    table_expect_refused(table, "target: y, sample_weight: [w, x]", "huber",
                         "sample_weight: expected one column, got 2");
    table_expect_refused("x,w,y\n1,nan,1\n", "target: y, sample_weight: w", "huber",
                         "csv:2:3: column 'w': expected a number");
    table_expect_refused("x,w,y\n1,,1\n", "target: y, sample_weight: w, missing: fill", "huber",
                         "csv:2:3: column 'w': expected a value");

    table_write("x,w,y\n1,0,1\n2,2.5,2\n");
    rnl_config *config = configure("target: y, sample_weight: w", "", 1, "linear", "huber");
    rnl_model *model = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
    table_write("x\n1\n");
    cr_assert_eq(rnl_data_read(&data, model, table_path), RNL_OK, "%s", rnl_message());
    cr_expect_null(data->test.sample_weights);
    rnl_data_free(data);
    rnl_model_free(model);
    rnl_config_free(config);
}

Test(csv, mistakes_are_named)
{
    const char *squares = "mean_squared_error", *classes = "sparse_categorical_crossentropy";
    table_expect_refused(people, "", squares, "target: expected the name of the column to predict");
    table_expect_refused(people, "target: incom", squares,
                         "has no column 'incom'; did you mean 'income'?");
    table_expect_refused(people, "target: incom", squares, "test.yaml:1:");
    table_expect_refused(people, "target: income, categorical: twon", squares,
                         "has no column 'twon'; did you mean 'town'?");
    table_expect_refused(people, "target: income", squares,
                         "csv:2:4: column 'town': expected a number (columns of names belong under "
                         "`categorical`; `categorical: auto` finds them), got 'Ulm'");
    table_expect_refused(people, "target: [income, age]", classes,
                         "needs one column of classes, got 2");
    table_expect_refused(people, "target: [income, town], categorical: town", squares,
                         "several columns must be numbers");
    table_expect_refused(people, "target: income, features: [age, age]", squares, "named twice");
    table_expect_refused("a,b\n1\n", "target: b", squares,
                         "csv:2:1: expected 2 cells, as the first line has, got 1");
    table_expect_refused("a,a\n1,2\n", "target: a", squares,
                         "csv:1:3: the column 'a' is there twice");
    table_expect_refused("a,b\n,1\n,2\n", "target: b, categorical: a, missing: fill", squares,
                         "csv: column 'a': expected a value in some row");
    table_expect_refused("a,b\n", "target: b", squares, "expected 1 to 4294967295 rows, got 0");
    table_expect_refused("", "target: b", squares, "expected rows, got an empty file");
    table_expect_refused("b\n1\n", "target: b", squares, "expected a column beside the target");
    table_expect_refused("a,b\n1,2\n-4e38,2\n", "target: b", squares,
                         "csv:3:1: column 'a': expected a number between -3.4e38 and 3.4e38");
    table_expect_refused("a,b\n1e999,2\n", "target: b", squares,
                         "csv:2:1: column 'a': expected a number");
}

/* Cells are C strings: behind a zero byte nothing would be read. */
Test(csv, zero_bytes_are_refused)
{
    static const char *const tables[] = {"a,b\n1@2,2\n", "a,b\n\"1@2\",2\n"};
    for (size_t i = 0; i < 2; ++i) {
        char bytes[32];
        const size_t count = strlen(tables[i]);
        memcpy(bytes, tables[i], count + 1);
        *strchr(bytes, '@') = '\0';
        table_write_bytes(bytes, count);
        rnl_config *config = table_configure("target: b", 1, "mean_squared_error");
        rnl_data *data = NULL;
        cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_BAD_DATA);
        table_expect_message(i == 0 ? "csv:2:2: expected text, got a byte of 0"
                                    : "csv:2:3: expected text, got a byte of 0");
        rnl_data_free(data);
        rnl_config_free(config);
    }
}

Test(csv, invalid_utf8_is_refused)
{
    table_expect_refused("a,c\n1,\xff\n", "target: c", "sparse_categorical_crossentropy",
                         "csv:2:3: column 'c': expected UTF-8");
    table_expect_refused("\xc3(,c\n1,2\n", "target: c", "sparse_categorical_crossentropy",
                         "csv:1:1: expected the name of a column in UTF-8");
}

/* Test rows follow the encoding of the training rows, whatever the order of their columns. */
Test(csv, other_sets_follow_the_training_set)
{
    static char other[] = "/tmp/runnel_other_XXXXXX.csv";
    close(mkstemps(other, 4));
    FILE *file = fopen(other, "w");
    fputs("extra,town,age,income,height\n9,Aix,1,2,3\n", file);
    fclose(file);
    char test[128];
    snprintf(test, sizeof test, ", test: {csv: {path: '%s'}}", other);
    table_write(people);
    rnl_config *config =
        configure("target: income, categorical: town", test, 1, "linear", "mean_squared_error");
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TEST), RNL_OK, "%s", rnl_message());
    expect_inputs(&data->test, 1, 4, (const float[]){1, 1, 0, 3});
    cr_expect_eq(data->test.values[0], 2);
    cr_expect_eq(data->train.rows, 0);
    rnl_data_free(data);

    file = fopen(other, "w");
    fputs("town,age,income,height\nAix,1,2,3\nUlmm,1,2,3\n", file);
    fclose(file);
    data = NULL;
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_BAD_DATA);
    table_expect_message(
        "csv:3:1: column 'town': expected one of the 2 categories of the training rows "
        "(perhaps 'Ulm'; `data.unseen: missing` takes others as none), got 'Ulmm'");
    rnl_config_free(config);
    unlink(other);
}

/* Through a model file: the same categories, names of classes, and rows without targets. */
Test(csv, models_keep_the_encoding)
{
    static char file[] = "/tmp/runnel_model_XXXXXX";
    close(mkstemp(file));
    table_write("x,colour\n1,red\n2,\"a \"\"b\"\", c\"\n3,red\n");
    rnl_config *config =
        configure("target: colour", "", 2, "softmax", "sparse_categorical_crossentropy");
    rnl_data *data = NULL;
    rnl_model *model = NULL, *loaded = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_save(model, file), RNL_OK);
    cr_assert_eq(rnl_model_load(&loaded, file, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_classes(loaded), 2);
    cr_expect_str_eq(rnl_model_class_name(loaded, 0), "a \"b\", c");
    cr_expect_str_eq(rnl_model_class_name(loaded, 1), "red");
    cr_expect_null(rnl_model_class_name(loaded, 2));
    cr_expect_str_eq(rnl_model_output_name(loaded, 1), "red");

    table_write("x\n5\n6\n");
    rnl_data *rows = NULL;
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_data_read(&rows, loaded, table_path), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_predict(loaded, rows, RNL_TEST, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(prediction->rows, 2);
    cr_expect_float_eq((double)prediction->values[0] + (double)prediction->values[1], 1, 1e-6);
    cr_expect_eq(prediction->classes[0], prediction->values[1] > prediction->values[0]);
    rnl_evaluation *evaluation = NULL;
    cr_expect_eq(rnl_evaluate(loaded, rows, RNL_TEST, NULL, &evaluation), RNL_BAD_DATA);
    table_expect_message("expected targets beside the inputs, got none");
    rnl_prediction_free(prediction);
    rnl_data_free(rows);

    table_write("y\n5\n");
    rows = NULL;
    cr_expect_eq(rnl_data_read(&rows, loaded, table_path), RNL_BAD_DATA);
    table_expect_message("has no column 'x'");
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    unlink(file);
}
