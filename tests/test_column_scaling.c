/*
 * Scaling by column: ranges of a table's columns, data.scaling as a mapping, robust and its clip.
 */
#include "engine/kinds/scaling.h"
#include "engine/schema/config.h"
#include "engine/training/input_scale.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REST "model: [dense: {units: 1}]\ntraining: {loss: mean_squared_error, optimizer: adam}"

static char path[] = "/tmp/rnl_test_columns_XXXXXX.csv", model_path[] = "/tmp/rnl_test_XXXXXX";

static void enter(void)
{
    FILE *file = fdopen(mkstemps(path, 4), "w");
    fputs("age,town,income,y\n"
          "20,Ulm,0,1\n30,Aix,100000,2\n40,Ulm,200000,3\n50,Ulm,300000,2\n60,Aix,1000000,1\n",
          file);
    cr_assert_eq(fclose(file), 0);
    close(mkstemp(model_path));
}

static void leave(void)
{
    unlink(path);
    unlink(model_path);
}

TestSuite(column_scaling, .init = enter, .fini = leave);

static rnl_config *configure(const char *scaling)
{
    return fixture_config(
        "data: {train: {csv: {path: %s, target: y, categorical: [town]}}, scaling: %s}\n" REST,
        path, scaling);
}

static rnl_model *create(const char *scaling, rnl_data **data)
{
    rnl_config *config = configure(scaling);
    cr_assert_eq(rnl_data_load(data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    return fixture_model(config, *data);
}

static void release(rnl_model *model, rnl_data *data)
{
    rnl_model_free(model);
    rnl_data_free(data);
}

static rnl_data *borrow(const float *floats, const uint8_t *bytes, size_t count)
{
    static const float values[8] = {0};
    static const size_t shape = 2;
    const rnl_rows rows = {.rows = count,
                           .rank = 1,
                           .shape = &shape,
                           .floats = floats,
                           .bytes = bytes,
                           .values = values,
                           .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return data;
}

/* The features of the table. */
enum { AGE, AIX, ULM, INCOME, FEATURES };

static void expect_map(const rnl_model *model, size_t feature, double centre, double scale,
                       double offset)
{
    const rnl_scaler *s = &model->scaler;
    cr_expect_float_eq(s->centre[feature], centre, 1e-9 * (1 + fabs(centre)), "%zu", feature);
    cr_expect_float_eq(s->scale[feature], scale, 1e-12 * scale, "%zu: %g", feature,
                       s->scale[feature]);
    cr_expect_eq(s->offset[feature], offset);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

Test(column_scaling, a_table_has_a_range_for_each_column)
{
    rnl_data *data = NULL;
    rnl_model *model = create("{range: {minimum: -1, maximum: 1}}", &data);
    expect_map(model, AGE, 20, 2.0 / 40, -1);
    expect_map(model, AIX, 0, 2, -1);
    expect_map(model, ULM, 0, 2, -1);
    expect_map(model, INCOME, 0, 2.0 / 1e6, -1);
    release(model, data);
}

Test(column_scaling, columns_are_scaled_by_name)
{
    rnl_data *data = NULL;
    rnl_model *model = create("{default: standardize, columns: {age: range, town: none}}", &data);
    const double deviation =
        sqrt((320e3 * 320e3 + 220e3 * 220e3 + 120e3 * 120e3 + 20e3 * 20e3 + 680e3 * 680e3) / 5);
    expect_map(model, AGE, 20, 1.0 / 40, 0);
    expect_map(model, AIX, 0, 1, 0);
    expect_map(model, ULM, 0, 1, 0);
    expect_map(model, INCOME, 320000, 1 / deviation, 0);
    cr_expect_null(model->scaler.clip);
    release(model, data);
}

/* Ages have the quartiles 30 and 50, towns 0 and 1, incomes 100000 and 300000. */
Test(column_scaling, robust_goes_by_quartiles)
{
    rnl_data *data = NULL;
    rnl_model *model = create("robust", &data);
    expect_map(model, AGE, 40, 1.0 / 20, 0);
    expect_map(model, AIX, 0, 1, 0);
    expect_map(model, INCOME, 200000, 1.0 / 200000, 0);
    release(model, data);
}

/* Quartiles lie between two rows; where they are one, half the range is taken; a constant is 0. */
Test(column_scaling, robust_falls_back_to_the_range)
{
    static const float even[] = {1, 5, 2, 5, 4, 5, 8, 5}, flat[] = {5, 0, 5, 0, 5, 0, 5, 0, 5, 8};
    rnl_data *data = borrow(even, NULL, 4);
    rnl_model *model = fixture_model(fixture_config("data: {scaling: robust}\n" REST), data);
    expect_map(model, 0, 3, 1 / (5 - 1.75), 0);
    expect_map(model, 1, 5, 0, 0);
    release(model, data);
    data = borrow(flat, NULL, 5);
    model = fixture_model(fixture_config("data: {scaling: robust}\n" REST), data);
    expect_map(model, 1, 0, 2.0 / 8, 0);
    release(model, data);
}

/* The outlier counts 4 / sqrt(1 + (4 / 3)^2), through the model's file, too. */
Test(column_scaling, outliers_are_clipped_smoothly)
{
    rnl_data *data = NULL;
    rnl_model *model =
        create("{default: none, columns: {income: {robust: {smooth_clip: 3}}}}", &data);
    rnl_model *loaded = NULL;
    rnl_prediction *prediction = NULL;
    cr_assert_not_null(model->scaler.clip);
    cr_expect_eq(model->scaler.clip[AGE], 0);
    for (size_t j = 0; j < FEATURES; ++j)
        model->layers[0].parameters[0].arrays[RNL_VALUES][j] = j == INCOME;
    cr_assert_eq(rnl_model_save(model, model_path), RNL_OK);
    cr_assert_eq(rnl_model_load(&loaded, model_path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_predict(loaded, data, RNL_TRAIN, NULL, &prediction), RNL_OK);
    const double scaled[] = {-1, -0.5, 0, 0.5, 4};
    for (size_t i = 0; i < 5; ++i)
        cr_expect_float_eq((double)prediction->values[i],
                           scaled[i] / sqrt(1 + scaled[i] * scaled[i] / 9), 1e-6);
    rnl_prediction_free(prediction);
    rnl_model_free(loaded);
    release(model, data);
}

/* ---- configurations -------------------------------------------------------------------------- */

static void expect_refused(const char *scaling, const char *words)
{
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    rnl_config *config = configure(scaling);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), words), "%s", rnl_message());
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(column_scaling, mistakes_are_named)
{
    rnl_config *config = NULL;
    expect_refused("{columns: {agee: range}}",
                   "no input is the column 'agee'; did you mean 'age'?");
    expect_refused("{columns: {y: range}}", "no input is the column 'y'");
    expect_refused("{columns: {age: {range: {minimum: 1}}}}", "expected minimum < maximum");
    expect_refused("{default: {robust: {smooth_clip: 1e-9}}}", "expected 0, or 1e-6 to 1e6");
    cr_expect_eq(
        rnl_config_parse(&config, "c.yaml",
                         "data: {train: spirals, scaling: {default: range, age: none}}\n" REST,
                         NULL, 0),
        RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "unknown key 'age'"), "%s", rnl_message());
}

Test(column_scaling, columns_have_names_in_tables_alone)
{
    static const float both[] = {20, 0, 60, 1000000};
    rnl_model *model = NULL;
    rnl_data *data = borrow(both, NULL, 2);
    rnl_config *config = fixture_config("data: {scaling: {default: range}}\n" REST);
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
    cr_expect_not_null(strstr(rnl_message(), "rows: columns of an array have no names"), "%s",
                       rnl_message());
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(column_scaling, a_mapping_prints_as_it_is_written)
{
    char *printed = NULL, *again = NULL;
    rnl_config *read = NULL;
    rnl_config *config =
        configure("{default: standardize, columns: {age: {range: {maximum: 2}}, town: none}}");
    cr_assert_eq(rnl_config_print(config, &printed), RNL_OK);
    cr_expect_not_null(strstr(printed, "scaling: {default: standardize, columns: {\"age\": {range: "
                                       "{minimum: 0.0, maximum: 2.0}}, \"town\": none}}"),
                       "%s", printed);
    cr_assert_eq(rnl_config_parse(&read, "c.yaml", printed, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_config_print(read, &again), RNL_OK);
    cr_expect_str_eq(printed, again);
    rnl_config_free(config);
    rnl_config_free(read);
    rnl_text_free(printed);
    rnl_text_free(again);
}

/* ---- told ------------------------------------------------------------------------------------ */

static void expect_told(const rnl_model *model, const rnl_data *data, const char *words)
{
    char text[RNL_INPUT_SCALE_TEXT];
    const bool odd = rnl_input_scale_is_odd(model, &data->train, text);
    cr_expect_eq(odd, *words != '\0', "%s", text);
    cr_expect(!odd || strstr(text, words), "%s", text);
}

Test(column_scaling, columns_left_as_they_are_are_told)
{
    static const char *const scalings[] = {"{columns: {age: range}}", "{default: standardize}",
                                           "range", "robust"};
    for (size_t i = 0; i < 4; ++i) {
        rnl_data *data = NULL;
        rnl_model *model = create(scalings[i], &data);
        expect_told(model, data,
                    i == 0 ? "leaves some inputs as they are: the root mean square of input "
                             "'income'"
                           : "");
        release(model, data);
    }
}

/* Arrays have one range: an age beside an income is told, the pixels of an image are not. */
Test(column_scaling, one_range_that_leaves_an_input_nothing_is_told)
{
    static const float both[] = {20, 0, 60, 1000000};
    static const uint8_t pixels[] = {0, 0, 1, 255};
    rnl_data *data = borrow(both, NULL, 2);
    rnl_model *model = fixture_model(fixture_config("data: {scaling: range}\n" REST), data);
    expect_told(model, data, "leaves input number 0 0.004 % of it");
    release(model, data);
    data = borrow(NULL, pixels, 2);
    model = fixture_model(fixture_config("data: {scaling: range}\n" REST), data);
    expect_told(model, data, "");
    release(model, data);
}
