/*
 * Classes of a table: what is one, and how many a model can tell apart.
 */
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(table_classes, .init = table_enter, .fini = table_leave);

Test(table_classes, many_classes)
{
    enum { ROWS = 100000 };
    char *table = malloc(16 * ROWS), *at = table + sprintf(table, "x,y\n");
    for (int i = ROWS; i-- > 0;)
        at += sprintf(at, "1,%d\n", i);
    rnl_data *data = table_load(table, "target: y", table_classes);
    cr_expect_eq(data->train.labels[0], ROWS - 1);
    cr_expect_eq(data->train.labels[ROWS - 1], 0);
    rnl_data_free(data);
    free(table);
}

static void expect_labels(const char *text, const char *keys, const char *loss, size_t rows,
                          const int32_t *expected)
{
    rnl_data *data = table_load(text, keys, loss);
    cr_assert_eq(data->train.rows, rows);
    cr_assert_not_null(data->train.labels, "%s", text);
    cr_expect_arr_eq(data->train.labels, expected, rows * sizeof *expected, "%s", text);
    rnl_data_free(data);
}

/* Whatever row comes first, the shortest way to write a number names it. */
Test(table_classes, equal_numbers_are_one_class)
{
    expect_labels("x,y\n1,0\n1,1.0\n1,0.0\n1,1\n1,10\n1,-0\n", "target: y", table_classes, 6,
                  (const int32_t[]){0, 1, 0, 1, 2, 0});
    rnl_data *data = table_load("x,y\n1,1.00\n1,a\n1,1e0\n1,1\n", "target: y", table_classes);
    const rnl_column *column = &data->encoding.targets.items[0];
    cr_assert_eq(column->category_count, 2);
    cr_expect_str_eq(column->categories[0].name, "1");
    cr_expect_eq(rnl_column_find(column, "1.000"), 0);
    cr_expect_eq(rnl_column_find(column, "a"), 1);
    cr_expect_eq(rnl_column_find(column, "2"), 2);
    rnl_data_free(data);
    table_expect_inputs("c,y\n1,0\n1.0,1\n2,1\n", "target: y, categorical: c", 3, 2,
                        (const float[]){1, 0, 1, 0, 0, 1});
    /* Digits that double does not hold tell numbers apart. */
    expect_labels("x,y\n1,9007199254740993\n1,9007199254740992\n", "target: y", table_classes, 2,
                  (const int32_t[]){1, 0});
}

Test(table_classes, two_classes_of_one_unit)
{
    expect_labels("x,y\n1,malignant\n1,benign\n1,malignant\n", "target: y", table_binary, 3,
                  (const int32_t[]){1, 0, 1});
    expect_labels("x,y\n1,2\n1,1\n1,1.0\n", "target: y", table_binary, 3,
                  (const int32_t[]){1, 0, 0});
    expect_labels("x,y\n1,-1\n1,1\n", "target: y", table_binary, 2, (const int32_t[]){0, 1});
    static const char *const values[] = {"0\n1,1\n1,0.0", "0.25\n1,0.5\n1,0.75\n1,1", "1\n1,1",
                                         "0.2\n1,0.8"};
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
        char text[64];
        snprintf(text, sizeof text, "x,y\n1,%s\n", values[i]);
        rnl_data *data = table_load(text, "target: y", table_binary);
        cr_expect_null(data->train.labels, "%s", text);
        cr_expect_not_null(data->train.values, "%s", text);
        cr_expect_not(data->encoding.targets.items[0].categorical);
        rnl_data_free(data);
    }
    table_expect_refused(
        "x,y\n1,a\n1,b\n1,c\n", "target: y", table_binary,
        "csv:4:3: column 'y': expected one of two classes, as 'a' and 'b' are (a third "
        "one needs sparse_categorical_crossentropy and softmax)");
    table_expect_refused("x,y\n1,a\n1,a\n", "target: y", table_binary,
                         "column 'y': expected two classes, got 'a' alone");
    table_expect_refused("x,y\n1,0\n1,1\n1,yes\n", "target: y", table_binary,
                         "csv:4:3: column 'y'");
}

static void expect_no_model(const char *text, const char *keys, size_t units, const char *loss,
                            const char *words)
{
    rnl_config *config = table_configure(keys, units, loss);
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    table_write(text);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_DATA);
    table_expect_message(words);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(table_classes, too_many_classes_are_named)
{
    expect_no_model("x,y\n1,a\n1,c\n1,b\n", "target: y", 2, table_classes,
                    "column 'y' has 3 classes, 'a', 'b', 'c', which the model's 2 outputs cannot "
                    "tell apart: it needs its last layer with units: 3");
    expect_no_model("x,y\n1,1\n1,2.5\n1,3\n1,4\n1,5\n", "target: y", 2, table_classes,
                    "has 5 classes, '1', '2.5', '3', '4', ..., which the model's 2 outputs cannot "
                    "tell apart: it needs its last layer with units: 5, or for values a loss such "
                    "as mean_squared_error");
    expect_no_model("x,y\n1,a\n1,b\n1,c\n", "target: y, categorical: y", 1, table_binary,
                    "'a', 'b', 'c', which the model's 1 output cannot tell apart: it needs "
                    "sparse_categorical_crossentropy with softmax and units: 3");
}
