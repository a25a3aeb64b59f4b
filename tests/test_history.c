/*
 * Files that grow while a run goes on: on a disk that is full for a while, after kills, and where
 * lines were lost.
 */
#include "cli/event_file.h"
#include "cli/history.h"
#include "cli/inspection_file.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(history, .init = program_enter, .fini = scratch_leave);

static void limit_files(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void add(rnl_history *history, size_t epoch)
{
    const rnl_figure figures[] = {{"loss", 0.5}, {"val_loss", 1.0 / 3}};
    const rnl_progress progress = {
        .epoch = epoch, .rows_done = 1, .rows = 1, .figure_count = 2, .figures = figures};
    rnl_history_add(history, &progress);
}

static void look(rnl_history *history, size_t epoch, size_t layers)
{
    const rnl_layer_inspection all[] = {{.layer = "a"}, {.layer = "b"}, {.layer = "c"}};
    const rnl_inspection inspection = {.epoch = epoch, .layer_count = layers, .layers = all};
    rnl_inspection_add(history, &inspection);
}

static const rnl_history_kept nothing = {0};

static void write_history(const char *path, size_t epochs, rlim_t limit)
{
    rnl_history history;
    cr_assert(rnl_history_open(&history, path, nothing));
    for (size_t i = 1; i <= epochs; ++i) {
        limit_files(i > 2 && i < 7 ? limit : RLIM_INFINITY);
        add(&history, i);
        limit_files(RLIM_INFINITY);
    }
    cr_expect(rnl_history_close(&history));
}

/* Full in the middle of a line, and at its end. */
Test(history, loses_no_line_to_a_disk_that_was_full_for_a_while)
{
    cr_redirect_stderr();
    write_history("whole", 9, RLIM_INFINITY);
    for (rlim_t limit = 40; limit < 120; ++limit) {
        write_history("history.csv", 9, limit);
        cr_expect_eq(program_shell("cmp whole history.csv"), 0);
    }
}

static off_t write_events(rlim_t limit)
{
    rnl_event_file events;
    struct stat about;
    cr_assert(rnl_event_file_open(&events, ".", 0));
    for (size_t i = 0; i < 9; ++i) {
        const rnl_figure figure = {"loss", 0.5};
        limit_files(i > 2 && i < 7 ? limit : RLIM_INFINITY);
        rnl_event_file_add(&events,
                           &(const rnl_progress){.step = i, .figure_count = 1, .figures = &figure});
        limit_files(RLIM_INFINITY);
    }
    cr_assert_eq(stat(events.path, &about), 0);
    cr_expect(rnl_event_file_close(&events));
    return about.st_size;
}

Test(history, loses_no_layer_and_no_event_either)
{
    cr_redirect_stderr();
    cr_expect_eq(write_events(200), write_events(RLIM_INFINITY));
    rnl_history inspection;
    cr_assert(rnl_history_open(&inspection, "inspect.csv", nothing));
    for (size_t i = 0; i < 9; ++i) {
        limit_files(i > 2 && i < 7 ? 300 : RLIM_INFINITY);
        look(&inspection, i, 3);
        limit_files(RLIM_INFINITY);
    }
    cr_expect(rnl_history_close(&inspection));
    for (size_t i = 0; i < 9; ++i) {
        rnl_inspected_epoch epoch;
        cr_assert(rnl_inspection_read(&epoch, "inspect.csv", &i));
        cr_expect_eq(epoch.layer_count, 3);
        rnl_inspection_release(&epoch);
    }
}

Test(history, says_what_could_not_be_written)
{
    rnl_history history;
    cr_redirect_stderr();
    cr_assert(rnl_history_open(&history, "history.csv", nothing));
    limit_files(30);
    add(&history, 1);
    add(&history, 2);
    cr_expect_not(rnl_history_close(&history));
    limit_files(RLIM_INFINITY);
    cr_assert_stderr_eq_str(
        "runnel: warning: cannot write history.csv: File too large; what belongs there is kept "
        "until there is room\nrunnel: cannot write history.csv: File too large\n");
}

/* The beginning of "12,...", which a kill cut off, is no line of epoch 1. */
Test(history, a_torn_line_is_left_out)
{
    rnl_history history;
    program_write("history.csv", "epoch,loss\n1,0.5\n2,0.25\n1");
    const rnl_history_kept two = {.any = true, .some = true, .epochs = 2};
    cr_assert(rnl_history_open(&history, "history.csv", two));
    cr_assert(rnl_history_close(&history));
    cr_expect_str_eq(program_read("history.csv"), "epoch,loss\n1,0.5\n2,0.25\n");
}

static void expect_last(const char *path, size_t expected)
{
    rnl_inspected_epoch epoch;
    cr_assert(rnl_inspection_read(&epoch, path, NULL));
    cr_expect_eq(epoch.epoch, expected);
    cr_expect_eq(epoch.layer_count, 3);
    rnl_inspection_release(&epoch);
}

/* Wherever the file ends, the last whole block is found, and no other is taken for one. */
Test(history, a_torn_block_of_layers_is_left_out)
{
    cr_redirect_stderr();
    rnl_history inspection;
    struct stat ends[3];
    cr_assert(rnl_history_open(&inspection, "inspect.csv", nothing));
    for (size_t i = 0; i < 3; ++i) {
        look(&inspection, i, 3);
        cr_assert_eq(stat("inspect.csv", &ends[i]), 0);
    }
    cr_assert(rnl_history_close(&inspection));
    const size_t two = 2;
    rnl_inspected_epoch epoch;
    expect_last("inspect.csv", 2);
    for (off_t size = ends[2].st_size - 1; size >= ends[0].st_size; --size) {
        cr_assert_eq(truncate("inspect.csv", size), 0);
        expect_last("inspect.csv", size >= ends[1].st_size ? 1 : 0);
        cr_expect_not(rnl_inspection_read(&epoch, "inspect.csv", &two));
    }
}

/* A run that lost lines and ended before it could write them is told so when it goes on. */
Test(history, a_gap_is_said)
{
    static const char *const more[] = {"--set training.epochs=4 --set training.inspect=true",
                                       "--set training.epochs=4 --set training.validate_every=85"};
    static const char *const told[] = {
        "r0/history.csv ends at epoch 2: what belongs there up to epoch 4 is lost",
        "r1/history.csv ends at step 170: what belongs there up to step 340 is lost"};
    for (int i = 0; i < 2; ++i) {
        cr_assert_eq(program_run("train " SPIRALS " -q -o r%d %s", i, more[i]), 0, "%s",
                     program_read("err"));
        cr_expect_eq(program_run("train " SPIRALS " -q -o r%d --resume %s", i, more[i]), 0);
        cr_expect_str_eq(program_read("err"), "");
        cr_assert_eq(program_shell("sed -i 4,5d r%d/history.csv", i), 0);
        cr_expect_eq(program_run("train " SPIRALS " -q -o r%d --resume %s", i, more[i]), 0);
        program_expect("err", told[i]);
    }
    cr_assert_eq(program_shell(": >r0/history.csv"), 0);
    cr_expect_eq(program_run("train " SPIRALS " -q -o r0 --resume %s", more[0]), 0);
    program_expect("err", "r0/history.csv is empty: what belongs there up to step ");
    cr_assert_eq(program_shell("sed -i /^4,/d r0/inspect.csv"), 0);
    for (int epochs = 4; epochs <= 5; ++epochs) {
        cr_expect_eq(program_run("train " SPIRALS " -q -o r0 --resume %s --set training.epochs=%d",
                                 more[0], epochs),
                     0);
        program_expect("err", "r0/inspect.csv ends at epoch 3: what belongs there up to epoch 4");
    }
}

Test(history, a_gap_in_event_files_is_said)
{
    static const char words[] = "train " SPIRALS " -q -o r --set training.epochs=4 "
                                "--set training.tensorboard=true";
    cr_assert_eq(program_run("%s", words), 0);
    cr_expect_eq(program_run("%s --resume", words), 0);
    cr_expect_str_eq(program_read("err"), "");
    cr_assert_eq(program_shell("truncate -s -20 r/events*"), 0);
    cr_expect_eq(program_run("%s --resume", words), 0);
    program_expect("err", "warning: the event files in r end at step 255: what belongs there up to "
                          "step 340 is lost");
    cr_assert_eq(program_shell("rm r/events*"), 0);
    cr_expect_eq(program_run("%s --resume", words), 0);
    cr_expect_str_eq(program_read("err"), "", "they may have been switched on just now");
}

static int stop_when_there_is(const char *path, const char *words)
{
    return program_shell("\"$R\" train " SPIRALS " -q -o r --set training.epochs=1000000 "
                         "--set training.validate_every=100000000 "
                         "--set training.checkpoint_every=300 %s 2>err & "
                         "while [ ! -s r/%s ] && kill -0 $!; do sleep 0.01; done; "
                         "kill -TERM $!; wait $!",
                         words, path);
}

/* Epochs may be done before the first figures are told. */
Test(history, no_gap_before_the_first_line)
{
    cr_expect_eq(stop_when_there_is("checkpoint.safetensors", ""), 143);
    unlink("r/checkpoint.safetensors.previous");
    cr_expect_eq(stop_when_there_is("checkpoint.safetensors.previous", "--resume"), 143);
    cr_expect_null(strstr(program_read("err"), "lost"), "%s", program_read("err"));
}
