/*
 * What a table's columns are taken for, and what is said where they are not what they seem.
 */
#include "engine/data/dataset.h"
#include "engine/data/formats.h"
#include "engine/model/model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/runnel_table_XXXXXX.csv";

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

TestSuite(tables, .init = enter, .fini = leave);

static void write_text(const char *text)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static void expect_message(const char *words)
{
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in: %s", words, rnl_message());
}

static const char classes[] = "sparse_categorical_crossentropy", squares[] = "mean_squared_error",
                  binary[] = "binary_crossentropy";

static const char *activation_of(const char *loss)
{
    return loss == classes ? "softmax" : loss == binary ? "sigmoid" : "linear";
}

static rnl_config *configure(const char *keys, size_t units, const char *loss)
{
    char text[2048];
    snprintf(text, sizeof text,
             "data: {train: {csv: {path: '%s', %s}}}\n"
             "model: [dense: {units: %zu, activation: %s}]\n"
             "training: {loss: %s, optimizer: sgd}\n",
             path, keys, units, activation_of(loss), loss);
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s",
                 rnl_message());
    return config;
}

static rnl_data *load(const char *text, const char *keys, const char *loss)
{
    rnl_config *config = configure(keys, 1, loss);
    rnl_data *data = NULL;
    write_text(text);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s: %s", text, rnl_message());
    rnl_config_free(config);
    return data;
}

static void expect_inputs(const char *text, const char *keys, size_t rows, size_t features,
                          const float *expected)
{
    rnl_data *data = load(text, keys, squares);
    cr_assert_eq(data->train.rows, rows, "%s: %zu rows", text, data->train.rows);
    cr_assert_eq(data->train.features, features, "%s: %zu inputs", text, data->train.features);
    for (size_t i = 0; i < rows * features; ++i)
        cr_expect_eq(((const float *)data->train.inputs)[i], expected[i], "%s: input %zu is %g",
                     text, i, (double)((const float *)data->train.inputs)[i]);
    rnl_data_free(data);
}

static void expect_refused(const char *text, const char *keys, const char *loss, const char *words)
{
    rnl_config *config = configure(keys, 1, loss);
    rnl_data *data = NULL;
    write_text(text);
    const rnl_status status = rnl_data_load(&data, config, RNL_TRAIN);
    cr_expect(status == RNL_BAD_DATA || status == RNL_BAD_CONFIG, "%s %s", text, keys);
    if (status != RNL_OK)
        expect_message(words);
    rnl_data_free(data);
    rnl_config_free(config);
}

/* ---- roles ----------------------------------------------------------------------------------- */

Test(tables, a_column_has_one_role)
{
    static const char table[] = "a,b,w,y\n1,2,1,0\n3,4,1,1\n";
    expect_refused(table, "target: y, features: [a, y]", squares,
                   "features: the column 'y' is named under target, too");
    expect_refused(table, "target: y, features: [a, w], sample_weight: w", squares,
                   "features: the column 'w' is named under sample_weight, too");
    expect_refused(table, "target: y, sample_weight: y", squares,
                   "sample_weight: the column 'y' is named under target, too");
    expect_refused(table, "target: [y, y]", squares, "target: the column 'y' is named twice");
    expect_refused(table, "target: [y, y]", classes, "target: the column 'y' is named twice");
    expect_refused(table, "target: y, ignore: [b, y]", squares,
                   "ignore: the column 'y' is named under target, too");
    expect_refused(table, "target: y, features: [a, b], ignore: b", squares,
                   "ignore: the column 'b' is named under features, too");
    expect_refused(table, "target: y, ignore: b, categorical: b", squares,
                   "categorical: the column 'b' is named under ignore");
    expect_refused(table, "target: y, ignore: bb", squares, "has no column 'bb'");
}

/* What is ignored may hold anything. */
Test(tables, ignored_columns)
{
    expect_inputs("id,a,b,y\nx,1,2,0\n,3,4,1\n", "target: y, ignore: id", 2, 2,
                  (const float[]){1, 2, 3, 4});
    expect_inputs("id,a,b,y\nx,1,2,0\n,3,4,1\n", "target: y, ignore: [id, b], missing: drop", 2, 1,
                  (const float[]){1, 3});
}

static const char *note_of(const rnl_data *data)
{
    return data->notes.count > 0 ? data->notes.items[0].text : "";
}

Test(tables, columns_without_a_name_are_no_inputs)
{
    static const char indexed[] = ",a,b,y\n0,1,2,0\n1,3,4,1\n";
    expect_inputs(indexed, "target: y", 2, 2, (const float[]){1, 2, 3, 4});
    expect_inputs(indexed, "target: y, features: ['', b]", 2, 2, (const float[]){0, 2, 1, 4});
    expect_inputs("a,y,\n1,0,\n3,1,\n", "target: y", 2, 1, (const float[]){1, 3});
    expect_inputs(",a,\"\",y\nx,1,,0\nz,3,,1\n", "target: y", 2, 1, (const float[]){1, 3});
    expect_refused(",a,,y\n1,1,1,0\n", "target: y, features: ['']", squares,
                   "2 columns have no name");
    rnl_data *data = load(indexed, "target: y", squares);
    cr_expect(strstr(note_of(data), "1 column without a name, the first of them column 1, is no "
                                    "input") != NULL,
              "%s", note_of(data));
    rnl_data_free(data);
    data = load("a,y\n1,2\n", "target: y", squares);
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

/* A column that numbers the rows, and one that has the answer. */
Test(tables, odd_columns_are_noted)
{
    char text[512] = "a,copy,y\n";
    for (int i = 0; i < 12; ++i)
        sprintf(text + strlen(text), "%d,%d,%d\n", i + 3, i % 2, i % 2);
    rnl_data *data = load(text, "target: y", classes);
    cr_assert_eq(data->notes.count, 2);
    cr_expect(strstr(data->notes.items[0].text, "input 'a' numbers the rows from 3 on") != NULL,
              "%s", data->notes.items[0].text);
    cr_expect(strstr(data->notes.items[1].text,
                     "input 'copy' says in every row what target 'y' says") != NULL,
              "%s", data->notes.items[1].text);
    cr_expect_eq(data->notes.items[1].level, RNL_LOG_WARNING);
    rnl_data_free(data);
    strcat(text, "9,1,0\n");
    data = load(text, "target: y", classes);
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

Test(tables, a_class_that_looks_missing_is_noted)
{
    rnl_data *data = load("x,y\n1,no\n1,NA\n1,yes\n", "target: y", classes);
    cr_assert_eq(data->notes.count, 1);
    cr_expect(strstr(note_of(data), "target 'y' has a class 'NA'; if it means a missing value: "
                                    "`missing_values: [\"NA\"]`") != NULL,
              "%s", note_of(data));
    rnl_data_free(data);
}

/* ---- ways of writing ------------------------------------------------------------------------- */

Test(tables, decimal_comma)
{
    const char *keys = "target: y, delimiter: ';', decimal: ','";
    expect_inputs("a;b;y\n-0,61;1;0\n2;1e1;1,5\n", keys, 2, 2, (const float[]){-0.61f, 1, 2, 10});
    expect_inputs("a,b,y\n\"0,5\",1,0\n", "target: y, decimal: ','", 1, 2,
                  (const float[]){0.5f, 1});
    expect_refused("a;y\n1.500;0\n", keys, squares,
                   "csv:2:1: column 'a': expected a number with a decimal comma, as `decimal` "
                   "says, got '1.500'");
    expect_refused("a;y\n1,500,0;0\n", keys, squares, "expected a number, got '1,500,0'");
    expect_refused("a;y\n1;0\n", "target: y, delimiter: ';', decimal: ':'", squares,
                   "decimal: expected \".\" or \",\", got ':'");
}

Test(tables, whitespace_between_cells)
{
    const char *keys = "target: y, delimiter: whitespace";
    expect_inputs("  a \t b  y\n\n1  2\t3 \n   \n\t4 \"5\"   6\r\n", keys, 2, 2,
                  (const float[]){1, 2, 4, 5});
    expect_inputs("\"1\" 2 7\n", "target: '3', header: false, delimiter: whitespace", 1, 2,
                  (const float[]){1, 2});
    expect_inputs("\"a b\" y\n1 7\n", keys, 1, 1, (const float[]){1});
    expect_refused("a y\n\"1\"2 7\n", keys, squares,
                   "csv:2:4: expected ' ' or the end of the line");
    expect_refused("a y\n1 7 8\n", keys, squares, "csv:2:1: expected 2 cells");
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
    rnl_config *config = configure("target: y, missing: fill", 1, squares);
    rnl_csv_parameters keys = *(const rnl_csv_parameters *)config->data.train.parameters;
    rnl_dataset dataset;
    keys.path = other;
    cr_assert_eq(rnl_csv_format.load(&dataset, &keys, &train), RNL_OK, "%s", rnl_message());
    rnl_dataset_release(&dataset);
    keys.path = path;
    write_text(table);
    cr_assert_eq(rnl_csv_format.load(&dataset, &keys, &predicting), RNL_OK, "%s", rnl_message());
    cr_assert_eq(dataset.rows, 5);
    cr_expect_arr_eq(dataset.inputs, ((const float[]){1, 6, 3, 6, 8}), 5 * sizeof(float));
    rnl_dataset_release(&dataset);

    const rnl_kind *const rules = rnl_missing_rules.kinds;
    keys.missing.kind = &rules[RNL_MISSING_ERROR];
    cr_expect_eq(rnl_csv_format.load(&dataset, &keys, &predicting), RNL_BAD_DATA);
    expect_message("csv:3:1: column 'x': expected a value");
    keys.missing.kind = &rules[RNL_MISSING_DROP];
    cr_expect_eq(rnl_csv_format.load(&dataset, &keys, &predicting), RNL_BAD_DATA);
    expect_message("csv:3:1: column 'x': expected a value");
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
    rnl_config *config = configure("target: '2', header: false, missing: fill", 1, squares);
    rnl_dataset dataset;
    write_text("\n\n5\n\n");
    const rnl_csv_parameters *keys = config->data.train.parameters;
    cr_assert_eq(rnl_csv_format.load(&dataset, keys, &predicting), RNL_OK, "%s", rnl_message());
    cr_assert_eq(dataset.rows, 4);
    cr_expect_arr_eq(dataset.inputs, ((const float[]){6, 6, 5, 6}), 4 * sizeof(float));
    rnl_dataset_release(&dataset);
    rnl_config_free(config);
}

/* ---- hints ----------------------------------------------------------------------------------- */

Test(tables, hints_that_fit)
{
    static const char *const missing[] = {"NA", "?", "nan", "N/A", "null", "-", "\\N"};
    char text[64], words[160];
    for (size_t i = 0; i < sizeof missing / sizeof *missing; ++i) {
        snprintf(text, sizeof text, "a,y\n1,0\n%s,1\n", missing[i]);
        snprintf(words, sizeof words, "missing_values: [\"%s\"]`, with `missing: drop` or `fill`",
                 missing[i]);
        expect_refused(text, "target: y", squares, words);
        cr_expect_null(strstr(rnl_message(), "categorical"));
    }
    expect_refused("a;y\n-0,61;0\n", "target: y, delimiter: ';'", squares,
                   "expected a number (with a decimal comma: `decimal: \",\"`), got '-0,61'");
    expect_refused("a,y\n\"0,5\",0\n", "target: y", squares, "`decimal: \",\"`");
    expect_refused("a,y\nred,0\n", "target: y", squares, "belong under `categorical`");
    expect_refused("a,y\n1,red\n", "target: y", squares,
                   "classes need the loss sparse_categorical_crossentropy with softmax");
    expect_refused("a,y\n2021-03-04,0\n", "target: y", squares,
                   "expected a number, got '2021-03-04'");
    expect_refused("a,y\n12 kg,0\n", "target: y", squares, "expected a number, got '12 kg'");
}

Test(tables, hints_at_delimiters)
{
    expect_refused("a;b;y\n0,61;1;0\n", "target: y", squares,
                   "has no column 'y' (perhaps `delimiter: \";\"`)");
    expect_refused("a\tb\ty\n1\t2\t0\n", "target: y", squares,
                   "has no column 'y' (perhaps `delimiter: \"\\t\"`)");
    expect_refused("a,b,y\n1,2,0\n", "target: y, delimiter: ';'", squares,
                   "(perhaps `delimiter: \",\"`)");
    expect_refused("a b y\n1 2 0\n", "target: y", squares, "(perhaps `delimiter: whitespace`)");
    expect_refused("1;2;0\n", "target: '3', header: false", squares,
                   "(perhaps `delimiter: \";\"`)");
    expect_refused("0,61;1;0\n", "target: '2', header: false", squares,
                   "expected a number (perhaps `delimiter: \";\"`), got '61;1;0'");
    expect_refused("1 2,0\n", "target: '2', header: false", squares,
                   "(perhaps `delimiter: whitespace`)");
    expect_refused("1,2,0\n3,4,1\n", "target: '3'", squares,
                   "has no column '3': its first line is all numbers; without names, `header: "
                   "false`");
}

Test(tables, hints_at_the_ends_of_lines)
{
    expect_refused("1,2,0,\n", "target: '3', header: false", squares,
                   "if every line ends with ',', `ignore: [\"4\"]` leaves out the empty column");
    expect_inputs("1,2,0,\n", "target: '3', header: false, ignore: '4'", 1, 2,
                  (const float[]){1, 2});
    expect_refused("a,b,y\n1,2,0,\n", "target: y", squares,
                   "expected 3 cells, as the first line has, got 4: this line ends with ','");
    expect_refused("a,b,y\n0,5,2,0\n", "target: y", squares, "as in a number with a decimal comma");
    expect_refused("a,b,y\n,1,0\n,2,1\n", "target: y, missing: fill", squares,
                   "column 'a': expected a value in some row (`ignore: [\"a\"]` leaves");
}

static void expect_content_refused(const void *bytes, size_t count, const char *words)
{
    rnl_config *config = configure("target: y", 1, squares);
    rnl_data *data = NULL;
    FILE *file = fopen(path, "wb");
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_BAD_DATA);
    expect_message(words);
    rnl_config_free(config);
}

Test(tables, other_content_is_named)
{
    expect_content_refused("\x93NUMPY\x01\0v\0{", 11, "in UTF-8, got a .npy file");
    expect_content_refused("\0\0\x08\x01\0\0\0\1\1", 9, "in UTF-8, got an IDX file");
    expect_content_refused("\xff\xfe"
                           "a\0\n\0",
                           6, "in UTF-8, got UTF-16");
}

/* ---- wide tables ----------------------------------------------------------------------------- */

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
    key += sprintf(key, "data: {train: {csv: {path: '%s', target: y, features: [", path);
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
    write_text(table);
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

Test(tables, many_classes)
{
    enum { ROWS = 100000 };
    char *table = malloc(16 * ROWS), *at = table + sprintf(table, "x,y\n");
    for (int i = ROWS; i-- > 0;)
        at += sprintf(at, "1,%d\n", i);
    rnl_data *data = load(table, "target: y", classes);
    cr_expect_eq(data->train.labels[0], ROWS - 1);
    cr_expect_eq(data->train.labels[ROWS - 1], 0);
    rnl_data_free(data);
    free(table);
}

/* ---- classes --------------------------------------------------------------------------------- */

static void expect_labels(const char *text, const char *keys, const char *loss, size_t rows,
                          const int32_t *expected)
{
    rnl_data *data = load(text, keys, loss);
    cr_assert_eq(data->train.rows, rows);
    cr_assert_not_null(data->train.labels, "%s", text);
    cr_expect_arr_eq(data->train.labels, expected, rows * sizeof *expected, "%s", text);
    rnl_data_free(data);
}

/* Whatever row comes first, the shortest way to write a number names it. */
Test(tables, equal_numbers_are_one_class)
{
    expect_labels("x,y\n1,0\n1,1.0\n1,0.0\n1,1\n1,10\n1,-0\n", "target: y", classes, 6,
                  (const int32_t[]){0, 1, 0, 1, 2, 0});
    rnl_data *data = load("x,y\n1,1.00\n1,a\n1,1e0\n1,1\n", "target: y", classes);
    const rnl_column *column = &data->encoding.targets.items[0];
    cr_assert_eq(column->category_count, 2);
    cr_expect_str_eq(column->categories[0].name, "1");
    cr_expect_eq(rnl_column_find(column, "1.000"), 0);
    cr_expect_eq(rnl_column_find(column, "a"), 1);
    cr_expect_eq(rnl_column_find(column, "2"), 2);
    rnl_data_free(data);
    expect_inputs("c,y\n1,0\n1.0,1\n2,1\n", "target: y, categorical: c", 3, 2,
                  (const float[]){1, 0, 1, 0, 0, 1});
    /* Digits that double does not hold tell numbers apart. */
    expect_labels("x,y\n1,9007199254740993\n1,9007199254740992\n", "target: y", classes, 2,
                  (const int32_t[]){1, 0});
}

Test(tables, two_classes_of_one_unit)
{
    expect_labels("x,y\n1,malignant\n1,benign\n1,malignant\n", "target: y", binary, 3,
                  (const int32_t[]){1, 0, 1});
    expect_labels("x,y\n1,2\n1,1\n1,1.0\n", "target: y", binary, 3, (const int32_t[]){1, 0, 0});
    expect_labels("x,y\n1,-1\n1,1\n", "target: y", binary, 2, (const int32_t[]){0, 1});
    static const char *const values[] = {"0\n1,1\n1,0.0", "0.25\n1,0.5\n1,0.75\n1,1", "1\n1,1",
                                         "0.2\n1,0.8"};
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
        char text[64];
        snprintf(text, sizeof text, "x,y\n1,%s\n", values[i]);
        rnl_data *data = load(text, "target: y", binary);
        cr_expect_null(data->train.labels, "%s", text);
        cr_expect_not_null(data->train.values, "%s", text);
        cr_expect_not(data->encoding.targets.items[0].categorical);
        rnl_data_free(data);
    }
    expect_refused("x,y\n1,a\n1,b\n1,c\n", "target: y", binary,
                   "csv:4:3: column 'y': expected one of two classes, as 'a' and 'b' are (a third "
                   "one needs sparse_categorical_crossentropy and softmax)");
    expect_refused("x,y\n1,a\n1,a\n", "target: y", binary,
                   "column 'y': expected two classes, got 'a' alone");
    expect_refused("x,y\n1,0\n1,1\n1,yes\n", "target: y", binary, "csv:4:3: column 'y'");
}

static void expect_no_model(const char *text, const char *keys, size_t units, const char *loss,
                            const char *words)
{
    rnl_config *config = configure(keys, units, loss);
    rnl_data *data = NULL;
    rnl_model *model = NULL;
    write_text(text);
    cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_DATA);
    expect_message(words);
    rnl_data_free(data);
    rnl_config_free(config);
}

Test(tables, too_many_classes_are_named)
{
    expect_no_model("x,y\n1,a\n1,c\n1,b\n", "target: y", 2, classes,
                    "column 'y' has 3 classes, 'a', 'b', 'c', which the model's 2 outputs cannot "
                    "tell apart: it needs its last layer with units: 3");
    expect_no_model("x,y\n1,1\n1,2.5\n1,3\n1,4\n1,5\n", "target: y", 2, classes,
                    "has 5 classes, '1', '2.5', '3', '4', ..., which the model's 2 outputs cannot "
                    "tell apart: it needs its last layer with units: 5, or for values a loss such "
                    "as mean_squared_error");
    expect_no_model("x,y\n1,a\n1,b\n1,c\n", "target: y, categorical: y", 1, binary,
                    "'a', 'b', 'c', which the model's 1 output cannot tell apart: it needs "
                    "sparse_categorical_crossentropy with softmax and units: 3");
}
