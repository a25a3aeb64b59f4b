/*
 * Tables: how the text is taken apart, and what becomes of columns, categories and missing cells.
 */
#include "engine/data/csv_reader.h"
#include "engine/data/dataset.h"
#include "engine/data/formats.h"
#include "engine/model/model.h"
#include "engine/training/class_weights.h"
#include "engine/training/input_scale.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/runnel_csv_XXXXXX.csv";

static void enter(void)
{
    const int descriptor = mkstemps(path, 4);
    cr_assert_geq(descriptor, 0);
    close(descriptor);
}

static void leave(void)
{
    unlink(path);
}

TestSuite(csv, .init = enter, .fini = leave);

static void write_bytes(const char *text, size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static void write_text(const char *text)
{
    write_bytes(text, strlen(text));
}

static void expect_message(const char *words)
{
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in: %s", words, rnl_message());
}

/* ---- the reader ------------------------------------------------------------------------------ */

/* All records, cells in <>, records ended by a semicolon. */
static void expect_records(const char *text, char delimiter, const char *expected)
{
    write_text(text);
    char all[512] = "";
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, path, delimiter), RNL_OK, "%s", rnl_message());
    for (;;) {
        cr_assert_eq(rnl_csv_next(&reader), RNL_OK, "%s", rnl_message());
        if (reader.count == 0)
            break;
        for (size_t i = 0; i < reader.count; ++i)
            sprintf(all + strlen(all), "<%s>", reader.cells[i].text);
        strcat(all, ";");
    }
    rnl_csv_close(&reader);
    cr_expect_str_eq(all, expected);
}

Test(csv, records)
{
    expect_records("a,b\n1,2\n", ',', "<a><b>;<1><2>;");
    expect_records("a,b\r\n1,2", ',', "<a><b>;<1><2>;");
    expect_records("\xef\xbb\xbf"
                   "a;b\n",
                   ';', "<a><b>;");
    expect_records("a\tb c\t\n", '\t', "<a><b c><>;");
    expect_records("\n\r\n a , b \n\n1,2\n\n", ',', "<a><b>;<1><2>;");
    expect_records("\"a,b\",\"c\"\"d\"\n\"two\nlines\", \" kept \" \n", ',',
                   "<a,b><c\"d>;<two\nlines>< kept >;");
    expect_records(",\n", ',', "<><>;");
    expect_records("", ',', "");
    expect_records("\n\n", ',', "");
}

/* Cells that lie across the reader's buffer come out whole. */
Test(csv, long_cells)
{
    enum { LENGTH = 300000 };
    char *text = malloc(LENGTH + 8);
    memset(text, 'x', LENGTH);
    strcpy(text + LENGTH, ",\"y\"\n");
    write_text(text);
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, path, ','), RNL_OK);
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_assert_eq(reader.count, 2);
    cr_expect_eq(strlen(reader.cells[0].text), LENGTH);
    cr_expect_str_eq(reader.cells[1].text, "y");
    cr_expect_eq(reader.cells[1].column, LENGTH + 2);
    rnl_csv_close(&reader);
    free(text);
}

static void expect_broken(const char *text, size_t count, const char *words)
{
    write_bytes(text, count);
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, path, ','), RNL_OK);
    rnl_status status = rnl_csv_next(&reader);
    while (status == RNL_OK && reader.count > 0)
        status = rnl_csv_next(&reader);
    rnl_csv_close(&reader);
    cr_expect_eq(status, RNL_BAD_DATA);
    expect_message(words);
}

Test(csv, broken_text)
{
    expect_broken("a\nb,\"c\n", 7, "csv:2:3: this quote is never closed");
    expect_broken("\"a\"b,c\n", 7, "csv:1:4: expected ',' or the end of the line after a closing");
    expect_broken("a\0b\n", 4, "csv:1:2: expected text, got a byte of 0");
    expect_broken("a,b\rc\n", 6, "csv:1:5: expected a line feed after a carriage return");
}

/* ---- sets ------------------------------------------------------------------------------------ */

static const char layers[] = "model: [dense: {units: %zu, activation: %s}]\n"
                             "training: {loss: %s, optimizer: sgd}\n";

/* A configuration with these keys of the format. */
static rnl_config *configure(const char *keys, const char *test, size_t units,
                             const char *activation, const char *loss)
{
    char text[2048];
    int length = snprintf(text, sizeof text, "data: {train: {csv: {path: '%s'%s%s}}%s}\n", path,
                          *keys ? ", " : "", keys, test);
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
    write_text(people);
    cr_assert_eq(load(&data, "target: income, categorical: town", "mean_squared_error"), RNL_OK,
                 "%s", rnl_message());
    expect_inputs(&data->train, 3, 4, (const float[]){30, 0, 1, 1.5, 20, 1, 0, 2, 10, 0, 1, .5});
    cr_expect_eq(data->train.value_columns, 1);
    cr_expect_eq(data->train.values[1], -15);
    cr_expect_null(data->train.labels);
    rnl_data_free(data);
}

Test(csv, named_features_and_several_targets)
{
    rnl_data *data = NULL;
    write_text(people);
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
    write_text("x,c\n1,10\n1,9\n1,-1\n1,9\n");
    cr_assert_eq(load(&data, "target: c", "sparse_categorical_crossentropy"), RNL_OK, "%s",
                 rnl_message());
    cr_expect_arr_eq(data->train.labels, ((const int32_t[]){2, 1, 0, 1}), 4 * sizeof(int32_t));
    cr_expect_eq(data->train.largest_label, 2);
    rnl_data_free(data);
    write_text("x,c\n1,b\n1,9\n1,a b\n");
    cr_assert_eq(load(&data, "target: c", "sparse_categorical_crossentropy"), RNL_OK);
    cr_expect_arr_eq(data->train.labels, ((const int32_t[]){2, 0, 1}), 3 * sizeof(int32_t));
    rnl_data_free(data);
}

Test(csv, columns_without_a_header)
{
    rnl_data *data = NULL;
    write_text("1;2;yes\n3;4;no\n");
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
    write_text(holes);
    cr_expect_eq(load(&data, "target: y, categorical: c", "mean_squared_error"), RNL_BAD_DATA);
    expect_message("csv:3:1: column 'x': expected a value (`missing: drop`");
    cr_expect_eq(load(&data, "target: y, categorical: c, missing: fill", "mean_squared_error"),
                 RNL_BAD_DATA);
    expect_message("csv:5:5: column 'y': expected a value");

    write_text("x,c,y\n1,a,1\n,a,2\n4,?,3\n7,b,\n");
    cr_assert_eq(load(&data, "target: y, categorical: c, missing: drop, missing_values: ['?']",
                      "mean_squared_error"),
                 RNL_OK, "%s", rnl_message());
    expect_inputs(&data->train, 1, 2, (const float[]){1, 1});
    rnl_data_free(data);

    write_text("x,y\n-5,1\n,2\n-8,3\n");
    cr_assert_eq(load(&data, "target: y, missing: fill", "mean_squared_error"), RNL_OK);
    expect_inputs(&data->train, 3, 1, (const float[]){-5, -6.5, -8});
    rnl_data_free(data);

    write_text("x,c,y\n1,a,1\n,a,2\n4,?,3\n7,b,4\n");
    cr_assert_eq(load(&data, "target: y, categorical: c, missing: fill, missing_values: ['?']",
                      "mean_squared_error"),
                 RNL_OK, "%s", rnl_message());
    expect_inputs(&data->train, 4, 3, (const float[]){1, 1, 0, 4, 1, 0, 4, 1, 0, 7, 0, 1});
    rnl_data_free(data);
}

static void expect_refused(const char *text, const char *keys, const char *loss, const char *words)
{
    rnl_data *data = NULL;
    write_text(text);
    const rnl_status status = load(&data, keys, loss);
    cr_expect(status == RNL_BAD_DATA || status == RNL_BAD_CONFIG, "%s", words);
    cr_expect_null(data);
    expect_message(words);
}

/* The column is no input, other sets need none, and prediction does not look at it. */
Test(csv, sample_weights)
{
    rnl_data *data = NULL;
    write_text("x,w,y\n1,0,1\n2,2.5,2\n,1,3\n4,,4\n");
    cr_assert_eq(load(&data, "target: y, sample_weight: w, missing: drop", "huber"), RNL_OK, "%s",
                 rnl_message());
    expect_inputs(&data->train, 2, 1, (const float[]){1, 2});
    cr_expect_arr_eq(data->train.sample_weights, ((const float[]){0, 2.5f}), 2 * sizeof(float));
    rnl_data_free(data);
    data = NULL;
    static const char table[] = "x,w,y\n1,1,1\n2,-1,2\n";
    expect_refused(table, "target: y, sample_weight: w", "huber",
                   "csv:3:3: column 'w': expected a sample weight of at least 0, got '-1'");
    expect_refused(table, "target: y, sample_weight: v", "huber", "test.yaml:1:");
    expect_message("has no column 'v'");
    expect_refused(table, "target: y, sample_weight: [w, x]", "huber",
                   "sample_weight: expected one column, got 2");
    expect_refused("x,w,y\n1,nan,1\n", "target: y, sample_weight: w", "huber",
                   "csv:2:3: column 'w': expected a number");
    expect_refused("x,w,y\n1,,1\n", "target: y, sample_weight: w, missing: fill", "huber",
                   "csv:2:3: column 'w': expected a value");

    write_text("x,w,y\n1,0,1\n2,2.5,2\n");
    rnl_config *config = configure("target: y, sample_weight: w", "", 1, "linear", "huber");
    rnl_model *model = NULL;
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
    write_text("x\n1\n");
    cr_assert_eq(rnl_data_read(&data, model, path), RNL_OK, "%s", rnl_message());
    cr_expect_null(data->test.sample_weights);
    rnl_data_free(data);
    rnl_model_free(model);
    rnl_config_free(config);
}

/* NULL, or the message, for what `class_weight` says of this table. */
static void expect_class_weights(const char *table, const char *given, size_t classes,
                                 const float *expected, const char *words)
{
    char set[256];
    snprintf(set, sizeof set, "training.class_weight=%s", given);
    const char *const override = set;
    char text[512];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', target: c}}}\n"
             "model: [dense: {units: %zu, activation: softmax}]\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
             path, classes);
    write_text(table);
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    float *weights = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, &override, 1), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    const rnl_status status = rnl_class_weights_create(&weights, model, &data->train);
    cr_assert_eq(status, expected ? RNL_OK : RNL_BAD_CONFIG, "%s", given);
    if (expected)
        cr_expect_arr_eq(weights, expected, classes * sizeof(float));
    else
        expect_message(words);
    free(weights);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(csv, class_weights_by_name_and_number)
{
    static const char names[] = "x,c\n1,dog\n1,cat\n1,emu\n";
    expect_class_weights(names, "{dog: 2, 2: 0.5}", 3, (const float[]){1, 2, 0.5f}, NULL);
    expect_class_weights(names, "{cat: 0}", 3, (const float[]){0, 1, 1}, NULL);
    expect_class_weights(names, "{dgo: 2}", 3, NULL,
                         "--set training.class_weight={dgo: 2}: class_weight: there is no class "
                         "'dgo'; did you mean 'dog'?");
    expect_class_weights(names, "{3: 2}", 3, NULL, "there is no class '3'");
    expect_class_weights(names, "{-1: 2}", 3, NULL, "there is no class '-1'");
    expect_class_weights(names, "{cat: 2, 0: 2}", 3, NULL, "class 0 is given twice, here as '0'");
    static const char numbers[] = "x,c\n1,5\n1,1\n";
    expect_class_weights(numbers, "{1: 2, 5: 3}", 2, (const float[]){2, 3}, NULL);
    expect_class_weights(numbers, "{0: 2}", 2, NULL, "there is no class '0'");
}

/* The warning, or "", for a table of one input and one target. */
static void expect_scale(const char *table, const char *scaling, const char *expected)
{
    char set[64], text[RNL_INPUT_SCALE_TEXT];
    snprintf(set, sizeof set, "data.scaling=%s", scaling);
    const char *const override = set;
    char config_text[512];
    snprintf(config_text, sizeof config_text,
             "data: {train: {csv: {path: '%s', target: y, categorical: [town]}}}\n"
             "model: [dense: {units: 1}]\n"
             "training: {loss: huber, optimizer: sgd}\n",
             path);
    write_text(table);
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", config_text, &override, 1), RNL_OK);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    const bool odd = rnl_input_scale_is_odd(model, &data->train, text);
    cr_expect_eq(odd, *expected != '\0', "%s: %s", table, text);
    cr_expect(!odd || strstr(text, expected) != NULL, "%s", text);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(csv, inputs_that_nothing_scales)
{
    static const char large[] = "town,area,y\nUlm,30,1\nAix,-40,2\n";
    expect_scale(large, "none", "input 'area' is 35.4, where about 1 trains best");
    expect_scale(large, "standardize", "");
    expect_scale("town,area,y\nUlm,1.5,1\nAix,9,2\n", "none", "");
    /* A 1 for a town is large enough. */
    expect_scale("town,area,y\nUlm,0.01,1\nAix,0.02,2\n", "none", "");
}

Test(csv, mistakes_are_named)
{
    const char *squares = "mean_squared_error", *classes = "sparse_categorical_crossentropy";
    expect_refused(people, "", squares, "target: expected the name of the column to predict");
    expect_refused(people, "target: incom", squares,
                   "has no column 'incom'; did you mean 'income'?");
    expect_refused(people, "target: incom", squares, "test.yaml:1:");
    expect_refused(people, "target: income, categorical: twon", squares,
                   "has no column 'twon'; did you mean 'town'?");
    expect_refused(people, "target: income", squares,
                   "csv:2:4: column 'town': expected a number (columns of names belong under "
                   "`categorical`), got 'Ulm'");
    expect_refused(people, "target: [income, age]", classes, "needs one column of classes, got 2");
    expect_refused(people, "target: [income, town], categorical: town", squares,
                   "several columns must be numbers");
    expect_refused(people, "target: income, features: [age, age]", squares, "named twice");
    expect_refused(people, "target: income, delimiter: ab", squares, "expected one character");
    expect_refused("a,b\n1\n", "target: b", squares,
                   "csv:2:1: expected 2 cells, as the first line has, got 1");
    expect_refused("a,a\n1,2\n", "target: a", squares, "csv:1:3: the column 'a' is there twice");
    expect_refused("a,b\n,1\n,2\n", "target: b, categorical: a, missing: fill", squares,
                   "csv: column 'a': expected a value in some row");
    expect_refused("a,b\n", "target: b", squares, "expected 1 to 4294967295 rows, got 0");
    expect_refused("", "target: b", squares, "expected rows, got an empty file");
    expect_refused("b\n1\n", "target: b", squares, "expected a column beside the target");
    expect_refused("a,b\n1,2\n-4e38,2\n", "target: b", squares,
                   "csv:3:1: column 'a': expected a number between -3.4e38 and 3.4e38");
    expect_refused("a,b\n1e999,2\n", "target: b", squares,
                   "csv:2:1: column 'a': expected a number");
}

Test(csv, invalid_utf8_is_refused)
{
    expect_refused("a,c\n1,\xff\n", "target: c", "sparse_categorical_crossentropy",
                   "csv:2:3: column 'c': expected UTF-8");
    expect_refused("\xc3(,c\n1,2\n", "target: c", "sparse_categorical_crossentropy",
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
    write_text(people);
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
    expect_message("csv:3:1: column 'town': expected one of the 2 categories of the training rows "
                   "(perhaps 'Ulm'), got 'Ulmm'");
    rnl_config_free(config);
    unlink(other);
}

/* Through a model file: the same categories, names of classes, and rows without targets. */
Test(csv, models_keep_the_encoding)
{
    static char file[] = "/tmp/runnel_model_XXXXXX";
    close(mkstemp(file));
    write_text("x,colour\n1,red\n2,\"a \"\"b\"\", c\"\n3,red\n");
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

    write_text("x\n5\n6\n");
    rnl_data *rows = NULL;
    rnl_prediction *prediction = NULL;
    cr_assert_eq(rnl_data_read(&rows, loaded, path), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_predict(loaded, rows, RNL_TEST, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(prediction->rows, 2);
    cr_expect_float_eq((double)prediction->values[0] + (double)prediction->values[1], 1, 1e-6);
    cr_expect_eq(prediction->classes[0], prediction->values[1] > prediction->values[0]);
    rnl_evaluation *evaluation = NULL;
    cr_expect_eq(rnl_evaluate(loaded, rows, RNL_TEST, NULL, &evaluation), RNL_BAD_DATA);
    expect_message("expected targets beside the inputs, got none");
    rnl_prediction_free(prediction);
    rnl_data_free(rows);

    write_text("y\n5\n");
    rows = NULL;
    cr_expect_eq(rnl_data_read(&rows, loaded, path), RNL_BAD_DATA);
    expect_message("has no column 'x'");
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_config_free(config);
    unlink(file);
}
