/*
 * How the program names what it compares, and what it says of arguments that it would not look at,
 * and of files that are no model.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(program_words, .init = program_enter, .fini = scratch_leave);

#define SHORT " --set training.epochs=2 "
#define LAYER "dense: {units: 16, activation: elu, kernel_initializer: he_normal}, "
#define LAST  "dense: {units: 3, activation: softmax}]"

/* Ten layers are over 600 characters. */
#define DEEP LAYER LAYER LAYER LAYER LAYER LAYER LAYER LAYER LAYER LAYER

Test(program_words, whole_models_are_compared_by_numbers)
{
    cr_assert_eq(program_run("compare " SPIRALS SHORT "-q -o c --vary 'model=[" LAYER LAST
                             ",[" DEEP LAST "' --vary training.batch_size=32,64"),
                 0, "%s", program_read("err"));
    cr_expect_str_eq(program_read("err"), program_has("c/compare.png") ? "" : program_read("err"));
    program_expect("out", "model  batch_size  val_accuracy");
    program_expect("out", "\n#1             32");
    program_expect("out", "\n#2             64");
    program_expect("out", "\nmodel #1: [" LAYER LAST "\n");
    program_expect("out", "\nmodel #2: [" DEEP LAST "\n");
    program_expect("c/compare.csv", "\"[" DEEP LAST "\",\"64\"");
    if (program_has("c/compare.svg"))
        program_expect("c/compare.svg", "#2 [dense: {units: 16, acti..., 64");
}

Test(program_words, keys_that_end_alike_are_told_apart)
{
    cr_assert_eq(program_run("compare " SPIRALS SHORT "-q -o c --vary model.0.dense.units=8,16 "
                             "--vary model.1.dense.units=4 --vary training.batch_size=64"),
                 0, "%s", program_read("err"));
    program_expect("out", "0.dense.units  1.dense.units  batch_size  val_accuracy");
}

Test(program_words, figures_go_by_other_names)
{
    cr_assert_eq(program_run("compare " SPIRALS SHORT "-q -o c --vary training.optimizer=Adam,SGD "
                             "--metric val_acc --target val_acc=0.2"),
                 0, "%s", program_read("err"));
    program_expect("out", "val_accuracy");
    cr_expect_eq(program_run("plot c/00-optimizer_Adam/run --columns acc,val_acc"), 0);
    program_expect("out", "val_accuracy");
    cr_expect_eq(program_run("plot c/00-optimizer_Adam/run --columns r2"), 1);
    program_expect("err", "no run has a column 'r2_score'");
}

Test(program_words, benchmarks_refuse_what_they_would_not_look_at)
{
    static const struct {
        const char *words, *message;
        int code;
    } cases[] = {
        {"bench machine " SPIRALS, "machine takes no CONFIG, got '", 2},
        {"bench optimizers missing.yaml", "optimizers takes no CONFIG, got 'missing.yaml'", 2},
        {"bench train --set training.epochs=1", "--set changes a CONFIG, and there is none", 2},
        {"bench latency --set training.epochs=1", "--set changes a CONFIG, and there is none", 2},
        {"bench machine --layers", "--layers is not of machine", 2},
        {"bench latency missing.yaml", "missing.yaml: ", 2},
        {"bench train missing.yaml", "missing.yaml: ", 2},
        {"topology --set training.epochs=1", "--set changes a --model, and there is none", 2},
        {"topology --ranks 2", "--ranks share the steps of a --model, and there is none", 2},
        {"topology --network 1,1", "--network is between --ranks, and there are none", 2},
        {"topology --network 1,0 --ranks 2", "--network expects two numbers, as in 1000,10", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cr_expect_eq(program_run("%s", cases[i].words), cases[i].code, "%s", cases[i].words);
        program_expect("err", cases[i].message);
    }
}

Test(program_words, latency_is_that_of_the_configuration)
{
    cr_assert_eq(program_run("bench latency " SPIRALS " --quick --threads 1 --set name=mine "
                             "--set training.early_stopping.patience=3"),
                 0, "%s", program_read("err"));
    program_expect("out", "latency/mine/batch:1/threads:1");
    program_expect("out", "latency/mine/train/batch:512/threads:1");
}

Test(program_words, latency_of_few_rows)
{
    cr_assert_eq(program_run("bench latency " SPIRALS " --quick --threads 1 --set name=few "
                             "--set data.train.spirals.rows=400"),
                 0, "%s", program_read("err"));
    program_expect("out", "latency/few/train/batch:32/threads:1");
    program_expect("err", "has 360 training rows: no latency of 512");
    cr_expect_null(strstr(program_read("out"), "batch:512"));
}

Test(program_words, what_is_no_model_is_told)
{
    static const char *const commands[] = {"evaluate", "summary", "train " SPIRALS " -f --init"};
    cr_assert_eq(program_run("train " SPIRALS " -q -o run --set training.epochs=1"), 0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i) {
        cr_expect_eq(program_run("%s run", commands[i]), 1, "%s", commands[i]);
        program_expect("err", "run: expected a file, got a directory; did you mean "
                              "'run/model.safetensors'?");
    }
    program_write("run.yaml", "data: {train: {csv: {path: run, target: y}}}\n"
                              "model: [{dense: {units: 1}}]\n"
                              "training: {loss: mean_squared_error, optimizer: adam, epochs: 1}\n");
    cr_expect_eq(program_run("train run.yaml -q -o of_run"), 1);
    program_expect("err", "run: expected a file, got a directory\n");
    cr_expect_eq(program_run("evaluate " SPIRALS), 1);
    program_expect("err", "this is text, as a configuration is; expected a safetensors file");
}
