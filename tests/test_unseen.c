/*
 * Categories that the training rows do not have: refused, or no category at all.
 */
#include "arrow_columns.h"
#include "engine/schema/config.h"
#include "fixtures.h"
#include "table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(unseen, .init = table_enter, .fini = table_leave);

static const char rows[] = "town,size,kind,y\nBonn,1,b,2\nRome,2,a,3\nBonn,3,a,4\n";

static rnl_config *configure(const char *keys, const char *rules, const char *test)
{
    char text[1024];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', target: y, categorical: [town, kind], %s}}, "
             "test: {csv: {path: '%s', target: y, %s}}%s}\n"
             "model: [dense: 1]\n"
             "training: {loss: mean_squared_error, optimizer: sgd}\n",
             table_path, keys, test, keys, rules);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    return config;
}

static char other[] = "/tmp/runnel_unseen_XXXXXX.csv";

static void write_other(const char *text)
{
    close(mkstemps(other, 4));
    FILE *file = fopen(other, "w");
    fputs(text, file);
    fclose(file);
}

static void expect_test_row(const rnl_data *data, const float expected[5])
{
    cr_assert_eq(data->test.features, 5);
    for (size_t i = 0; i < 5; ++i)
        cr_expect_eq(((const float *)data->test.inputs)[i], expected[i], "input %zu", i);
}

/* Bonn Rome size a b; what `missing` fills in stays what it is. */
Test(unseen, has_no_category)
{
    rnl_data *data = NULL;
    write_other("town,size,kind,y\nOslo,7,,1\n");
    table_write(rows);
    rnl_config *config = configure("missing: fill", ", unseen: missing", other);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_OK, "%s", rnl_message());
    expect_test_row(data, (const float[]){0, 0, 7, 1, 0});
    rnl_data_free(data);
    rnl_config_free(config);
    config = configure("missing: error", ", unseen: missing", other);
    data = NULL;
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_BAD_DATA);
    table_expect_message("csv:2:8: column 'kind': expected a value (`missing: drop`");
    rnl_config_free(config);
    config = configure("missing: fill", "", other);
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_BAD_DATA);
    table_expect_message("csv:2:1: column 'town': expected one of the 2 categories");
    rnl_config_free(config);
    unlink(other);
}

/* A class that the training rows do not have has no output. */
Test(unseen, classes_are_refused)
{
    char text[512];
    write_other("x,y\n1,c\n");
    table_write("x,y\n1,a\n2,b\n");
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', target: y}}, test: {csv: {path: '%s', target: y}}, "
             "unseen: missing}\nmodel: [dense: {units: 2, activation: softmax}]\n"
             "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n",
             table_path, other);
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK);
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_TEST), RNL_BAD_DATA);
    table_expect_message("csv:2:3: column 'y': expected one of the 2 categories");
    rnl_config_free(config);
    unlink(other);
}

static rnl_model *create_model(const char *rules)
{
    rnl_data *data = NULL;
    table_write(rows);
    rnl_config *config = configure("missing: error", rules, "none.csv");
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    rnl_model *model = fixture_model(config, data);
    rnl_data_free(data);
    return model;
}

/* The rule of a model that is loaded, which overrides may change, is that of its cells and files.
 */
Test(unseen, is_the_rule_of_a_model)
{
    static char file[] = "/tmp/runnel_unseen_model_XXXXXX";
    static const char *const cells[] = {"Oslo", "7", "b"};
    const char *const overrides[] = {"data.unseen=missing"};
    static const double expected[] = {0, 0, 7, 0, 1};
    rnl_model *model = create_model(""), *loaded = NULL;
    rnl_predictor *predictor = NULL;
    rnl_data *data = NULL;
    double row[5];
    close(mkstemp(file));
    cr_assert_eq(rnl_model_save(model, file), RNL_OK);
    table_write("kind,town,size\nb,Oslo,7\n");
    cr_expect_eq(rnl_data_read(&data, model, table_path), RNL_BAD_DATA);
    table_expect_message("csv:2:3: column 'town': expected one of the 2 categories");
    cr_assert_eq(rnl_model_load(&loaded, file, overrides, 1), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_data_read(&data, loaded, table_path), RNL_OK, "%s", rnl_message());
    expect_test_row(data, (const float[]){0, 0, 7, 0, 1});
    cr_assert_eq(rnl_predictor_create(&predictor, loaded, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_predictor_read_row(predictor, NULL, cells, 3, row), RNL_OK, "%s",
                 rnl_message());
    cr_expect_arr_eq(row, expected, sizeof expected);
    rnl_predictor_free(predictor);
    rnl_data_free(data);
    rnl_model_free(loaded);
    rnl_model_free(model);
    unlink(file);
}

static arrow_table t;

static struct ArrowArrayStream *open_frame(void)
{
    static const double size[] = {7, 8};
    static const int32_t offsets[] = {0, 4, 8}, indices[] = {1, 0}, kinds[] = {0, 1, 2};
    arrow_begin(&t, 2);
    arrow_add(&t, "town", "u", NULL, offsets, "OsloRome");
    arrow_add(&t, "size", "g", NULL, size, NULL);
    arrow_add_dictionary(&t, "kind", NULL, indices, kinds, "bz", 2);
    return arrow_open(&t);
}

Test(unseen, is_the_rule_of_frames)
{
    rnl_data *data = NULL;
    rnl_model *strict = create_model(""), *model = create_model(", unseen: missing");
    const rnl_rows first = {.frame = open_frame()};
    cr_expect_eq(rnl_data_create_after(&data, NULL, strict, NULL, NULL, &first), RNL_BAD_DATA);
    table_expect_message("test rows: row 0: column 'town': expected one of the 2 categories of the "
                         "training rows (`data.unseen: missing` takes others as none), got 'Oslo'");
    const rnl_rows second = {.frame = open_frame()};
    cr_assert_eq(rnl_data_create_after(&data, NULL, model, NULL, NULL, &second), RNL_OK, "%s",
                 rnl_message());
    expect_test_row(data, (const float[]){0, 0, 7, 0, 0});
    const float *last = (const float *)data->test.inputs + 5;
    cr_expect(last[1] == 1 && last[4] == 1, "Rome, b");
    rnl_data_free(data);
    rnl_model_free(strict);
    rnl_model_free(model);
}
