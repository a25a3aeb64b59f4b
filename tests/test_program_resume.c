/*
 * Runs that end early, and go on where they were.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(program_resume, .init = program_enter, .fini = scratch_leave);

/* Killed at growing moments and resumed at changing numbers of threads, until it ends by itself, as
 * the last one may without a kill; the last of the columns of history.csv that it has for so many
 * is the time's. */
static void kill_and_resume(const char *options, const char *columns)
{
    cr_assert_eq(program_run("train %s --output whole --force", options), 0);
    int code = -1;
    for (int i = 0; i < 200 && code != 0; ++i) {
        char command[2048], until[64];
        snprintf(until, sizeof until, "timeout -s KILL %d.%03d", (30 + 10 * i) / 1000,
                 (30 + 10 * i) % 1000);
        snprintf(command, sizeof command,
                 "%s '%s' train %s --output parts --resume --threads %d >out 2>>log",
                 i < 199 ? until : "", RUNNEL_PROGRAM, options, 1 + i % 4);
        code = WEXITSTATUS(system(command));
    }
    cr_assert_eq(code, 0, "it never ended: %s", program_read("log"));
    char command[256];
    snprintf(command, sizeof command,
             "cut -d, -f%s whole/history.csv >a; cut -d, -f%s parts/history.csv >b; cmp a b",
             columns, columns);
    cr_expect_eq(system(command), 0);
    cr_expect_eq(system("cmp whole/model.safetensors parts/model.safetensors"), 0);
    cr_expect_eq(system("cmp whole/inspect.csv parts/inspect.csv"), 0);
}

#define KILLED SPIRALS " --set training.checkpoint_every=7 --set training.inspect=true --quiet"

Test(program_resume, killed_and_resumed_ends_with_the_same_weights)
{
    kill_and_resume(KILLED " --set training.schedule=one_cycle", "1-7");
    program_expect("parts/history.csv",
                   "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,momentum,sa");
}

Test(program_resume, killed_and_resumed_validates_at_the_same_steps)
{
    kill_and_resume(KILLED " --set training.validate_every=11 --set training.epochs=4"
                           " --set training.early_stopping.patience=40",
                    "1-8");
    cr_expect_eq(system("cmp whole/best.safetensors parts/best.safetensors"), 0);
    cr_expect_eq(system("cmp whole/last.safetensors parts/last.safetensors"), 0);
    program_expect("parts/history.csv",
                   "epoch,step,loss,accuracy,val_loss,val_accuracy,learning_rate,");
    program_expect("parts/history.csv", "\n4,340,");
}

Test(program_resume, resumes_only_what_fits)
{
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=2"), 0);
    program_expect("err", "no checkpoint in r: starting from the beginning");
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=3"), 0);
    program_expect("err", "resuming r/checkpoint.safetensors at step 170");
    program_expect("err", "epoch 3/3");
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.batch_size=8"),
                 2);
    program_expect("err",
                   "made under another configuration: training.batch_size was 32 and is 8\n");
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.optimizer=sgd"),
                 2);
    program_expect("err", "training.optimizer was {\"");
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=2"), 2);
    program_expect("err", "training.epochs: 2, but the checkpoint is 255 steps on, behind epoch 3");
    cr_expect_eq(program_run("train " SPIRALS " --output r --force --restart-schedule"), 2);
    program_expect("err", "--restart-schedule says how to go on: --resume");
    cr_expect_eq(program_run("train " SPIRALS " --output r --force --resume"), 2);
    program_expect("err", "--force replaces an earlier run and --resume goes on with it: expected");
    cr_expect_eq(program_run("train none.yaml --force --resume"), 2);
    program_expect("err", "expected one of them");
    program_expect("r/history.csv", "\n3,");
    /* A damaged checkpoint is told, and the one before serves. */
    cr_assert_eq(truncate("r/checkpoint.safetensors", 100), 0);
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=3"), 0);
    program_expect("err", "r/checkpoint.safetensors: ");
    program_expect("err", "resuming r/checkpoint.safetensors.previous at step 170");
    cr_assert_eq(truncate("r/checkpoint.safetensors", 100), 0);
    cr_assert_eq(remove("r/checkpoint.safetensors.previous"), 0);
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=4"), 1);
    cr_expect_eq(program_shell("[ $(wc -l <err) = 1 ]"), 0, "%s", program_read("err"));
}

Test(program_resume, resumes_only_with_its_rows)
{
    static const char config[] = "data: {train: {csv: {path: t.csv, target: y}}, "
                                 "validation_split: {random: 0.5}}\n"
                                 "model: [dense: {units: 1}]\n"
                                 "training: {loss: mean_squared_error, optimizer: sgd}\n";
    program_write("c.yaml", config);
    program_write("t.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n");
    cr_assert_eq(program_run("train c.yaml --output r"), 0);
    cr_expect_eq(program_run("train c.yaml --output r --resume --set training.epochs=2"), 0);
    program_write("t.csv", "x,y\n1,9\n2,4\n3,6\n4,9\n");
    cr_expect_eq(program_run("train c.yaml --output r --resume --set training.epochs=3"), 1);
    program_expect("err", "t.csv: the targets of the ");
    program_expect("err", " rows are not those that the checkpoint was made with");
    cr_expect_eq(program_run("train c.yaml --output r --force --set training.epochs=3"), 0);
}

Test(program_resume, names_the_file_whose_rows_have_changed)
{
    program_write("c.yaml", "data: {train: {csv: {path: t.csv, target: y}}, "
                            "validation: {csv: {path: v.csv, target: y}}}\n"
                            "model: [dense: {units: 1}]\n"
                            "training: {loss: mean_squared_error, optimizer: sgd}\n");
    program_write("t.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n");
    program_write("v.csv", "x,y\n5,10\n6,12\n");
    cr_assert_eq(program_run("train c.yaml --output r"), 0);
    program_write("v.csv", "x,y\n5,10\n6,13\n");
    cr_expect_eq(program_run("train c.yaml --output r --resume --set training.epochs=2"), 1);
    program_expect("err", "v.csv: the targets of the validation rows are not those that");
}

Test(program_resume, signals_save_and_end_with_their_code)
{
    static const int signals[] = {15, 2};
    for (size_t i = 0; i < 2; ++i) {
        char command[1024];
        snprintf(command, sizeof command,
                 "'%s' train " SPIRALS " --output s%zu --set training.epochs=10000000 >out 2>err & "
                 "until [ -s s%zu/history.csv ] || ! kill -0 $!; do sleep 0.01; done; "
                 "kill -%d $!; wait $!",
                 RUNNEL_PROGRAM, i, i, signals[i]);
        cr_expect_eq(WEXITSTATUS(system(command)), 128 + signals[i]);
        program_expect("err", "saved in s");
        cr_expect_eq(program_run("evaluate s%zu/checkpoint.safetensors", i), 0);
        cr_expect_not(program_has("s0/model.safetensors"));
    }
}
