/*
 * What a table's columns are taken for, ways of writing it, and what is noted.
 */
#include "engine/data/formats.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(tables, .init = table_enter, .fini = table_leave);

Test(tables, a_column_has_one_role)
{
    static const char table[] = "a,b,w,y\n1,2,1,0\n3,4,1,1\n";
    table_expect_refused(table, "target: y, features: [a, y]", table_squares,
                         "features: the column 'y' is named under target, too");
    table_expect_refused(table, "target: y, features: [a, w], sample_weight: w", table_squares,
                         "features: the column 'w' is named under sample_weight, too");
    table_expect_refused(table, "target: y, sample_weight: y", table_squares,
                         "sample_weight: the column 'y' is named under target, too");
    table_expect_refused(table, "target: [y, y]", table_squares,
                         "target: the column 'y' is named twice");
    table_expect_refused(table, "target: [y, y]", table_classes,
                         "target: the column 'y' is named twice");
    table_expect_refused(table, "target: y, ignore: [b, y]", table_squares,
                         "ignore: the column 'y' is named under target, too");
    table_expect_refused(table, "target: y, features: [a, b], ignore: b", table_squares,
                         "ignore: the column 'b' is named under features, too");
    table_expect_refused(table, "target: y, ignore: b, categorical: b", table_squares,
                         "categorical: the column 'b' is named under ignore");
    table_expect_refused(table, "target: y, ignore: bb", table_squares, "has no column 'bb'");
}

/* What is ignored may hold anything. */
Test(tables, ignored_columns)
{
    table_expect_inputs("id,a,b,y\nx,1,2,0\n,3,4,1\n", "target: y, ignore: id", 2, 2,
                        (const float[]){1, 2, 3, 4});
    table_expect_inputs("id,a,b,y\nx,1,2,0\n,3,4,1\n", "target: y, ignore: [id, b], missing: drop",
                        2, 1, (const float[]){1, 3});
}

static const char *note_of(const rnl_data *data)
{
    return data->notes.count > 0 ? data->notes.items[0].text : "";
}

Test(tables, columns_without_a_name_are_no_inputs)
{
    static const char indexed[] = ",a,b,y\n0,1,2,0\n1,3,4,1\n";
    table_expect_inputs(indexed, "target: y", 2, 2, (const float[]){1, 2, 3, 4});
    table_expect_inputs(indexed, "target: y, features: ['', b]", 2, 2, (const float[]){0, 2, 1, 4});
    table_expect_inputs("a,y,\n1,0,\n3,1,\n", "target: y", 2, 1, (const float[]){1, 3});
    table_expect_inputs(",a,\"\",y\nx,1,,0\nz,3,,1\n", "target: y", 2, 1, (const float[]){1, 3});
    table_expect_refused(",a,,y\n1,1,1,0\n", "target: y, features: ['']", table_squares,
                         "2 columns have no name");
    rnl_data *data = table_load(indexed, "target: y", table_squares);
    cr_expect(strstr(note_of(data), "1 column without a name, the first of them column 1, is no "
                                    "input") != NULL,
              "%s", note_of(data));
    rnl_data_free(data);
    data = table_load("a,y\n1,2\n", "target: y", table_squares);
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

/* A column that numbers the rows, and one that has the answer, as the same numbers. */
Test(tables, odd_columns_are_noted)
{
    char text[512] = "a,copy,y\n";
    for (int i = 0; i < 12; ++i)
        sprintf(text + strlen(text), "%d,%d.0,%d\n", i + 3, i % 2, i % 2);
    rnl_data *data = table_load(text, "target: y", table_classes);
    cr_assert_eq(data->notes.count, 2);
    cr_expect(strstr(data->notes.items[0].text, "input 'a' numbers the rows from 3 on") != NULL,
              "%s", data->notes.items[0].text);
    cr_expect(strstr(data->notes.items[1].text,
                     "input 'copy' says in every row what target 'y' says") != NULL,
              "%s", data->notes.items[1].text);
    cr_expect_eq(data->notes.items[1].level, RNL_LOG_WARNING);
    rnl_data_free(data);
    strcat(text, "9,1,0\n");
    data = table_load(text, "target: y", table_classes);
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

/* One cell that agrees says nothing; all that have a value do. */
Test(tables, cells_without_a_value_have_no_answer)
{
    for (int cells = 1; cells <= 11; cells += 10) {
        char text[512] = "a,copy,y\n";
        for (int i = 0; i < 12; ++i)
            sprintf(text + strlen(text), "%d,%s,%d\n", i % 5,
                    i >= cells ? ""
                    : i % 2    ? "1"
                               : "0",
                    i % 2);
        rnl_data *data = table_load(text, "target: y, missing: fill", table_classes);
        cr_assert_eq(data->notes.count, 1);
        cr_expect(strstr(note_of(data),
                         cells > 1 ? "'copy' says in every row that has a value what"
                                   : "'copy' has a value in 1 of 12 rows alone: all others get the "
                                     "mean, 0; see `ignore`"),
                  "%s", note_of(data));
        rnl_data_free(data);
    }
}

/* "paid" and 1 for class "yes" in every row, "owed" and 2 for "no". */
Test(tables, the_answer_by_other_words_is_noted)
{
    char text[1024] = "a,word,code,y\n";
    for (int i = 0; i < 20; ++i)
        sprintf(text + strlen(text), "%d,%s\n", i % 7, i % 2 ? "paid,1,yes" : "owed,2,no");
    rnl_data *data = table_load(text, "target: y, categorical: [word]", table_classes);
    cr_assert_eq(data->notes.count, 2);
    for (size_t i = 0; i < 2; ++i) {
        cr_expect(strstr(data->notes.items[i].text, i ? "input 'code' has one value for each "
                                                        "class of target 'y'"
                                                      : "input 'word' has one value") != NULL,
                  "%s", data->notes.items[i].text);
        cr_expect_eq(data->notes.items[i].level, RNL_LOG_WARNING);
    }
    rnl_data_free(data);
    data = table_load(text, "target: y, categorical: [a, word], ignore: code", table_classes);
    cr_expect_eq(data->notes.count, 1);
    rnl_data_free(data);
    data = table_load(text, "target: code, categorical: y, ignore: word", table_squares);
    cr_assert_eq(data->notes.count, 1);
    cr_expect(strstr(data->notes.items[0].text, "'y' has one value for each value of") != NULL,
              "%s", data->notes.items[0].text);
    rnl_data_free(data);
    strcat(text, "1,owed,3,yes\n");
    data = table_load(text, "target: y, categorical: [word]", table_classes);
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

Test(tables, names_of_rows_are_noted)
{
    char text[512] = "id,y\n";
    for (int i = 0; i < 10; ++i)
        sprintf(text + strlen(text), "u%d,%d\n", i, i % 2);
    rnl_data *data = table_load(text, "target: y, categorical: [id]", table_classes);
    cr_assert_eq(data->notes.count, 1);
    cr_expect(strstr(note_of(data), "input 'id' has a category of its own in every row") != NULL,
              "%s", note_of(data));
    rnl_data_free(data);
    strcat(text, "u0,1\n");
    data = table_load(text, "target: y, categorical: [id]", table_classes);
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

Test(tables, a_class_that_looks_missing_is_noted)
{
    rnl_data *data = table_load("x,y\n1,no\n1,NA\n1,yes\n", "target: y", table_classes);
    cr_assert_eq(data->notes.count, 1);
    cr_expect(strstr(note_of(data), "target 'y' has a class 'NA'; if it means a missing value: "
                                    "`missing_values: [\"NA\"]`") != NULL,
              "%s", note_of(data));
    rnl_data_free(data);
}

Test(tables, decimal_comma)
{
    const char *keys = "target: y, delimiter: ';', decimal: ','";
    table_expect_inputs("a;b;y\n-0,61;1;0\n2;1e1;1,5\n", keys, 2, 2,
                        (const float[]){-0.61f, 1, 2, 10});
    table_expect_inputs("a,b,y\n\"0,5\",1,0\n", "target: y, decimal: ','", 1, 2,
                        (const float[]){0.5f, 1});
    table_expect_refused(
        "a;y\n1.500;0\n", keys, table_squares,
        "csv:2:1: column 'a': expected a number with a decimal comma, as `decimal` "
        "says, got '1.500'");
    table_expect_refused("a;y\n1,500,0;0\n", keys, table_squares,
                         "expected a number, got '1,500,0'");
    char longest[32768] = "a;y\n1,";
    memset(longest + 6, '0', 30000);
    memcpy(longest + 30006, ";0\n", 4);
    table_expect_refused(longest, keys, table_squares, "csv:2:1: column 'a': expected a number");
}

Test(tables, whitespace_between_cells)
{
    const char *keys = "target: y, delimiter: whitespace";
    table_expect_inputs("  a \t b  y\n\n1  2\t3 \n   \n\t4 \"5\"   6\r\n", keys, 2, 2,
                        (const float[]){1, 2, 4, 5});
    table_expect_inputs("\"1\" 2 7\n", "target: '3', header: false, delimiter: whitespace", 1, 2,
                        (const float[]){1, 2});
    table_expect_inputs("\"a b\" y\n1 7\n", keys, 1, 1, (const float[]){1});
    table_expect_refused("a y\n\"1\"2 7\n", keys, table_squares,
                         "csv:2:4: expected ' ' or the end of the line");
    table_expect_refused("a y\n1 7 8\n", keys, table_squares, "csv:2:1: expected 2 cells");
}

/* Where there is one column, an empty line is a row whose cell is missing. */
Test(tables, empty_lines_of_one_column)
{
    static const char table[] = "x\n1\n\n3\n\"\"\n8\n";
    static char other[] = "/tmp/runnel_one_XXXXXX.csv";
    close(mkstemps(other, 4));
    FILE *file = fopen(other, "w");
    fputs("x,y\n4,1\n8,2\n", file);
    fclose(file);
    rnl_encoding encoding = {0};
    const rnl_loading train = {.target = RNL_TARGET_VALUES, .encoding = &encoding};
    const rnl_loading predicting = {.predicting = true, .encoding = &encoding};
    rnl_config *config = table_configure("target: y, missing: fill", 1, table_squares);
    rnl_csv_parameters keys = *(const rnl_csv_parameters *)config->data.train.parameters;
    rnl_dataset dataset;
    keys.path = other;
    cr_assert_eq(rnl_csv_format.load(&dataset, &keys, &train), RNL_OK, "%s", rnl_message());
    rnl_dataset_release(&dataset);
    keys.path = table_path;
    table_write(table);
    cr_assert_eq(rnl_csv_format.load(&dataset, &keys, &predicting), RNL_OK, "%s", rnl_message());
    cr_assert_eq(dataset.rows, 5);
    cr_expect_arr_eq(dataset.inputs, ((const float[]){1, 6, 3, 6, 8}), 5 * sizeof(float));
    rnl_dataset_release(&dataset);

    const rnl_kind *const rules = rnl_missing_rules.kinds;
    keys.missing.kind = &rules[RNL_MISSING_ERROR];
    cr_expect_eq(rnl_csv_format.load(&dataset, &keys, &predicting), RNL_BAD_DATA);
    table_expect_message("csv:3:1: column 'x': expected a value");
    keys.missing.kind = &rules[RNL_MISSING_DROP];
    cr_expect_eq(rnl_csv_format.load(&dataset, &keys, &predicting), RNL_BAD_DATA);
    table_expect_message("csv:3:1: column 'x': expected a value");
    rnl_encoding_release(&encoding);
    rnl_config_free(config);
    unlink(other);
}

/* Also in front of the first row, where no line names the column. */
Test(tables, empty_lines_before_the_first_row)
{
    rnl_column column = {.name = "1", .fill = 6};
    rnl_encoding encoding = {.inputs = {1, &column}};
    const rnl_loading predicting = {.predicting = true, .encoding = &encoding};
    rnl_config *config =
        table_configure("target: '2', header: false, missing: fill", 1, table_squares);
    rnl_dataset dataset;
    table_write("\n\n5\n\n");
    const rnl_csv_parameters *keys = config->data.train.parameters;
    cr_assert_eq(rnl_csv_format.load(&dataset, keys, &predicting), RNL_OK, "%s", rnl_message());
    cr_assert_eq(dataset.rows, 4);
    cr_expect_arr_eq(dataset.inputs, ((const float[]){6, 6, 5, 6}), 4 * sizeof(float));
    rnl_dataset_release(&dataset);
    rnl_config_free(config);
}

/* Every list of names has thousands of them; whatever is quadratic takes minutes. */
Test(tables, many_columns)
{
    enum { COLUMNS = 20000 };
    char *table = malloc(64 * COLUMNS), *keys = malloc(64 * COLUMNS), *at = table, *key = keys;
    for (int i = 0; i < COLUMNS; ++i)
        at += sprintf(at, "c%d,", i);
    at += sprintf(at, "y\n");
    for (int row = 0; row < 2; ++row) {
        for (int i = 0; i < COLUMNS; ++i)
            at += sprintf(at, "%d,", i + row);
        at += sprintf(at, "%d\n", row);
    }
    key += sprintf(key, "data: {train: {csv: {path: '%s', target: y, features: [", table_path);
    for (int i = 0; i < COLUMNS; i += 2)
        key += sprintf(key, "c%d,", i);
    key += sprintf(key, "], ignore: [");
    for (int i = 1; i < COLUMNS; i += 2)
        key += sprintf(key, "c%d,", i);
    key += sprintf(key, "], categorical: [");
    for (int i = 0; i < COLUMNS; i += 4)
        key += sprintf(key, "c%d,", i);
    sprintf(key, "]}}}\nmodel: [dense: {units: 1}]\n"
                 "training: {loss: mean_squared_error, optimizer: sgd}\n");
    rnl_config *config = NULL;
    rnl_data *data = NULL;
    table_write(table);
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", keys, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->train.features, COLUMNS / 2 + COLUMNS / 4);
    const float *last = (const float *)data->train.inputs + 2 * data->train.features - 1;
    cr_expect_eq(*last, COLUMNS - 1);
    rnl_data_free(data);
    rnl_config_free(config);
    free(table);
    free(keys);
}
