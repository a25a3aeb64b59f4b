/*
 * The directory of a run: what is left in it, what is swept up, and whose it is.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(program_directory, .init = program_enter, .fini = scratch_leave);

Test(program_directory, an_earlier_run_is_not_overwritten)
{
    cr_expect_eq(program_run("train " SPIRALS " --output r --set training.epochs=1 --quiet"), 0);
    cr_expect_str_eq(program_read("err"), "");
    cr_expect_eq(program_run("train " SPIRALS " --output r --set training.epochs=1"), 2);
    program_expect("err", "--force");
    cr_expect_eq(program_run("train " SPIRALS " --output r --set training.epochs=1 --force"), 0);
}

/* What is refused late, when the workers are placed, has not touched the run that was there. */
Test(program_directory, a_refused_run_leaves_the_earlier_one)
{
    cr_assert_eq(program_run("train " SPIRALS " --output r --set training.epochs=2 --quiet"), 0);
    cr_assert_eq(system("cp -r r kept"), 0);
    cr_expect_eq(program_run("train " SPIRALS " --output r --force --threads 5000"), 1);
    program_expect("err", "5000 threads");
    cr_expect_eq(system("diff -r r kept"), 0);
    cr_expect_eq(program_run("train " SPIRALS " --output fresh --threads 5000"), 1);
    cr_expect(!program_has("fresh"));
    cr_expect_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=1"), 2);
    program_expect("err", "training.epochs: 1, but the checkpoint is");
    cr_expect_eq(system("diff -r r kept"), 0);
}

Test(program_directory, two_runs_do_not_share_a_directory)
{
    char command[1024];
    snprintf(command, sizeof command,
             "'%s' train " SPIRALS
             " --output d --set training.epochs=10000000 -q >/dev/null 2>&1 & "
             "until [ -e d/history.csv ] || ! kill -0 $!; do sleep 0.01; done; '%s' train " SPIRALS
             " --output d --resume --set training.epochs=10000000 >out 2>err; code=$?; "
             "kill $!; wait; exit $code",
             RUNNEL_PROGRAM, RUNNEL_PROGRAM);
    const int code = WEXITSTATUS(system(command));
    cr_expect_neq(code, 0);
    const char *text = program_read("err");
    cr_expect(strstr(text, "another run is writing to this directory") != NULL, "%s", text);
}

/* What a run leaves that is killed in the middle of saving. */
Test(program_directory, sweeps_up_after_a_killed_run)
{
    static const char *const swept[] = {"r/model.safetensors.17.0.tmp",
                                        "r/best.safetensors.17.0.tmp",
                                        "r/last.safetensors.17.0.tmp",
                                        "r/checkpoint.safetensors.next",
                                        "r/checkpoint.safetensors.next.4242.1.tmp",
                                        "r/history.csv.17.0.tmp",
                                        "r/inspect.csv.17.0.tmp",
                                        "r/trace.csv.17.0.tmp",
                                        "r/failure.txt.17.0.tmp",
                                        "r/config.yaml.17.0.tmp",
                                        "r/log.17.0.tmp",
                                        NULL};
    static const char *const kept[] = {"r/notes.tmp",
                                       "r/checkpoint.safetensors.mine",
                                       "r/model.safetensors.mine.tmp",
                                       "r/model.safetensors.7",
                                       "r/model.safetensors.7.tmp",
                                       "r/model.safetensors.1.2.tmp.x",
                                       "r/my.17.0.tmp",
                                       "r/model.safetensors.next",
                                       "r/logs.17.0.tmp",
                                       NULL};
    cr_assert_eq(program_run("train " SPIRALS " --output r --set training.epochs=1"), 0);
    for (const char *const *path = swept; *path; ++path)
        program_write(*path, "half");
    for (const char *const *path = kept; *path; ++path)
        program_write(*path, "mine");
    cr_expect_eq(program_run("train " SPIRALS " --output r"), 2);
    cr_expect(program_has(swept[0]), "a refused run removed a file");
    cr_assert_eq(program_run("train " SPIRALS " --output r --set training.epochs=2 --resume"), 0);
    for (const char *const *path = swept; *path; ++path)
        cr_expect(!program_has(*path), "%s", *path);
    for (const char *const *path = kept; *path; ++path)
        cr_expect(program_has(*path), "%s", *path);
}

Test(program_directory, best_and_last_are_of_this_run)
{
    cr_assert_eq(
        program_run("train " SPIRALS " --output r --set training.early_stopping.patience=1"), 0);
    program_expect("out", "model: r/model.safetensors\nbest: r/best.safetensors\n"
                          "last: r/last.safetensors\nhistory: r/history.csv\n");
    cr_expect_eq(system("cmp -s r/model.safetensors r/best.safetensors"), 0);
    cr_expect_neq(system("cmp -s r/last.safetensors r/best.safetensors"), 0);
    cr_expect_eq(program_run("evaluate r/last.safetensors"), 0);
    cr_assert_eq(program_run("train " SPIRALS " --output r --set training.epochs=1 --force"), 0);
    program_expect("out", "model: r/model.safetensors\nhistory: r/history.csv\n");
    cr_expect(!program_has("r/best.safetensors") && !program_has("r/last.safetensors"));
}

Test(program_directory, writes_event_files)
{
    static const char count[] = "ls r | grep -c '^events.out.tfevents.[0-9]*.runnel$' >count";
    const char *logging = SPIRALS " --output r --set training.tensorboard=true";
    cr_assert_eq(program_run("train %s --set training.epochs=2", logging), 0, "%s",
                 program_read("err"));
    program_expect("out", "events: r\n");
    cr_expect_eq(system(count), 0);
    cr_expect_str_eq(program_read("count"), "1\n");
    cr_expect_eq(system("cat r/events.out.tfevents.* | grep -a -q val_accuracy"), 0);
    cr_assert_eq(program_run("train %s --set training.epochs=3 --resume", logging), 0);
    cr_expect_eq(system(count), 0);
    cr_expect_str_eq(program_read("count"), "2\n");
    cr_assert_eq(program_run("train " SPIRALS " --output r --resume --set training.epochs=4"), 0);
    cr_assert_eq(program_run("train " SPIRALS " --output r --force --set training.epochs=1"), 0);
    cr_expect_neq(system(count), 0);
    cr_expect_str_eq(program_read("count"), "0\n");
}

Test(program_directory, unwritable_output_is_told_before_training)
{
    program_write("file", "");
    cr_expect_eq(program_run("train " SPIRALS " --output file/run"), 1);
    program_expect("err", "file");
    cr_expect_eq(strstr(program_read("err"), "epoch"), NULL);
}
