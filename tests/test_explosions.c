/*
 * What `runnel inspect` says of a run that ended with NaN, and of weights without bounds.
 * RUNNEL_PROGRAM comes from the build.
 */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/runnel_explosions_XXXXXX";

static void enter_directory(void)
{
    cr_assert(mkdtemp(directory) != NULL);
    cr_assert_eq(chdir(directory), 0);
}

static void leave_directory(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(explosions, .init = enter_directory, .fini = leave_directory);

static int run(const char *words)
{
    char command[512];
    snprintf(command, sizeof command, "'%s' %s >out 2>err </dev/null", RUNNEL_PROGRAM, words);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static bool is_told(const char *part)
{
    static char text[1 << 14];
    FILE *file = fopen("out", "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return strstr(text, part) != NULL;
}

static const char diverging[] =
    "data: {train: {regression: {rows: 200}}}\n"
    "model: [dense: {units: 8}, dense: {units: 1}]\n"
    "training: {loss: mean_squared_error, optimizer: {sgd: {learning_rate: 1e6}}, epochs: 9,\n"
    "           batch_size: 50, inspect: true}\n";

/* The last state that was looked at is a healthy one. */
Test(explosions, a_run_that_ended_with_nan)
{
    write_text("run.yaml", diverging);
    cr_assert_eq(run("train run.yaml -o run"), 1);
    cr_assert_eq(run("inspect run"), 0);
    cr_expect(is_told("exploding: this is the last state that was looked at, after it the run "
                      "ended:"));
    cr_expect(is_told("step "));
    cr_expect_not(is_told("healthy"));
    cr_assert_eq(run("inspect run/inspect.csv"), 0);
    cr_expect(is_told("after it the run ended:"));
    cr_assert_eq(run("inspect run --epoch 0"), 0);
    cr_expect_not(is_told("after it the run ended:"));

    /* Another run in its place ends otherwise. */
    cr_assert_eq(run("train run.yaml -o run --force --set training.optimizer=adam"), 0);
    cr_assert_eq(run("inspect run"), 0);
    cr_expect_not(is_told("after it the run ended:"));
}

Test(explosions, weights_without_bounds)
{
    static const char header[] = "epoch,layer,mean,std,saturated,dead,gradient_norm,update_norm,"
                                 "weight_norm,gradient_to_weights,update_to_weights\n";
    char text[1024];
    snprintf(text, sizeof text, "%s%s", header,
             "1,dense_1,0,1,,0,0,0,5e+20,0,0\n1,dense_2,0,1,,,1,0,1,1,0\n");
    write_text("inspect.csv", text);
    cr_assert_eq(run("inspect inspect.csv"), 0);
    cr_expect(is_told("exploding: the weights of dense_1 have a norm of 5e+20"));
    cr_expect_not(is_told("vanishing"));
    cr_expect_not(is_told("healthy"));
}
