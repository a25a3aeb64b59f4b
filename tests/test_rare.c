/*
 * Categories of few rows, which share an input.
 */
#include "arrow_columns.h"
#include "engine/schema/config.h"
#include "fixtures.h"
#include "table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(rare, .init = table_enter, .fini = table_leave);

/* Town c has three rows, b and 10 have two, a, 9 and z one; kind x has seven. */
static const char rows[] = "town,kind,y\n"
                           "c,x,1\nb,x,2\nz,x,3\nc,x,4\na,v,5\n10,x,6\n"
                           "c,x,7\nb,w,8\n9,w,9\n1e1,x,10\n";

static rnl_config *configure(const char *keys, const char *rules)
{
    return fixture_config("data: {train: {csv: {path: '%s', target: y, %s}}%s}\n"
                          "model: [dense: 1]\n"
                          "training: {loss: mean_squared_error, optimizer: sgd}\n",
                          table_path, keys, rules);
}

static rnl_data *load(const char *keys, const char *rules)
{
    rnl_data *data = NULL;
    rnl_config *config = configure(keys, rules);
    table_write(rows);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    rnl_config_free(config);
    return data;
}

static void expect_row(const rnl_data *data, size_t row, size_t features, const char *ones)
{
    cr_assert_eq(data->train.features, features);
    for (size_t i = 0; i < features; ++i)
        cr_expect_eq(((const float *)data->train.inputs)[row * features + i], ones[i] - '0',
                     "row %zu: input %zu", row, i);
}

static bool has_note(const rnl_data *data, const char *words)
{
    for (size_t i = 0; i < data->notes.count; ++i)
        if (strstr(data->notes.items[i].text, words))
            return true;
    return false;
}

/* As scikit-learn's OneHotEncoder(min_frequency=2) encodes them: inputs are towns 10, b, c and the
 * rare ones, then kinds w, x and the rare one. */
Test(rare, categories_share_an_input)
{
    static const char *const expected[] = {"0010010", "0100010", "0001010", "0010010", "0001001",
                                           "1000010", "0010010", "0100100", "0001100", "1000010"};
    rnl_data *data = load("categorical: [town, kind]", ", rare: 2");
    for (size_t row = 0; row < 10; ++row)
        expect_row(data, row, 7, expected[row]);
    cr_expect(has_note(data, "input 'town': rare categories share an input: '9', 'a', 'z', beside "
                             "3 with their own"));
    cr_expect(has_note(data, "input 'kind': rare categories share an input: 'v', beside 2"));
    rnl_data_free(data);
    data = load("categorical: [town, kind]", "");
    cr_expect_eq(data->train.features, 9);
    cr_expect_not(has_note(data, "rare"));
    rnl_data_free(data);
    data = load("categorical: [town, kind]", ", rare: 100");
    cr_expect_eq(data->train.features, 2);
    cr_expect(has_note(data, "and 3 more, beside 0 with their own"));
    cr_expect(has_note(data, "input 'town' and 1 other are the same in every row"));
    rnl_data_free(data);
}

/* A class of one row has an output of its own; what fills a cell is the most frequent category. */
Test(rare, targets_and_fills_stay)
{
    rnl_data *data = NULL;
    rnl_config *config = fixture_config(
        "data: {train: {csv: {path: '%s', target: kind, categorical: town, missing: fill}}, "
        "rare: 2}\nmodel: [dense: {units: 3, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
        table_path);
    char text[256];
    snprintf(text, sizeof text, "%s,x,11\n", rows);
    table_write(text);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->encoding.targets.items[0].category_count, 3);
    cr_expect_eq(data->train.labels[4], 0);
    cr_assert_eq(data->train.features, 5);
    cr_expect_eq(((const float *)data->train.inputs)[10 * 5 + 2], 1, "c");
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(rare, stand_for_unseen_categories_where_that_is_said)
{
    static const char *const rules[] = {", rare: 2", ", rare: 2, unseen: missing",
                                        ", rare: 2, unseen: rare", ", unseen: rare"};
    static const double expected[][4] = {{0}, {0, 0, 0, 0}, {0, 0, 0, 1}, {0}};
    static const char *const cells[] = {"Oslo", "1"}, *const pooled[] = {"a", "1"};
    for (size_t i = 0; i < 4; ++i) {
        rnl_config *config = configure("categorical: town, ignore: kind", rules[i]);
        rnl_data *data = NULL;
        rnl_predictor *predictor = NULL;
        double row[8] = {0};
        table_write(rows);
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
        rnl_model *model = fixture_model(config, data);
        cr_assert_eq(rnl_predictor_create(&predictor, model, 0), RNL_OK);
        const rnl_status status = rnl_predictor_read_row(predictor, NULL, cells, 1, row);
        cr_expect_eq(status, i == 0 ? RNL_BAD_DATA : RNL_OK, "%s", rules[i]);
        if (i == 1 || i == 2)
            cr_expect_arr_eq(row, expected[i], sizeof expected[i], "%s", rules[i]);
        for (size_t k = 0; k < 6 && i == 3; ++k)
            cr_expect_eq(row[k], 0, "none is rare");
        cr_assert_eq(rnl_predictor_read_row(predictor, NULL, pooled, 1, row), RNL_OK);
        cr_expect_eq(row[i < 3 ? 3 : 2], 1, "%s", rules[i]);
        rnl_predictor_free(predictor);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

/* The same encoding of a frame's texts and of its dictionaries; values that no row has are rare. */
Test(rare, frames_become_what_tables_do)
{
    static const int32_t offsets[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12};
    static const int32_t kinds[] = {0, 1, 2, 3}, of[] = {2, 2, 2, 2, 0, 2, 2, 1, 1, 2};
    arrow_table t;
    rnl_data *data = NULL, *file = load("categorical: [town, kind]", ", rare: 2");
    rnl_config *config = configure("categorical: town", ", rare: 2");
    for (int all = 0; all < 2; ++all) {
        arrow_begin(&t, 10);
        arrow_add(&t, "town", "u", NULL, offsets, "cbzca10cb910");
        arrow_add_dictionary(&t, "kind", NULL, of, kinds, "vwx", 3);
        const rnl_rows frame = {.frame = arrow_open(&t), .all_categories = all};
        cr_assert_eq(rnl_data_create_for(&data, config, &frame, NULL, NULL), RNL_OK, "%s",
                     rnl_message());
        cr_assert_eq(data->train.features, 7);
        cr_expect_arr_eq(data->train.inputs, file->train.inputs, 70 * sizeof(float));
        cr_expect(has_note(data, "training rows: input 'kind': rare categories share an input"));
        rnl_data_free(data);
    }
    rnl_data_free(file);
    rnl_config_free(config);
}

Test(rare, needs_a_table)
{
    static const float x[] = {1, 2};
    static const size_t shape[] = {1};
    const rnl_rows arrays = {
        .rows = 2, .rank = 1, .shape = shape, .floats = x, .values = x, .value_columns = 1};
    rnl_data *data = NULL;
    rnl_config *config = configure("categorical: town", ", rare: 2");
    cr_expect_eq(rnl_data_create_for(&data, config, &arrays, NULL, NULL), RNL_BAD_CONFIG);
    table_expect_message("data.rare: expected rows of a table, whose columns may have categories, "
                         "got those of training rows");
    rnl_config_free(config);
    config = fixture_config("data: {train: {regression: {rows: 5}}, rare: 2}\nmodel: [dense: 1]\n"
                            "training: {loss: mean_squared_error, optimizer: sgd}\n");
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_BAD_CONFIG);
    table_expect_message("data.rare: expected rows of a table");
    rnl_config_free(config);
}

/* A model that goes on with other rows keeps its inputs. */
Test(rare, stay_those_of_an_earlier_model)
{
    rnl_data *data = load("categorical: [town, kind]", ", rare: 2"), *later = NULL;
    rnl_config *config = configure("categorical: [town, kind]", ", rare: 3");
    rnl_model *earlier = fixture_model(configure("categorical: [town, kind]", ", rare: 2"), data);
    table_write("town,kind,y\nz,x,1\nz,x,2\nz,x,3\nb,v,4\n");
    cr_assert_eq(rnl_data_load_after(&later, config, earlier, RNL_TRAIN), RNL_OK, "%s",
                 rnl_message());
    expect_row(later, 0, 7, "0001010");
    expect_row(later, 3, 7, "0100001");
    cr_expect(has_note(later, "rare: 3: which categories of column 'town' are rare is taken from "
                              "the earlier model"));
    rnl_data_free(later);
    table_write("town,kind,y\nz,x,1\nz,x,2\nz,x,3\nq,v,4\n");
    cr_assert_eq(rnl_data_load_after(&later, config, earlier, RNL_TRAIN), RNL_OK);
    expect_row(later, 0, 4, "1010");
    rnl_data_free(later);
    rnl_model_free(earlier);
    rnl_data_free(data);
    rnl_config_free(config);
}
