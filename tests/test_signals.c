/*
 * Signals to the program at any moment after its start: the code is the signal's, a reason is
 * given, and what is on the disk is whole.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(signals, .init = program_enter, .fini = scratch_leave);

/* Trainings that take far longer than any signal waits. */
static const char *const configs[] = {
    "data: {train: {spirals: {rows: 3000}}}\n"
    "model: [dense: {units: 400, activation: relu}, dense: {units: 400, activation: relu},\n"
    "        dense: {units: 3, activation: softmax}]\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: sgd, epochs: 100000,\n"
    "           schedule: {one_cycle: {max_rate: auto}}}\n",
    "data: {train: {blobs: {rows: 3000, features: 20}}, validation_split: 0.1}\n"
    "model: [dense: {units: 400, activation: relu}, dense: {units: 3, activation: softmax}]\n"
    "training: {loss: sparse_categorical_crossentropy, optimizer: adam, epochs: 100000,\n"
    "           inspect: true, checkpoint_every: 20}\n",
};

/* With signals as at a terminal: a shell's job in the background, as this test may be part of,
 * ignores SIGINT. */
static pid_t start(const char *resume)
{
    const pid_t process = fork();
    if (process != 0)
        return process;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    const int err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(err, STDERR_FILENO);
    dup2(err, STDOUT_FILENO);
    execl(RUNNEL_PROGRAM, "runnel", "train", "run.yaml", "-o", "run", "--threads", "2", resume,
          (char *)NULL);
    _exit(127);
}

static void wait_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
}

/* Before its handlers stand, the system's own way to end a process holds. */
static void expect_code(int status, int signal, long delay)
{
    if (WIFSIGNALED(status)) {
        cr_expect_eq(WTERMSIG(status), signal, "after %ld ms", delay);
        return;
    }
    const char *text = program_read("err");
    cr_expect_eq(WEXITSTATUS(status), 128 + signal, "after %ld ms: code %d\n%s", delay,
                 WEXITSTATUS(status), text);
    cr_expect(strstr(text, "runnel: interrupted before training began\n") ||
                  strstr(text, "runnel: stopped "),
              "after %ld ms there is no reason:\n%s", delay, text);
}

/* No file is left half written, and a checkpoint can be gone on from. */
static void expect_whole(long delay)
{
    cr_expect_neq(system("ls run 2>/dev/null | grep tmp"), 0, "after %ld ms", delay);
    if (!program_has("run/checkpoint.safetensors"))
        return;
    const int status = system("'" RUNNEL_PROGRAM "' summary run/checkpoint.safetensors >out 2>err");
    cr_expect_eq(WEXITSTATUS(status), 0, "after %ld ms", delay);
}

ParameterizedTestParameters(signals, at_any_moment)
{
    static int parameters[] = {SIGTERM, SIGINT};
    return cr_make_param_array(int, parameters, 2);
}

ParameterizedTest(int *number, signals, at_any_moment)
{
    static const long delays[] = {5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 400};
    for (size_t c = 0; c < sizeof configs / sizeof *configs; ++c) {
        program_write("run.yaml", configs[c]);
        cr_assert_eq(system("rm -rf run"), 0);
        for (size_t i = 0; i < sizeof delays / sizeof *delays; ++i) {
            const pid_t process = start("--resume");
            wait_milliseconds(delays[i]);
            kill(process, *number);
            int status = 0;
            cr_assert_eq(waitpid(process, &status, 0), process);
            expect_code(status, *number, delays[i]);
            expect_whole(delays[i]);
        }
    }
}
