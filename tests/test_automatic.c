/*
 * `categorical: auto`: columns that hold something but numbers, found in tables and frames.
 */
#include "arrow_columns.h"
#include "engine/schema/config.h"
#include "fixtures.h"
#include "table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(automatic, .init = table_enter, .fini = table_leave);

static const char rows[] = "town,sex,size,flag,y\n"
                           "Rome,f,1,True,1\nBonn,m,2,False,2\nRome,f,3,True,3\nUlm,f,4,1,4\n";

static rnl_config *configure(const char *keys, const char *rules)
{
    return fixture_config("data: {train: {csv: {path: '%s', target: y, %s}}%s}\n"
                          "model: [dense: 1]\n"
                          "training: {loss: mean_squared_error, optimizer: sgd}\n",
                          table_path, keys, rules);
}

static rnl_data *load(const char *text, const char *keys, const char *rules)
{
    rnl_data *data = NULL;
    rnl_config *config = configure(keys, rules);
    table_write(text);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    rnl_config_free(config);
    return data;
}

static void expect_inputs(const rnl_dataset *set, size_t count, size_t features,
                          const float *expected)
{
    cr_assert_eq(set->rows, count);
    cr_assert_eq(set->features, features);
    for (size_t i = 0; i < count * features; ++i)
        cr_expect_eq(((const float *)set->inputs)[i], expected[i], "number %zu is %g", i,
                     (double)((const float *)set->inputs)[i]);
}

static void expect_note(const rnl_data *data, const char *words)
{
    bool found = false;
    for (size_t i = 0; i < data->notes.count; ++i)
        found |= strstr(data->notes.items[i].text, words) != NULL;
    cr_expect(found, "no note has '%s'", words);
}

static void expect_refused(const char *text, const char *keys, const char *rules, const char *words)
{
    rnl_data *data = NULL;
    rnl_config *config = configure(keys, rules);
    table_write(text);
    cr_expect_neq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", text);
    table_expect_message(words);
    rnl_config_free(config);
}

/* Bonn Rome Ulm, sex, size, flag: truth values are numbers. */
static const float encoded[] = {0, 1, 0, -1, 1, 1, 1, 0, 0, 1,  2, 0,
                                0, 1, 0, -1, 3, 1, 0, 0, 1, -1, 4, 1};

Test(automatic, finds_texts)
{
    rnl_data *data = load(rows, "categorical: auto", "");
    expect_inputs(&data->train, 4, 6, encoded);
    expect_note(data, "input 'town' is found to have 3 categories: 'Bonn', 'Rome', 'Ulm', in 3 "
                      "inputs");
    expect_note(data, "input 'sex' is found to have two categories: 'f' is -1, 'm' is 1");
    cr_expect_eq(data->notes.count, 2);
    rnl_data_free(data);
    data = load(rows, "categorical: [auto, sex, flag]", "");
    cr_expect_eq(data->train.features, 3 + 2 + 1 + 3, "what is named stays as it was");
    rnl_data_free(data);
    data = load(rows, "categorical: auto, ignore: town", "");
    cr_expect_eq(data->train.features, 3);
    rnl_data_free(data);
    expect_refused(rows, "features: [size, town]", "",
                   "column 'town': expected a number (columns of names");
    expect_refused(rows, "categorical: [auto, twon]", "", "no column 'twon'; did you mean 'town'?");
}

/* A column of the name is what it says. */
Test(automatic, is_a_name_where_a_column_has_it)
{
    static const char table[] = "auto,sex,y\n3,1,1\n5,2,2\n";
    rnl_data *data = load(table, "categorical: auto", "");
    expect_inputs(&data->train, 2, 3, (const float[]){1, 0, 1, 0, 1, 2});
    rnl_data_free(data);
    expect_refused("auto,sex,y\n3,f,1\n", "categorical: auto", "", "column 'sex': expected a numb");
}

/* Missing cells are 0, also under one-hot; numbers keep their mean. */
Test(automatic, missing_cells_have_no_category)
{
    static const char table[] = "town,sex,size,y\nRome,f,1,1\nBonn,,2,2\n,m,,3\nUlm,f,3,4\n";
    rnl_data *data = load(table, "categorical: auto, missing: fill", "");
    expect_inputs(&data->train, 4, 5,
                  (const float[]){0, 1, 0, -1, 1, 1, 0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 0, 1, -1, 3});
    rnl_data_free(data);
    data = load(table, "categorical: auto, missing: drop", "");
    cr_expect_eq(data->train.rows, 2);
    expect_inputs(&data->train, 2, 3, (const float[]){-1, 1, 1, 1, 1, 3});
    rnl_data_free(data);
    expect_refused(table, "categorical: auto", "", "csv:3:6: column 'sex': expected a value");
}

Test(automatic, too_many_are_refused)
{
    char text[1024] = "a,id,size,y\n";
    for (int i = 0; i < 12; ++i)
        sprintf(text + strlen(text), "x%d,n%d,%s,%d\n", i % 10, i, i == 7 ? "two" : "1", i);
    expect_refused(text, "categorical: auto", "",
                   "csv:2:1: column 'a': 10 categories in 12 cells, most of them in one row, as of "
                   "an id, where `categorical: auto` takes up to 9: `ignore: [\"a\"]` leaves the "
                   "column out; data.rare: N makes those of fewer than N rows one; "
                   "data.one_hot_max: 10, or `categorical: [auto, \"a\"]`, gives each an input; "
                   "the same holds for 'id'");
    expect_refused(text, "categorical: auto, features: [size, a]", ", one_hot_max: 2",
                   "column 'a': 10 categories");
    rnl_data *data = load(text, "categorical: [auto, id]", ", rare: 2, one_hot_max: 3");
    cr_expect_eq(data->train.features, 3 + 1 + 1, "a pool; id, named, is all in one; size");
    expect_note(data, "csv:9:7: column 'size': 'two'");
    rnl_data_free(data);
}

/* A word among numbers makes categories of them: told with its place. */
Test(automatic, numbers_that_become_categories_are_warned_of)
{
    rnl_data *data = load("x,y\n4,1\n4,2\nNA,3\n5,4\n", "categorical: auto", "");
    cr_expect_eq(data->train.features, 3);
    expect_note(data, "csv:4:1: column 'x': 'NA' makes categories of 3 numbers, too; if it means "
                      "that there is none: `missing_values: [\"NA\"]`");
    rnl_data_free(data);
    expect_refused("x,y\n4,1\n6,2\nNA,3\n5,4\n", "categorical: auto", ", one_hot_max: 3",
                   "csv:4:1: column 'x': 4 categories in 4 cells, where `categorical: auto` takes "
                   "up to 3: if 'NA' among 3 numbers means that there is none: `missing_values: "
                   "[\"NA\"]`; else `ignore: [\"x\"]`");
    data = load("x,y\n4,1\n4,2\nNA,3\n5,4\n",
                "categorical: auto, missing: drop, missing_values: NA", "");
    expect_inputs(&data->train, 3, 1, (const float[]){4, 4, 5});
    rnl_data_free(data);
}

/* Through a model file: two categories are one input, and what is unseen is 0. */
Test(automatic, models_keep_what_was_found)
{
    static const char *const cells[] = {"Oslo", "x", "9", "0"}, *const known[] = {"Ulm", "m", "9",
                                                                                  "0"};
    static const double expected[] = {0, 0, 0, 0, 9, 0}, seen[] = {0, 0, 1, 1, 9, 0};
    rnl_data *data = load(rows, "categorical: auto", ", unseen: missing");
    rnl_model *model = fixture_model(configure("categorical: auto", ", unseen: missing"), data),
              *loaded = NULL;
    rnl_predictor *predictor = NULL;
    void *bytes = NULL;
    size_t count = 0;
    double row[6];
    cr_assert_eq(rnl_model_save_memory(model, &bytes, &count), RNL_OK);
    cr_assert_eq(rnl_model_load_memory(&loaded, "m", bytes, count, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_predictor_create(&predictor, loaded, 0), RNL_OK);
    cr_assert_eq(rnl_predictor_read_row(predictor, NULL, cells, 4, row), RNL_OK, "%s",
                 rnl_message());
    cr_expect_arr_eq(row, expected, sizeof row);
    cr_assert_eq(rnl_predictor_read_row(predictor, NULL, known, 4, row), RNL_OK);
    cr_expect_arr_eq(row, seen, sizeof row);
    rnl_predictor_free(predictor);
    free(bytes);
    rnl_model_free(loaded);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Rows that go on with a model keep its inputs, also more of them than `auto` takes. */
Test(automatic, earlier_models_are_followed)
{
    rnl_data *data = load(rows, "categorical: [town, sex]", ""), *later = NULL;
    rnl_model *earlier = fixture_model(configure("categorical: [town, sex]", ""), data);
    rnl_config *config = configure("categorical: auto", ", one_hot_max: 2");
    table_write(rows);
    cr_assert_eq(rnl_data_load_after(&later, config, earlier, RNL_TRAIN), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(later->train.features, 7);
    cr_expect_eq(later->notes.count, 0);
    rnl_data_free(later);
    rnl_model_free(earlier);
    rnl_data_free(data);
    rnl_config_free(config);
}

/* A column of which the new rows have numbers alone is none of the categories it was. */
Test(automatic, columns_that_become_numbers_are_told)
{
    rnl_data *data = load(rows, "categorical: auto", ""), *later = NULL;
    rnl_config *config = configure("categorical: auto", "");
    rnl_model *earlier = fixture_model(configure("categorical: auto", ""), data);
    table_write("town,sex,size,flag,y\nRome,1,1,1,1\nBonn,2,2,0,2\n");
    cr_assert_eq(rnl_data_load_after(&later, config, earlier, RNL_TRAIN), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(later->train.features, 4);
    expect_note(later, "the categories of inputs are measured anew: the earlier model has "
                       "categories in column 'sex'");
    rnl_data_free(later);
    rnl_model_free(earlier);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(automatic, frames_become_what_tables_do)
{
    static const double size[] = {1, 2, 3, 4};
    static const int32_t towns[] = {0, 4, 8, 12, 15}, sexes[] = {1, 0, 1, 1}, ends[] = {0, 1, 2};
    static const uint8_t flag = 0x0d;
    arrow_table t;
    for (int few = 0; few < 2; ++few) {
        rnl_data *data = NULL;
        rnl_config *config = configure("categorical: auto", few ? ", one_hot_max: 2" : "");
        arrow_begin(&t, 4);
        arrow_add(&t, "town", "u", NULL, towns, "RomeBonnRomeUlm");
        arrow_add_dictionary(&t, "sex", NULL, sexes, ends, "mf", 2);
        arrow_add(&t, "size", "g", NULL, size, NULL);
        arrow_add(&t, "flag", "b", NULL, &flag, NULL);
        const rnl_rows frame = {.frame = arrow_open(&t), .auto_categories = 1};
        const rnl_status status = rnl_data_create_for(&data, config, &frame, NULL, NULL);
        cr_expect_eq(status, few ? RNL_BAD_DATA : RNL_OK, "%s", rnl_message());
        if (few)
            table_expect_message("training rows: column 'town': 3 categories in 4 cells, where "
                                 "`categorical: auto` takes up to 2: leave the column out; ");
        else
            expect_inputs(&data->train, 4, 6, encoded);
        rnl_data_free(data);
        rnl_config_free(config);
    }
}
