/*
 * What commands write: whole or not at all, never over what they read, behind links, and what is
 * replaced asks for --force.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

TestSuite(outputs, .init = program_enter, .fini = scratch_leave);

#define TABLE                                                                                      \
    "'data.train={csv: {path: x.csv, target: y}}' --set data.test=null "                           \
    "--set data.validation_split=0 --set data.scaling=standardize "                                \
    "--set 'model=[dense: {units: 2, activation: softmax}]' "

/* A table x.csv, and a model of it in r. */
static void train_table(void)
{
    program_write("x.csv", "a,b,y\n1,2,0\n2,1,1\n3,4,0\n4,3,1\n5,6,0\n6,5,1\n");
    cr_assert_eq(program_run("train " SPIRALS " -o r -q --set training.epochs=1 --set " TABLE), 0,
                 "%s", program_read("err"));
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    cr_assert_eq(lstat(path, &about), 0, "%s", path);
    return about.st_mode;
}

#define MODEL "r/model.safetensors"

Test(outputs, do_not_replace_what_is_read)
{
    train_table();
    cr_assert_eq(program_shell("cp x.csv kept.csv; cp " MODEL " kept; ln x.csv hard.csv;"
                               "ln -s x.csv soft.csv; ln -s " MODEL " soft; mkdir f g p;"
                               "ln x.csv f/find_lr.csv; ln x.csv g/history.csv;"
                               "ln r/history.csv p/curve.svg"),
                 0);
    static const char *const commands[] = {
        "predict " MODEL " --data x.csv -o x.csv",
        "predict " MODEL " --data x.csv -o hard.csv",
        "predict " MODEL " --data hard.csv -o soft.csv",
        "predict soft --data x.csv -o " MODEL,
        "fold " MODEL " " MODEL,
        "fold --force soft " MODEL,
        "fold --force " MODEL " soft",
        "fold --force " MODEL " x.csv --data hard.csv",
        "fold --force " MODEL " hard.csv",
        "find-lr " SPIRALS " -o f --steps 5 --set " TABLE,
        "train " SPIRALS " -o g --force --set " TABLE,
        "plot r -o p/curve.svg",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i) {
        cr_expect_eq(program_run("%s", commands[i]), 1, "%s", commands[i]);
        program_expect("err", "is read from: it would be replaced by what is made of it");
    }
    cr_expect_eq(program_shell("cmp x.csv kept.csv && cmp " MODEL " kept"), 0);
    program_expect("r/history.csv", "epoch,loss");
}

Test(outputs, ask_before_a_model_is_replaced)
{
    train_table();
    cr_assert_eq(program_run("fold " MODEL " folded"), 0, "%s", program_read("err"));
    cr_assert_eq(program_shell("cp folded kept; : >empty"), 0);
    cr_expect_eq(program_run("fold " MODEL " folded"), 2);
    program_expect("err", "folded is there: --force replaces it");
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o folded"), 2);
    program_expect("err", "folded is a model");
    cr_expect_eq(program_shell("cmp folded kept"), 0);
    cr_expect_eq(program_run("fold " MODEL " folded --force"), 0);
    cr_expect_eq(program_run("fold " MODEL " empty"), 0);
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o p.csv"), 0);
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o p.csv"), 0);
    program_expect_swept();
}

Test(outputs, follow_links_keep_permissions_and_write_to_pipes)
{
    train_table();
    cr_assert_eq(program_shell("umask 022; mkdir far; for f in p.csv p.npy m c.svg; do"
                               " echo old >far/$f; chmod 600 far/$f; ln -s far/$f $f; done;"
                               "ln -s far/new.csv new.csv"),
                 0);
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o p.csv"), 0);
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o p.npy"), 0);
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o new.csv"), 0);
    cr_expect_eq(program_run("fold --force " MODEL " m"), 0);
    const bool can_draw = program_shell("command -v gnuplot >/dev/null") == 0;
    cr_expect_eq(program_run("plot r -o c.svg"), can_draw ? 0 : 1);
    static const char *const names[] = {"p.csv", "p.npy", "m", "c.svg"};
    for (size_t i = 0; i < (can_draw ? 4u : 3u); ++i) {
        char far[32];
        snprintf(far, sizeof far, "far/%s", names[i]);
        cr_expect(S_ISLNK(mode_of(names[i])), "%s", names[i]);
        cr_expect_eq(mode_of(far) & 0777, 0600, "%s", far);
        cr_expect_eq(program_shell("! grep -q ^old$ %s", far), 0, "%s", far);
    }
    cr_expect_eq(program_shell("cmp p.csv new.csv"), 0);

    cr_assert_eq(program_shell("mkfifo fifo; cat fifo >got & \"$R\" predict " MODEL
                               " --data x.csv -o fifo && wait && cmp got p.csv"),
                 0);
    cr_expect_eq(program_shell("cat fifo >got & \"$R\" fold " MODEL " fifo >/dev/null 2>&1 && wait "
                               "&& cmp got m"),
                 0);
    cr_expect(S_ISFIFO(mode_of("fifo")));
    cr_expect_eq(program_shell("ln -s /proc/self/fd/1 stdout; (echo before; \"$R\" predict " MODEL
                               " --data x.csv -o stdout; echo behind) >got;"
                               "(echo before; cat p.csv; echo behind) | cmp - got"),
                 0);
    cr_expect(S_ISLNK(mode_of("stdout")));
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o /dev/null"), 0);
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o /dev/full"), 1);
    program_expect("err", "cannot write /dev/full: No space left");
    cr_expect_eq(program_run("predict " MODEL " --data x.csv -o far"), 1);
    program_expect("err", "cannot write far: Is a directory");
    program_expect_swept();
}

/* What could not be printed is no success. */
Test(outputs, a_standard_output_that_takes_nothing_is_told)
{
    static const char *const commands[] = {
        "--version",
        "help",
        "train --help",
        "help train --man",
        "help --completions bash",
        "help config dense",
        "train " SPIRALS " --print-config",
        "train " SPIRALS " --output t --force -q --set training.epochs=1",
        "evaluate s/model.safetensors",
        "predict " MODEL " --data x.csv",
        "find-lr " SPIRALS " --steps 20",
        "fold " MODEL " folded --force",
        "diff " MODEL " " MODEL,
        "summary " SPIRALS,
        "inspect s",
        "plot r",
        "report r",
        "topology",
        "compare " SPIRALS " --output c --set training.epochs=1 --vary training.seed=1",
        "bench machine --quick --json --processes 1 --threads 1",
        "predict " MODEL " --data x.csv -o stdout",
    };
    static const struct {
        const char *to, *reason;
    } outputs[] = {{"/dev/full", ": No space left on device"}, {"&-", ": Bad file descriptor"}};
    train_table();
    cr_assert_eq(program_shell("ln -s /proc/self/fd/1 stdout"), 0);
    cr_assert_eq(program_run("train " SPIRALS " --output s -q --set training.epochs=1"
                             " --set training.inspect=true"),
                 0, "%s", program_read("err"));
    for (size_t k = 0; k < 2; ++k)
        for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i) {
            cr_expect_eq(program_shell("\"$R\" %s >%s 2>err", commands[i], outputs[k].to), 1, "%s",
                         commands[i]);
            program_expect("err", outputs[k].reason);
        }
    cr_expect_eq(program_shell("\"$R\" predict " MODEL " --data x.csv -o /dev/null >&-"), 0);
}

/* Links that others have planted under the names that used to be written to. */
Test(outputs, temporary_names_follow_no_link)
{
    train_table();
    cr_assert_eq(program_shell("echo mine >mine; mkdir c; for f in c.svg r/history.csv"
                               " c/config.yaml; do ln -s \"$PWD/mine\" $f.tmp; done"),
                 0);
    program_run("plot r -o c.svg");
    cr_expect_eq(
        program_run("train " SPIRALS " -o r -q --resume --set training.epochs=2 --set " TABLE), 0);
    cr_expect_eq(program_shell("mkdir -p d/00-seed_1/run; ln -s \"$PWD/mine\" "
                               "d/00-seed_1/run/config.yaml.tmp"),
                 0);
    cr_expect_eq(program_run("compare " SPIRALS " -o d --vary training.seed=1"
                             " --set training.epochs=1"),
                 0);
    cr_expect_str_eq(program_read("mine"), "mine\n");
}

/* ---- the directory of a run ------------------------------------------------------------------ */

#define ONE_EPOCH SPIRALS " --set training.epochs=1 -q "

/* The second is held before it makes its directory.  The first runs and ends meanwhile. */
Test(outputs, a_run_that_came_in_the_meantime_stays)
{
    cr_assert_eq(program_run("train " ONE_EPOCH "-o whole"), 0);
    const int code = program_shell(
        "%s\"$R\" train " ONE_EPOCH "-o d 2>second & "
        "until grep -q '^State:.T' /proc/$!/status || ! kill -0 $!; do sleep 0.01; done; "
        "\"$R\" train " ONE_EPOCH "-o d >out 2>err || exit 9; "
        "kill -CONT $!; wait $!",
        PRELOADED(HELD));
    cr_expect_eq(code, 1, "%s", program_read("second"));
    program_expect("second", "d/model.safetensors was written by another run in the meantime");
    cr_expect_eq(program_shell("cmp whole/model.safetensors d/model.safetensors"), 0);
}

Test(outputs, a_finished_run_without_its_checkpoint_loses_nothing)
{
    cr_assert_eq(program_run("train " SPIRALS " -o r --set training.early_stopping.patience=1"), 0);
    cr_assert_eq(program_shell("rm r/checkpoint*; cp -r r kept"), 0);
    cr_expect_eq(program_run("train " SPIRALS " -o r --resume"
                             " --set training.early_stopping.patience=1"),
                 2);
    program_expect("err", "r/model.safetensors is there, but no checkpoint to go on from");
    cr_expect_eq(program_shell("diff -r r kept"), 0);
}

/* Before the new run has anything to show, nothing of the old one is there. */
Test(outputs, what_is_replaced_goes_first)
{
    cr_assert_eq(program_run("train " SPIRALS " -o r --set training.early_stopping.patience=1"), 0);
    cr_expect_eq(program_run("train " ONE_EPOCH "-o r --force --set "
                             "training.optimizer.momentum.learning_rate=1e6"),
                 1);
    program_expect("err", "NaN");
    static const char *const gone[] = {"r/model.safetensors", "r/best.safetensors",
                                       "r/last.safetensors", "r/checkpoint.safetensors"};
    for (size_t i = 0; i < 4; ++i)
        cr_expect_not(program_has(gone[i]), "%s", gone[i]);
    cr_expect_str_eq(program_read("r/history.csv"), "");

    /* The file behind a link goes, and comes again. */
    cr_assert_eq(program_run("train " ONE_EPOCH "-o s"), 0);
    cr_assert_eq(program_shell("mv s/model.safetensors far; ln -s ../far s/model.safetensors"), 0);
    cr_assert_eq(program_run("train " ONE_EPOCH "-o s --force --seed 7"), 0);
    cr_expect(S_ISLNK(mode_of("s/model.safetensors")) && S_ISREG(mode_of("far")));
}

#define COMPARE                                                                                    \
    "compare " SPIRALS " --set training.epochs=%d -o D --vary "                                    \
    "training.optimizer.momentum.learning_rate=%s"

/* Stopped while it replaces another, it does not take the other's models for its own. */
Test(outputs, a_trial_is_done_if_its_model_says_so)
{
    cr_assert_eq(program_run(COMPARE, 1, "0.1,0.2"), 0, "%s", program_read("err"));
    cr_expect_eq(
        program_shell("\"$R\" " COMPARE " --force >out 2>err & cd D/00*/run; while [ -e "
                      "../../01*/run/model.safetensors ] || ! [ -s history.csv ]; do sleep 0.01; "
                      "done; "
                      "kill -TERM $!; wait $!",
                      10000000, "0.1,0.2"),
        143);
    cr_expect_not(program_has("D/00-learning_rate_0.1/run/model.safetensors"));
    cr_expect_not(program_has("D/01-learning_rate_0.2/run/model.safetensors"));
    cr_expect_not(program_has("D/01-learning_rate_0.2/run/history.csv"));
    cr_expect_not(program_has("D/compare.csv") || program_has("D/compare.json"));

    /* A model that does not belong to its config.yaml is no result. */
    cr_assert_eq(program_run(COMPARE " --force", 1, "0.1,0.2"), 0);
    cr_assert_eq(program_shell("cd D; cp 00*/run/model.safetensors 01*/run/"), 0);
    cr_expect_eq(program_run(COMPARE, 1, "0.1,0.2"), 0, "%s", program_read("err"));
    program_expect("err", "[1/1] D/01-learning_rate_0.2/run: trained");

    /* A forced trial that diverges has no model of the one before. */
    cr_expect_eq(program_run(COMPARE " --force --set training.batch_size=16", 1, "0.1,1e6"), 1);
    cr_expect_eq(program_run(COMPARE, 1, "0.1,0.2"), 2);
    cr_expect_eq(program_shell("ls D/01-learning_rate_1e6/run/model.safetensors 2>/dev/null"), 2);
}

/* ---- locks, stops ---------------------------------------------------------------------------- */

Test(outputs, file_systems_without_locks_are_warned_of)
{
    cr_expect_eq(program_shell(PRELOADED(NO_LOCKS) "\"$R\" train " ONE_EPOCH "-o r >out 2>err"), 0,
                 "%s", program_read("err"));
    program_expect("err", "warning: r cannot be locked: No locks available");
    cr_expect(program_has(MODEL));
    cr_expect_eq(
        program_shell(PRELOADED(NO_LOCKS) "\"$R\" find-lr " SPIRALS " --steps 50 -o f >out 2>err"),
        0, "%s", program_read("err"));
}

/* In the first step, which takes longer than two signals. */
Test(outputs, a_checkpoint_that_is_not_there_does_not_stand)
{
    program_write("big.yaml", "data: {train: {blobs: {rows: 20000, features: 100}}}\n"
                              "model: [dense: {units: 3000, activation: relu}, dense: {units: 3000,"
                              " activation: relu}, dense: {units: 3, activation: softmax}]\n"
                              "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,"
                              " batch_size: 20000}\n");
    static const char start[] =
        "\"$R\" train big.yaml -o d %s -q --threads 1 >out 2>err & "
        "while [ -e d/model.safetensors ] || ! [ -e d/history.csv ]; do sleep 0.01; done; "
        "kill -TERM $!; until [ -s err ]; do sleep 0.01; done; sleep 0.3; kill -TERM $!; wait $!";
    cr_expect_eq(program_shell(start, ""), 143);
    program_expect("err", "interrupted before a checkpoint was saved");
    cr_assert_eq(program_run("train " SPIRALS " -o d --force -q --set training.epochs=1"), 0);
    cr_expect_eq(program_shell(start, "--force"), 143);
    program_expect("err", "interrupted before a checkpoint was saved");
}
