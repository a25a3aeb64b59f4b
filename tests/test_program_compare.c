/*
 * Comparisons: every combination on every fold, resumed, refused and failed.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(program_compare, .init = program_enter, .fini = scratch_leave);

#define NET "--set training.epochs=4 --set training.batch_size=50 "

Test(program_compare, compares_every_combination)
{
    cr_expect_eq(program_run("compare " SPIRALS " " NET
                             "-o c --folds 2 --repeats 2 --tune-rate --vary "
                             "'training.optimizer=sgd, {adam: {beta_1: 0.8, beta_2: 0.99}}' "
                             "--vary training.batch_size=25,50"),
                 0);
    program_expect("out", "val_accuracy");
    program_expect("out", "{adam: {beta_1: 0.8, beta_2: 0.99}}");
    program_expect(
        "c/02-optimizer_adam_beta_1_0.8_beta_2_0.99_-batch_size_25/seed1-fold2/config.yaml",
        "beta_1: 0.8");
    size_t lines = 0;
    for (const char *c = program_read("c/compare.csv"); *c; ++c)
        lines += *c == '\n';
    cr_expect_eq(lines, 1 + 4 * 2 * 2);
    program_expect("c/compare.json",
                   "\"values\": {\"training.optimizer\": \"sgd\", "
                   "\"training.batch_size\": \"25\"}, \"trials\": 4, \"done\": 4");
}

Test(program_compare, compares_on_stratified_folds)
{
    cr_expect_eq(program_run("compare " SPIRALS " " NET "-o c --folds stratified:2 --vary "
                             "training.batch_size=50"),
                 0);
    program_expect("c/00-batch_size_50/run-fold2/config.yaml", "folds: {stratified: 2}");
    cr_expect_eq(program_run("compare " SPIRALS " " NET "-o keeps --folds 3 --vary "
                             "training.batch_size=50 --set data.validation_split=0 "
                             "--set 'data.folds={stratified: 2}'"),
                 0);
    program_expect("keeps/00-batch_size_50/run-fold3/config.yaml", "folds: {stratified: 3}");
    cr_expect_null(strstr(program_read("err"), "--folds 2"));
    cr_expect_eq(program_run("compare " SPIRALS " " NET "-o first --vary training.batch_size=50 "
                             "--set data.validation_split=0 --set data.folds=2"),
                 0);
    program_expect("err", "data.folds: one of the 2, data.fold, is held out in all trials; "
                          "--folds 2 trains with each in turn");
    cr_expect_eq(program_run("compare " SPIRALS " " NET "-o each --vary data.fold=1,2 "
                             "--set data.validation_split=0 --set data.folds=2"),
                 0);
    cr_expect_null(strstr(program_read("err"), "--folds 2"));
    cr_expect_eq(
        program_run("compare " SPIRALS " -o d --folds stratified:1 --vary training.epochs=1"), 2);
    program_expect("err", "--folds expects a whole number from 2, or stratified: before one");
}

/* The means are those of the trials' models; what it printed before, it prints again. */
Test(program_compare, compares_what_was_trained)
{
    cr_expect_eq(program_run("compare " SPIRALS " " NET
                             "-o c --vary training.seed=3,4 --metric val_loss "
                             "--target val_loss=1e9"),
                 0);
    char first[4096];
    snprintf(first, sizeof first, "%s", program_read("out"));
    cr_expect_eq(program_run("compare " SPIRALS " " NET
                             "-o c --vary training.seed=3,4 --metric val_loss "
                             "--target val_loss=1e9"),
                 0);
    cr_expect_str_eq(program_read("out"), first);
    cr_expect_str_eq(program_read("err"), program_has("c/compare.png") ? "" : program_read("err"));
    cr_expect_eq(program_run("evaluate c/00-seed_3/run/model.safetensors --data validation"), 0);
    double loss;
    cr_assert_eq(sscanf(strstr(program_read("out"), "loss"), "loss %lf", &loss), 1);
    char cell[32];
    snprintf(cell, sizeof cell, "%.4f", loss);
    cr_expect_not_null(strstr(first, cell), "%s is not in %s", cell, first);
}

/* Stopped in the second trial, once in so many times before it has ended, it goes on and ends with
 * the same models. */
Test(program_compare, compare_goes_on_with_what_is_missing)
{
    const char *words =
        "compare " SPIRALS " --set training.epochs=300 "
        "--set training.checkpoint_every=100 --vary training.seed=1,2,3 --threads 1 "
        "-o";
    cr_expect_eq(program_run("%s whole", words), 0);
    char command[1024];
    snprintf(command, sizeof command,
             "for n in $(seq 50); do rm -rf c; "
             "'" RUNNEL_PROGRAM "' %s c >out 2>err </dev/null & "
             "until [ -e c/01-seed_2/run/checkpoint.safetensors ] || ! kill -0 $!; do sleep 0.01; "
             "done; kill -TERM $!; wait $!; code=$?; "
             "[ $code -eq 0 ] || [ -e c/02-seed_3/run/history.csv ] || exit $code; done",
             words);
    const int status = system(command);
    cr_assert_eq(WEXITSTATUS(status), 143);
    program_expect("err", "the same command goes on");
    cr_expect(program_has("c/00-seed_1/run/model.safetensors"));
    cr_expect(!program_has("c/02-seed_3/run/config.yaml") ||
              !program_has("c/02-seed_3/run/history.csv"));
    cr_expect_eq(program_run("%s c", words), 0);
    program_expect("err", "[2/2]");
    for (int seed = 1; seed <= 3; ++seed) {
        snprintf(command, sizeof command,
                 "cmp whole/0%d-seed_%d/run/model.safetensors "
                 "c/0%d-seed_%d/run/model.safetensors",
                 seed - 1, seed, seed - 1, seed);
        cr_expect_eq(system(command), 0);
    }
}

Test(program_compare, compare_tells_small_figures_apart)
{
    program_write("c.yaml",
                  "data: {train: {csv: {path: t.csv, target: y}}, validation_split: 0.5}\n"
                  "model: [dense: {units: 1, kernel_initializer: zeros}]\n"
                  "training: {loss: mse, optimizer: sgd}\n");
    program_write("t.csv", "x,y\n1,0.001\n2,0.002\n3,0.003\n4,0.004\n");
    cr_expect_eq(program_run("compare c.yaml -o c --vary training.seed=3,4"), 0);
    program_expect("out", "e-05");
    cr_expect_null(strstr(program_read("out"), "0.0000"), "%s", program_read("out"));
}

/* Files that a trial reads may change under the same name, of the training or the validation rows.
 */
Test(program_compare, compare_refuses_what_was_trained_with_other_rows)
{
    program_write("c.yaml", "data: {train: {csv: {path: t.csv, target: y}},\n"
                            "       validation: {csv: {path: v.csv, target: y}}}\n"
                            "model: [dense: {units: 1, kernel_initializer: zeros}]\n"
                            "training: {loss: mse, optimizer: sgd}\n");
    program_write("t.csv", "x,y\n1,1\n2,2\n3,3\n4,4\n");
    program_write("v.csv", "x,y\n1,1\n2,2\n");
    static const char words[] = "compare c.yaml -o c --vary training.seed=3,4";
    cr_expect_eq(program_run("%s", words), 0);
    cr_expect_eq(program_run("%s", words), 0);
    program_write("t.csv", "x,y\n1,1\n2,2\n3,3\n4,5\n");
    cr_expect_eq(program_run("%s", words), 2);
    program_expect("err", "c/00-seed_3/run was trained with other rows: t.csv: the targets of the "
                          "training rows are not those");
    cr_expect_eq(program_run("%s --force", words), 0);
    program_write("v.csv", "x,y\n1.5,1\n2,2\n");
    cr_expect_eq(program_run("%s", words), 2);
    program_expect("err", "v.csv: the inputs of the validation rows are not those");
    cr_expect_eq(program_run("%s -o d", words), 0);
}

/* An epoch that a kill left without a time counts as the mean of the others, which take 10, 20
 * and 30 seconds for 2,700 rows. */
Test(program_compare, compare_takes_the_time_of_an_epoch_from_the_others)
{
    const char *words = "compare " SPIRALS " " NET "-o c --vary training.seed=3 --metric val_loss "
                        "--target val_loss=1e9";
    cr_expect_eq(program_run("%s", words), 0);
    program_write("c/00-seed_3/run/history.csv",
                  "epoch,val_loss,samples_per_second\n1,2,0\n2,2,270\n"
                  "3,2,135\n4,2,90\n");
    cr_expect_eq(program_run("%s", words), 0);
    program_expect("c/compare.json", "\"seconds_per_epoch\": 20,");
    program_expect("c/compare.json", "\"seconds_to_target\": 20}");
}

Test(program_compare, compare_refuses_before_anything_is_written)
{
    static const struct {
        const char *words, *message;
    } mistakes[] = {
        {"", "--vary is missing"},
        {"--vary training.optimiser=sgd,adam", "did you mean 'optimizer'?"},
        {"--vary training.optimizer=sgd,adm", "did you mean 'adam'?"},
        {"--vary 'training.optimizer=sgd,{adam: {}'", "--vary expects KEY=VALUE,VALUE..."},
        {"--vary training.epochs=", "--vary expects KEY=VALUE,VALUE..."},
        {"--vary training.epochs=1 --folds 10000", "data.folds: expected at most one for each"},
        {"--vary training.epochs=1 --folds 1", "--folds expects a whole number from 2"},
        {"--vary training.epochs=1 --set data.validation_split=0", "no validation rows"},
        {"--vary training.epochs=1 --metric val_mae", "'val_mae' is no figure of the validation"},
        {"--vary training.epochs=1 --target val_loss", "--target expects a figure and its value"},
        {"--vary training.epochs=1 --jobs 5000", "--jobs 5000: there are "},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        cr_expect_eq(program_run("compare " SPIRALS " -o c %s", mistakes[i].words), 2, "%s",
                     mistakes[i].words);
        program_expect("err", mistakes[i].message);
        cr_expect(!program_has("c"));
    }
}

/* The first of three cannot begin; the same command trains it. */
Test(program_compare, compare_goes_on_where_a_process_cannot_be_had)
{
    const char *words = "compare " SPIRALS " --set training.epochs=1 -o c "
                        "--vary training.batch_size=100,150,300";
    cr_expect_eq(program_shell(PRELOADED(NO_PROCESS) "\"$R\" %s >out 2>err", words), 1);
    program_expect("err", "cannot start a process: ");
    program_expect("err", "[1/3] c/00-batch_size_100/run: failed: it cannot begin");
    program_expect("err", "[3/3] c/02-batch_size_300/run: trained");
    cr_expect_not(program_has("c/00-batch_size_100/run/model.safetensors"));
    cr_expect_eq(program_run("%s", words), 0);
    cr_expect(program_has("c/00-batch_size_100/run/model.safetensors"));
}

Test(program_compare, compare_tells_failed_trainings_and_other_comparisons)
{
    cr_expect_eq(program_run("compare " SPIRALS " " NET "-o c --vary "
                             "training.optimizer.momentum.learning_rate=0.01,1e6"),
                 1);
    program_expect("err", "run: failed: ");
    program_expect("err", "NaN");
    program_expect("err", "; see c/01-learning_rate_1e6/run/log");
    program_expect("c/01-learning_rate_1e6/run/log", "NaN");
    program_expect("out", "1e6            ");
    cr_expect_eq(program_run("compare " SPIRALS " -o c --vary "
                             "training.optimizer.momentum.learning_rate=0.01,0.02"),
                 2);
    program_expect("err",
                   "c/00-learning_rate_0.01/run/config.yaml is there from another comparison");
    cr_expect_eq(program_run("compare " SPIRALS " -o c --force --vary "
                             "training.optimizer.momentum.learning_rate=0.01,0.02"),
                 0);
}
