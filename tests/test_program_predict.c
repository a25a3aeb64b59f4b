/*
 * Predictions of values and of classes.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(program_predict, .init = program_enter, .fini = scratch_leave);

static const char houses[] = "area,town,price\n50,Ulm,1\n80,Bern,4\n60,Ulm,2\n90,Bern,5\n";

static const char houses_config[] =
    "data: {train: {csv: {path: houses.csv, target: %s, categorical: town}},\n"
    "       scaling: standardize}\n"
    "model: [dense: {units: %d, activation: %s}]\n"
    "training: {loss: %s, optimizer: adam, epochs: 2}\n";

static void train_houses(const char *target, int units, const char *activation, const char *loss)
{
    char text[512];
    snprintf(text, sizeof text, houses_config, target, units, activation, loss);
    program_write("houses.csv", houses);
    program_write("houses.yaml", text);
    cr_assert_eq(program_run("train houses.yaml --force --quiet"), 0, "%s", program_read("err"));
}

#define HOUSES "runs/houses/model.safetensors"

Test(program_predict, names_of_two_values)
{
    train_houses("[price, area]", 2, "linear", "mean_squared_error");
    cr_expect_eq(program_run("predict " HOUSES " --data houses.csv"), 0, "%s", program_read("err"));
    cr_expect_eq(strncmp(program_read("out"), "price,area\n", 11), 0, "%s", program_read("out"));
}

Test(program_predict, names_of_quantiles)
{
    train_houses("price", 2, "linear", "{quantile: {quantiles: [0.25, 0.5]}}, metrics: [mae]");
    cr_expect_eq(program_run("predict " HOUSES " --data houses.csv"), 0, "%s", program_read("err"));
    cr_expect_eq(strncmp(program_read("out"), "price_q0.25,price_q0.5\n", 23), 0, "%s",
                 program_read("out"));
    cr_expect_eq(program_run("evaluate " HOUSES " --data houses.csv"), 0, "%s",
                 program_read("err"));
    program_expect("out", "mae");
}

Test(program_predict, predicts_values)
{
    train_houses("price", 1, "linear", "mean_squared_error");
    program_write("new.csv", "town,extra,area\nUlm,?,70\nBern,?,71\n");
    cr_expect_eq(program_run("predict " HOUSES " --data new.csv"), 0, "%s", program_read("err"));
    double first, second;
    cr_expect_eq(sscanf(program_read("out"), "price\n%lf\n%lf\n", &first, &second), 2);
    cr_expect_eq(program_run("predict " HOUSES " --data new.csv --output p.npy"), 0);
    cr_expect_str_eq(program_read("out"), "");
    FILE *file = fopen("p.npy", "rb");
    char head[128];
    float values[2];
    cr_assert_eq(fread(head, 1, 128, file), 128);
    cr_assert_eq(fread(values, sizeof *values, 2, file), 2);
    cr_expect_eq(fgetc(file), EOF);
    fclose(file);
    cr_expect(strstr(head + 10, "'shape': (2, 1)") != NULL);
    cr_expect_eq(values[0], (float)first);
    cr_expect_eq(values[1], (float)second);
    cr_expect_eq(program_run("predict " HOUSES " --data new.csv --probabilities"), 2);
    program_expect("err", "predicts values, which of a sigmoid are probabilities as they are");
    cr_expect_eq(program_run("predict " HOUSES), 2);
    program_expect("err", "--data FILE is missing");
    program_write("new.csv", "town,area\nUlm,70\nBonn,71\n");
    cr_expect_eq(program_run("predict " HOUSES " --data new.csv --output never.csv"), 1);
    program_expect(
        "err", "new.csv:3:1: column 'town': expected one of the 2 categories of the training "
               "rows (perhaps 'Bern'; `data.unseen: missing` takes others as none), got 'Bonn'");
    cr_expect(!program_has("never.csv"));
    cr_expect_eq(program_run("predict " HOUSES " --data houses.csv -o /nowhere/p.csv"), 1);
    program_expect("err", "/nowhere/p.csv");
}

/* Rows that training left out are not left out of predictions. */
Test(program_predict, tells_what_helps_where_a_value_is_missing)
{
    program_write("t.csv", "a,b,y\n1,2,0\n,1,1\n3,4,0\n4,3,1\n");
    program_write("t.yaml", "data: {train: {csv: {path: t.csv, target: y, missing: drop}}}\n"
                            "model: [dense: {units: 2, activation: softmax}]\n"
                            "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n");
    cr_assert_eq(program_run("train t.yaml -q -o r"), 0, "%s", program_read("err"));
    cr_expect_eq(program_run("predict r/model.safetensors --data t.csv"), 1);
    program_expect("err",
                   "t.csv:3:1: column 'a': expected a value (every row is predicted; `missing: "
                   "fill` fills inputs in)");
    cr_expect_eq(program_run("predict r/model.safetensors --data t.csv --set "
                             "data.train.csv.missing=fill"),
                 0, "%s", program_read("err"));
    cr_expect_eq(program_run("evaluate r/model.safetensors"), 2);
    program_expect("err", "names neither test nor validation data: expected --data FILE");
    cr_expect_eq(program_run("evaluate r/model.safetensors --data test"), 2);
    program_expect("err", "the model's configuration names no test data");
}

Test(program_predict, predicts_classes_by_name)
{
    train_houses("town", 2, "softmax", "sparse_categorical_crossentropy");
    cr_expect_eq(program_run("predict " HOUSES " --data houses.csv --probabilities"), 0);
    double p[2];
    cr_expect_eq(sscanf(program_read("out"), "Bern,Ulm\n%lf,%lf\n", &p[0], &p[1]), 2);
    cr_expect_float_eq(p[0] + p[1], 1, 1e-6);
    cr_expect_eq(program_run("predict " HOUSES " --data houses.csv"), 0);
    char class[8];
    double probability;
    cr_expect_eq(
        sscanf(program_read("out"), "class,probability\n%7[^,],%lf\n", class, &probability), 2);
    cr_expect_str_eq(class, p[0] >= p[1] ? "Bern" : "Ulm");
    cr_expect_eq(probability, p[0] >= p[1] ? p[0] : p[1]);
    cr_expect_eq(program_run("evaluate " HOUSES " --data train"), 0, "%s", program_read("err"));
    program_expect("out", "Bern");

    /* Training goes on with the rows and categories that it began with. */
    program_write("houses.csv", "area,town,price\n50,Ulm,1\n80,Bern,4\n60,Ulm,2\n");
    cr_expect_eq(program_run("train houses.yaml --resume --set training.epochs=3"), 1);
    program_expect("err", "expected 4 training rows, as the checkpoint was made with, got 3");
    program_write("houses.csv", "area,town,price\n50,Ulm,1\n80,Bonn,4\n60,Ulm,2\n90,Bern,5\n");
    cr_expect_eq(program_run("train houses.yaml --resume --set training.epochs=3"), 1);
    program_expect("err", "got 'Bonn'");

    /* A single output: the second of two classes. */
    train_houses("town", 1, "sigmoid", "binary_crossentropy");
    cr_expect_eq(program_run("predict " HOUSES " --data houses.csv --probabilities"), 0);
    cr_expect_eq(sscanf(program_read("out"), "Bern,Ulm\n%lf,%lf\n", &p[0], &p[1]), 2);
    cr_expect_float_eq(p[0] + p[1], 1, 1e-6);
}

/* Blanks around a name are a part of it, as they were in the table. */
Test(program_predict, names_with_blanks_are_quoted)
{
    program_write("c.csv", "x,y\n1,\" a\"\n2,\"b\t\"\n3,c d\n4,\" a\"\n");
    program_write("c.yaml", "data: {train: {csv: {path: c.csv, target: y}}}\n"
                            "model: [dense: {units: 3, activation: softmax}]\n"
                            "training: {loss: sparse_categorical_crossentropy, optimizer: sgd}\n");
    cr_assert_eq(program_run("train c.yaml -q -o r"), 0, "%s", program_read("err"));
    cr_assert_eq(program_run("predict r/model.safetensors --data c.csv --probabilities"), 0, "%s",
                 program_read("err"));
    cr_expect_eq(strncmp(program_read("out"), "\" a\",\"b\t\",c d\n", 14), 0, "%s",
                 program_read("out"));
}
