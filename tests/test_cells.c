/*
 * Rows of a table as texts: they become the numbers that rnl_data_read makes of a file, and what
 * does not is refused by column, cell and nearest name.
 */
#include "tests/fixtures.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(cells, .init = table_enter, .fini = table_leave);

static const char table[] = "town,a,b,y,c\n"
                            "Basel,\"1,5\",x,1,7\n"
                            "Bern,\"2,25\",NA,2,8\n"
                            "Genf,3,z,3,\n"
                            "Bern,-0,z,4,9\n";

static const char keys[] =
    "target: y, categorical: [town, b], missing: fill, missing_values: [NA], decimal: ','";

enum { COLUMNS = 4, FEATURES = 3 + 1 + 2 + 1 };

/* In the columns' order: town, a, b, c. */
static const char *const rows[][COLUMNS] = {{"Bern", "0,1", "z", "8"},
                                            {"Genf", "", "x", "NA"},
                                            {"Basel", "true", NULL, "False"},
                                            {NULL, "1,0000000001", "z", "0"}};

enum { ROWS = sizeof rows / sizeof *rows };

static rnl_model *create_model(const char *more, const char *scaling)
{
    char text[1024];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', %s}}, scaling: %s}\n"
             "model: [dense: {units: 3, activation: elu}, batch_normalization, dense: {units: 1}]\n"
             "training: {loss: mean_squared_error, optimizer: sgd}\n",
             table_path, more, scaling);
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    table_write(table);
    cr_assert_eq(rnl_config_parse(&config, "cells", text, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    rnl_data_free(data);
    rnl_config_free(config);
    return model;
}

static rnl_predictor *create(const rnl_model *model, int fold)
{
    rnl_predictor *predictor = NULL;
    cr_assert_eq(rnl_predictor_create(&predictor, model, fold), RNL_OK, "%s", rnl_message());
    return predictor;
}

/* What rnl_predict says of the same rows in a file. */
static rnl_prediction *predict_file(const rnl_model *model)
{
    char text[1024] = "c,town,other,b,a\n";
    rnl_data *data = NULL;
    rnl_prediction *prediction = NULL;
    for (size_t i = 0; i < ROWS; ++i)
        snprintf(text + strlen(text), sizeof text - strlen(text), "\"%s\",%s,1,%s,\"%s\"\n",
                 rows[i][3], rows[i][0] ? rows[i][0] : "", rows[i][2] ? rows[i][2] : "",
                 rows[i][1]);
    table_write(text);
    cr_assert_eq(rnl_data_read(&data, model, table_path), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_predict(model, data, RNL_TEST, NULL, &prediction), RNL_OK, "%s",
                 rnl_message());
    rnl_data_free(data);
    return prediction;
}

static float ask(const rnl_predictor *predictor, const double *row)
{
    _Alignas(64) char scratch[1 << 16];
    float value = NAN;
    const rnl_request request = {
        .rows = 1,
        .features = rnl_predictor_features(predictor),
        .doubles = row,
        .values = &value,
        .scratch = scratch,
        .scratch_bytes = sizeof scratch,
    };
    cr_assert_eq(rnl_predictor_run(predictor, &request), RNL_OK, "%s", rnl_message());
    return value;
}

static void expect_rows_of_file(const char *scaling)
{
    rnl_model *model = create_model(keys, scaling);
    rnl_prediction *expected = predict_file(model);
    rnl_predictor *predictor = create(model, 0);
    rnl_model_free(model);
    for (size_t i = 0; i < ROWS; ++i) {
        double row[FEATURES];
        cr_assert_eq(rnl_predictor_read_row(predictor, NULL, rows[i], COLUMNS, row), RNL_OK, "%s",
                     rnl_message());
        const float got = ask(predictor, row);
        cr_expect_eq(memcmp(&got, &expected->values[i], sizeof got), 0, "row %zu: %.9g, not %.9g",
                     i, (double)got, (double)expected->values[i]);
    }
    rnl_prediction_free(expected);
    rnl_predictor_free(predictor);
}

Test(cells, become_the_numbers_of_a_file)
{
    expect_rows_of_file("none");
    expect_rows_of_file("standardize");
}

Test(cells, are_found_by_the_names_of_their_columns)
{
    rnl_model *model = create_model(keys, "none");
    rnl_predictor *predictor = create(model, 1);
    static const char *const names[] = {"b", "nothing", "c", "town", "y", "a"};
    static const char *const texts[] = {"z", "?", "8", "Bern", "", "0,1"};
    static const double expected[] = {0, 1, 0, 0.1, 0, 1, 8}; /* Basel Bern Genf, a, x z, c */
    double row[FEATURES];
    cr_expect_eq(rnl_predictor_columns(predictor), COLUMNS);
    cr_expect_str_eq(rnl_predictor_column_name(predictor, 2), "b");
    cr_expect_null(rnl_predictor_column_name(predictor, COLUMNS));
    cr_assert_eq(rnl_predictor_read_row(predictor, names, texts, 6, row), RNL_OK, "%s",
                 rnl_message());
    cr_expect_arr_eq(row, expected, sizeof expected);
    rnl_predictor_free(predictor);
    rnl_model_free(model);
}

static void expect_refused(const rnl_predictor *predictor, const char *const *names,
                           const char *const *texts, size_t count, const char *words)
{
    double row[FEATURES];
    cr_expect_eq(rnl_predictor_read_row(predictor, names, texts, count, row), RNL_BAD_DATA);
    table_expect_message(words);
}

Test(cells, that_do_not_fit_are_refused)
{
    rnl_model *model = create_model(keys, "none");
    rnl_predictor *predictor = create(model, 0);
    static const char *const unknown[] = {"Berm", "1", "x", "1"};
    static const char *const point[] = {"Bern", "1.5", "x", "1"};
    static const char *const large[] = {"Bern", "1e39", "x", "1"};
    static const char *const names[] = {"town", "a", "b", "C"};
    static const char *const twice[] = {"town", "a", "a", "c"};
    expect_refused(predictor, NULL, unknown, COLUMNS,
                   "row: column 'town': expected one of the 3 categories of the training rows "
                   "(perhaps 'Bern'; `data.unseen: missing` takes others as none), got 'Berm'");
    expect_refused(predictor, NULL, point, COLUMNS,
                   "column 'a': expected a number with a decimal comma, got '1.5'");
    expect_refused(predictor, NULL, large, COLUMNS, "between -3.4e38 and 3.4e38, got '1e39'");
    expect_refused(predictor, NULL, rows[0], 3, "a cell for each of the 4 columns, got 3");
    expect_refused(predictor, names, rows[0], COLUMNS,
                   "expected a cell of the column 'c', got none (perhaps 'C' is meant)");
    expect_refused(predictor, twice, (const char *const[]){"Bern", "1", "2", "3"}, COLUMNS,
                   "the column 'a' is there twice");
    rnl_predictor_free(predictor);
    rnl_model_free(model);
}

Test(cells, that_are_missing_are_refused_where_nothing_fills_them)
{
    rnl_model *model = create_model(
        "target: y, categorical: [town], features: [town, a], decimal: ',', missing: drop", "none");
    rnl_predictor *predictor = create(model, 0);
    expect_refused(predictor, NULL, (const char *const[]){"Bern", ""}, 2,
                   "column 'a': expected a value (a model that is trained with `missing: fill`");
    rnl_predictor_free(predictor);
    rnl_model_free(model);
}

Test(cells, need_a_table)
{
    rnl_data *data = fixture_data(8, 2, 2, RNL_FLOAT32);
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: 2, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n"),
        data);
    rnl_predictor *predictor = create(model, 0);
    double row[2];
    cr_expect_eq(rnl_predictor_columns(predictor), 0);
    cr_expect_eq(rnl_predictor_read_row(predictor, NULL, rows[0], 2, row), RNL_BAD_CONFIG);
    table_expect_message("the model was not trained on a table");
    rnl_predictor_free(predictor);
    rnl_model_free(model);
    rnl_data_free(data);
}
