/*
 * The parameters of a small model over the steps: their values, what is left of them when a run
 * goes on, and how they are drawn.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(trace, .init = program_enter, .fini = scratch_leave);

/* The loss is (w + b - 2)^2; one step for each epoch. */
static void write_config(void)
{
    program_write("t.csv", "x,y\n1,2\n1,2\n");
    program_write("line.yaml", "data: {train: {csv: {path: t.csv, target: y}}}\n"
                               "model: [dense: {units: 1, kernel_initializer: zeros}]\n"
                               "training: {loss: mean_squared_error, epochs: 12,\n"
                               "  optimizer: {sgd: {learning_rate: 0.1}}, trace: {every: 3}}\n");
}

/* Both move by the same: w = b = 1 - (1 - 4 rate)^steps. */
Test(trace, holds_every_nth_step)
{
    write_config();
    cr_assert_eq(program_run("train line.yaml -o r"), 0);
    program_expect("out", "trace: r/trace.csv\n");
    FILE *file = fopen("r/trace.csv", "r");
    char line[200];
    cr_assert(file && fgets(line, sizeof line, file));
    cr_expect_str_eq(line, "epoch,step,dense_1.kernel.0.0,dense_1.bias.0\n");
    for (int k = 0; k <= 12; k += 3) {
        double epoch, step, w, b;
        cr_assert(fgets(line, sizeof line, file));
        cr_assert_eq(sscanf(line, "%lf,%lf,%lf,%lf", &epoch, &step, &w, &b), 4, "%s", line);
        cr_expect(epoch == k && step == k, "%s", line);
        cr_expect_float_eq(w, 1 - pow(1 - 0.4, k), 1e-6, "%s", line);
        cr_expect_float_eq(b, w, 1e-6, "%s", line);
    }
    cr_expect_null(fgets(line, sizeof line, file));
    fclose(file);
}

/* Tables that no run wrote: without steps, of names without numbers, of tensors in turn. */
Test(trace, is_drawn_as_far_as_it_is_one)
{
    char text[4000] = "epoch,step", *end = text + strlen(text);
    program_write("h.csv", "epoch,loss,accuracy\n1,8,0.5\n2,4,0.6\n");
    cr_expect_eq(program_run("plot --trace h.csv"), 1);
    program_expect("err", "h.csv: expected a trace.csv, got a table without a column 'step'");
    program_write("h.csv", "epoch,step,loss,accuracy\n1,10,8,0.5\n2,20,4,0.6\n");
    cr_expect_eq(program_run("plot --trace h.csv"), 0);
    program_expect("out", "* loss\n");
    program_expect("out", "* accuracy\n");
    for (int i = 0; i < 12; ++i)
        end += sprintf(end, ",a.kernel.%d.0,b.kernel.%d.0", i, i);
    end += sprintf(end, "\n0,0");
    for (int i = 0; i < 24; ++i)
        end += sprintf(end, ",%d", i);
    strcpy(end, "\n");
    program_write("t.csv", text);
    cr_expect_eq(program_run("plot --trace t.csv h.csv"), 0);
    program_expect("err", "t.csv: 4 numbers not drawn, 10 at most of a tensor, of 32 tensors");
    program_expect("out", "~ t.csv, 9.0\n");
    program_expect("out", "* h.csv, loss\n");
    end = text + sprintf(text, "epoch,step");
    for (int i = 0; i < 33; ++i)
        end += sprintf(end, ",l_%d.bias.0", i);
    end += sprintf(end, "\n0,0");
    for (int i = 0; i < 33; ++i)
        end += sprintf(end, ",1");
    strcpy(end, "\n");
    program_write("t.csv", text);
    cr_expect_eq(program_run("plot --trace t.csv"), 0);
    program_expect("err", "t.csv: 1 number not drawn");
    program_expect("out", "l_31.bias\n");
}

/* What a killed run wrote behind its checkpoint, and half a line, go. */
Test(trace, of_a_run_that_goes_on_is_that_of_a_whole_one)
{
    write_config();
    cr_assert_eq(program_run("train line.yaml -o whole"), 0);
    cr_assert_eq(program_run("train line.yaml -o parts --set training.epochs=7"), 0);
    cr_assert_eq(system("printf '9,9,5,5\n12,1' >>parts/trace.csv"), 0);
    cr_assert_eq(program_run("train line.yaml -o parts --resume"), 0, "%s", program_read("err"));
    cr_expect_null(strstr(program_read("err"), "warning"));
    cr_expect_eq(system("cmp whole/trace.csv parts/trace.csv"), 0);
    cr_expect_eq(system("cmp whole/model.safetensors parts/model.safetensors"), 0);
    cr_assert_eq(program_run("train line.yaml -o parts -f --set training.trace.every=0"), 0);
    cr_expect_not(program_has("parts/trace.csv"), "an earlier run's");
}

Test(trace, changes_no_weight)
{
    write_config();
    cr_assert_eq(program_run("train line.yaml -o a"), 0);
    cr_assert_eq(program_run("train line.yaml -o b --set training.trace.every=0"), 0);
    cr_expect_eq(system("tail -c 8 a/model.safetensors >a8; tail -c 8 b/model.safetensors | "
                        "cmp - a8"),
                 0);
}

Test(trace, is_of_small_models)
{
    cr_expect_eq(program_run("train " SPIRALS " -o r --set training.trace.every=1"), 2);
    program_expect("err", "training.trace: expected a model of at most 1000 parameters, because "
                          "each line holds them all, got 2371");
    cr_expect_not(program_has("r"));
}

Test(trace, is_drawn)
{
    write_config();
    cr_assert_eq(program_run("train line.yaml -o r"), 0);
    cr_expect_eq(program_run("plot --trace r"), 0);
    program_expect("out", "dense_1.kernel\n");
    program_expect("out", "dense_1.bias\n");
    cr_expect_eq(program_run("plot --trace r --columns dense_1.bias.0"), 0);
    cr_expect_null(strstr(program_read("out"), "kernel"));
    cr_expect_eq(program_run("plot --trace r --columns dense_9.bias.0"), 1);
    cr_expect_eq(program_run("plot --trace r r --titles one,two --path "
                             "dense_1.kernel.0.0,dense_1.bias.0"),
                 0);
    program_expect("out", "o two");
    cr_expect_eq(program_run("plot --trace r --path dense_1.kernel.0.0"), 1);
    program_expect("err", "--path: expected two parameters");
    cr_expect_eq(program_run("plot --trace r --path dense_1.kernel.0.0,dense_1.bias.9"), 1);
    program_expect("err", "trace.csv has no column 'dense_1.bias.9'");
    cr_expect_eq(program_run("plot r --path a,b"), 2);
    cr_expect_eq(program_run("plot --trace elsewhere"), 1);
    program_expect("err", "elsewhere/trace.csv");
}

/* The contours take hundreds of evaluations. */
Test(trace, has_contours_in_a_picture)
{
    write_config();
    if (system("command -v gnuplot >/dev/null") != 0)
        return;
    cr_assert_eq(program_run("train line.yaml -o r"), 0);
    cr_expect_eq(program_run("plot --trace r --path dense_1.kernel.0.0,dense_1.bias.0 -o path.svg"),
                 0, "%s", program_read("err"));
    program_expect("path.svg", "rgb(187");
    cr_expect_eq(program_run("plot --trace r/trace.csv --path "
                             "dense_1.kernel.0.0,dense_1.bias.0 -o beside.svg"),
                 0, "%s", program_read("err"));
    program_expect("beside.svg", "rgb(187");
}
