/*
 * Files that the program is given to predict for and to evaluate on: told apart by their content,
 * with targets of each format; classes by name.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(table_files, .init = program_enter, .fini = scratch_leave);

static void write_bytes(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

#define MODEL "runs/m/model.safetensors"

static void train(const char *data, const char *layer, const char *loss)
{
    char text[512];
    snprintf(text, sizeof text,
             "name: m\ndata: {train: %s}\nmodel: [dense: %s]\n"
             "training: {loss: %s, metrics: [accuracy], optimizer: adam, epochs: 2}\n",
             data, layer, loss);
    program_write("m.yaml", text);
    cr_assert_eq(program_run("train m.yaml --force"), 0, "%s", program_read("err"));
}

static const char table[] = "a,b,kind\n1,2,red\n2,3,blue\n3,5,red\n5,4,blue\n";

static void train_on_table(void)
{
    program_write("t.csv", table);
    train("{csv: {path: t.csv, target: kind}}", "{units: 2, activation: softmax}",
          "sparse_categorical_crossentropy");
}

static void write_npy(const char *path, const char *type, const char *shape, const void *elements,
                      size_t bytes)
{
    char head[129];
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    const int length = snprintf(head + 10, 118,
                                "{'descr': '%s', 'fortran_order': False, 'shape': "
                                "%s, }",
                                type, shape);
    head[10 + length] = ' ';
    head[127] = '\n';
    FILE *file = fopen(path, "wb");
    cr_assert_eq(fwrite(head, 1, 128, file), 128);
    cr_assert_eq(fwrite(elements, 1, bytes, file), bytes);
    fclose(file);
}

static const float inputs[] = {1, 2, 2, 3, 3, 5, 5, 4};
static const int64_t labels[] = {1, 0, 1, 0};
static const unsigned char idx_inputs[] = {0, 0, 8, 2, 0, 0, 0, 4, 0, 0,
                                           0, 2, 1, 2, 2, 3, 3, 5, 5, 4};
static const unsigned char idx_labels[] = {0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 1, 1, 0, 1, 0};

static void expect_same_prediction(const char *file, const char *expected)
{
    cr_expect_eq(program_run("predict " MODEL " --data %s", file), 0, "%s: %s", file,
                 program_read("err"));
    cr_expect_str_eq(program_read("out"), expected, "%s", file);
}

Test(table_files, content_tells_the_format)
{
    char expected[4096];
    train_on_table();
    cr_assert_eq(program_run("predict " MODEL " --data t.csv"), 0);
    strcpy(expected, program_read("out"));
    static const char *const names[] = {"new.data", "new.txt", "NEW.CSV",
                                        "new",      "new.npy", "new.idx"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        program_write(names[i], table);
        expect_same_prediction(names[i], expected);
    }
    cr_assert_eq(system("gzip -c t.csv >new.table"), 0);
    expect_same_prediction("new.table", expected);
    write_npy("array.csv", "<f4", "(4, 2)", inputs, sizeof inputs);
    expect_same_prediction("array.csv", expected);
    cr_assert_eq(system("gzip -c array.csv >array.gz"), 0);
    expect_same_prediction("array.gz", expected);
    write_bytes("idx.csv", idx_inputs, sizeof idx_inputs);
    expect_same_prediction("idx.csv", expected);
    cr_assert_eq(system("gzip -c idx.csv >idx.npy"), 0);
    expect_same_prediction("idx.npy", expected);
}

Test(table_files, evaluates_a_table)
{
    train_on_table();
    program_write("new.data", "kind,extra,b,a\nred,,2,1\nblue,,3,2\nblue,,4,4\n");
    cr_expect_eq(program_run("evaluate " MODEL " --data new.data"), 0, "%s", program_read("err"));
    program_expect("out", "new.data: 3 rows");
    program_expect("out", "blue");
    program_write("bare.csv", "a,b\n1,2\n");
    cr_expect_eq(program_run("evaluate " MODEL " --data bare.csv"), 1);
    program_expect("err", "bare.csv has no column 'kind'");
    cr_expect_eq(program_run("evaluate " MODEL " --data new.data --targets t.csv"), 1);
    program_expect("err", "the targets of a table are among its columns");
    cr_expect_eq(program_run("evaluate " MODEL " --data tset"), 2);
    program_expect("err",
                   "--data: expected test, validation, train or a file, got 'tset'; did you mean "
                   "'test'?");
    cr_expect_eq(program_run("evaluate " MODEL " --targets t.csv"), 2);
    program_expect("err", "--targets needs the file of inputs as --data");
    cr_expect_eq(program_run("evaluate " MODEL " --data new.data --data train"), 0);
    program_expect("out", "train data: 4 rows");
}

Test(table_files, evaluates_arrays)
{
    write_npy("x.npy", "<f4", "(4, 2)", inputs, sizeof inputs);
    write_npy("y.npy", "<i8", "(4, 1)", labels, sizeof labels);
    write_bytes("x.idx", idx_inputs, sizeof idx_inputs);
    write_bytes("y.idx", idx_labels, sizeof idx_labels);
    train("{npy: {inputs: x.npy, targets: y.npy}}", "{units: 2, activation: softmax}",
          "sparse_categorical_crossentropy");
    char expected[4096];
    cr_assert_eq(program_run("evaluate " MODEL " --data train"), 0);
    strcpy(expected, strstr(program_read("out"), "4 rows"));
    cr_expect_eq(program_run("evaluate " MODEL " --data x.npy --targets y.npy"), 0, "%s",
                 program_read("err"));
    cr_expect_str_eq(strstr(program_read("out"), "4 rows"), expected);
    cr_expect_eq(program_run("evaluate " MODEL " --data x.idx --targets y.idx"), 0, "%s",
                 program_read("err"));
    cr_expect_str_eq(strstr(program_read("out"), "4 rows"), expected);
    cr_expect_eq(program_run("evaluate " MODEL " --data x.idx"), 1);
    program_expect("err", "x.idx: holds an array of inputs: the targets are a file of their own");
    program_expect("err", "--targets");
    cr_expect_eq(program_run("evaluate " MODEL " --data x.idx --targets y.npy"), 1);
    program_expect("err", "y.npy: expected the format of x.idx, IDX");
    program_write("t.csv", table);
    cr_expect_eq(program_run("evaluate " MODEL " --data t.csv"), 1);
    program_expect("err",
                   "t.csv: expected a .npy or an IDX file: the model was not trained on a table");
}

/* A table evaluated on has the column of sample weights, or not. */
Test(table_files, sample_weights_where_they_are)
{
    program_write("t.csv", "a,w,y\n1,1,0\n2,3,1\n");
    train("{csv: {path: t.csv, target: y, sample_weight: w}}", "{units: 2, activation: softmax}",
          "sparse_categorical_crossentropy");
    cr_expect_eq(program_run("evaluate " MODEL " --data t.csv"), 0, "%s", program_read("err"));
    char weighted[4096];
    strcpy(weighted, program_read("out"));
    program_write("t.csv", "a,y\n1,0\n2,1\n");
    cr_expect_eq(program_run("evaluate " MODEL " --data t.csv"), 0, "%s", program_read("err"));
    cr_expect_str_neq(program_read("out"), weighted);
}

Test(table_files, two_classes_by_name)
{
    program_write("t.csv", "a,b,kind\n1,2,malignant\n-2,-3,benign\n3,5,malignant\n-5,-4,benign\n");
    train("{csv: {path: t.csv, target: kind}}", "{units: 1, activation: sigmoid}",
          "binary_crossentropy");
    cr_expect_eq(program_run("evaluate " MODEL " --data t.csv"), 0, "%s", program_read("err"));
    program_expect("out", "benign");
    program_expect("out", "malignant");
    cr_expect_eq(program_run("predict " MODEL " --data t.csv --probabilities"), 0);
    cr_expect_eq(strncmp(program_read("out"), "benign,malignant\n", 17), 0);
    cr_expect_eq(program_run("predict " MODEL " --data t.csv"), 0);
    const char *out = program_read("out");
    cr_expect(strstr(out, "\nbenign,") || strstr(out, "\nmalignant,"), "%s", out);
}

Test(table_files, a_column_without_a_name_is_said)
{
    program_write("t.csv", ",a,b,y\n0,1,2,0\n1,3,4,1\n");
    train("{csv: {path: t.csv, target: y}}", "{units: 2, activation: softmax}",
          "sparse_categorical_crossentropy");
    program_expect("err",
                   "t.csv: 1 column without a name, the first of them column 1, is no input");
    program_run("find-lr m.yaml -o found --steps 8");
    program_expect("err",
                   "t.csv: 1 column without a name, the first of them column 1, is no input");
    program_write("new.csv", "a,b\n1,2\n");
    cr_expect_eq(program_run("predict " MODEL " --data new.csv"), 0, "%s", program_read("err"));
}

/* Each line of a table of one column has its answer. */
Test(table_files, an_empty_line_is_a_row)
{
    program_write("t.csv", "x,y\n1,0\n2,1\n4,1\n");
    train("{csv: {path: t.csv, target: y, missing: fill}}", "{units: 2, activation: softmax}",
          "sparse_categorical_crossentropy");
    program_write("x.csv", "x\n1\n\n3\n4\n");
    cr_expect_eq(program_run("predict " MODEL " --data x.csv"), 0, "%s", program_read("err"));
    size_t lines = 0;
    for (const char *at = program_read("out"); *at; ++at)
        lines += *at == '\n';
    cr_expect_eq(lines, 5);
}
