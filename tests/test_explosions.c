/*
 * What `runnel inspect` says of a run that ended with NaN, and of weights without bounds.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(explosions, .init = program_enter, .fini = scratch_leave);

static const char diverging[] =
    "data: {train: {regression: {rows: 200}}}\n"
    "model: [dense: {units: 8}, dense: {units: 1}]\n"
    "training: {loss: mean_squared_error, optimizer: {sgd: {learning_rate: 1e6}}, epochs: 9,\n"
    "           batch_size: 50, inspect: true}\n";

/* The last state that was looked at is a healthy one. */
Test(explosions, a_run_that_ended_with_nan)
{
    program_write("run.yaml", diverging);
    cr_assert_eq(program_run("train run.yaml -o run"), 1);
    cr_assert_eq(program_run("inspect run"), 0);
    program_expect("out", "exploding: this is the last state that was looked at, after it the run "
                          "ended:");
    program_expect("out", "step ");
    cr_expect_null(strstr(program_read("out"), "healthy"));
    cr_assert_eq(program_run("inspect run/inspect.csv"), 0);
    program_expect("out", "after it the run ended:");
    cr_assert_eq(program_run("inspect run --epoch 0"), 0);
    cr_expect_null(strstr(program_read("out"), "after it the run ended:"));

    /* Another run in its place ends otherwise. */
    cr_assert_eq(program_run("train run.yaml -o run --force --set training.optimizer=adam"), 0);
    cr_assert_eq(program_run("inspect run"), 0);
    cr_expect_null(strstr(program_read("out"), "after it the run ended:"));
}

Test(explosions, weights_without_bounds)
{
    static const char header[] = "epoch,layer,mean,std,saturated,dead,gradient_norm,update_norm,"
                                 "weight_norm,gradient_to_weights,update_to_weights\n";
    char text[1024];
    snprintf(text, sizeof text, "%s%s", header,
             "1,dense_1,0,1,,0,0,0,5e+20,0,0\n1,dense_2,0,1,,,1,0,1,1,0\n");
    program_write("inspect.csv", text);
    cr_assert_eq(program_run("inspect inspect.csv"), 0);
    program_expect("out", "exploding: the weights of dense_1 have a norm of 5e+20");
    cr_expect_null(strstr(program_read("out"), "vanishing"));
    cr_expect_null(strstr(program_read("out"), "healthy"));
}
