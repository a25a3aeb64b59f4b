/*
 * Learning curves, as text and as pictures.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(program_plot, .init = program_enter, .fini = scratch_leave);

static bool has_gnuplot(void)
{
    return system("command -v gnuplot >/dev/null") == 0;
}

/* The highest point is on the topmost row, the lowest and last on the lowest; what is left of a
 * line that a kill cut off is not taken. */
Test(program_plot, plots_learning_curves)
{
    cr_assert_eq(mkdir("a", 0777), 0);
    program_write("a/history.csv", "epoch,loss,val_loss,samples_per_second\n1,8,4,99\n2,4,nan,99\n"
                                   "3,2,2,99\n4,1");
    cr_expect_eq(program_run("plot a"), 0);
    const char *drawn = program_read("out");
    cr_expect_eq(strncmp(drawn, "loss\n        8 |*", 17), 0, "%s", drawn);
    program_expect("out", "        2 |");
    program_expect("out", "o val_loss");
    cr_expect_null(strstr(drawn, "samples_per_second"));
    program_write("b.csv", "epoch,step,loss\n0.5,10,8\n1,20,4\n");
    cr_expect_eq(program_run("plot b.csv"), 0);
    cr_expect_null(strstr(program_read("out"), "step"));
    cr_expect_eq(program_run("plot a a/history.csv --columns val_loss"), 0);
    program_expect("out", "o a/history.csv, val_loss");
    cr_expect_eq(program_run("plot a --columns lss"), 1);
    program_expect("err", "no run has a column 'lss'");
    cr_expect_eq(program_run("plot a -o a.pdf"), 2);
    program_expect("err", "expected a name that ends in .png or .svg");
    cr_expect_eq(program_run("plot missing"), 1);
    program_expect("err", "missing/history.csv");
    cr_expect_eq(program_run("plot a --trace"), 1);
    program_expect("err",
                   "a/trace.csv: No such file or directory; `training.trace: {every: 1}` makes");
    program_write("b.csv", "epoch,loss\n1,two\n");
    cr_expect_eq(program_run("plot b.csv"), 1);
    program_expect("err", "b.csv:2: not a line of history.csv");
    cr_expect_eq(program_run("plot"), 2);
    cr_expect_eq(system("PATH=/nowhere '" RUNNEL_PROGRAM "' plot a -o a.svg 2>err"), 1 << 8);
    program_expect("err", "gnuplot");
    cr_expect(!program_has("a.svg") && !program_has("a.svg.tmp"));
    if (has_gnuplot()) {
        cr_expect_eq(program_run("plot a -o \"it's | a.svg\""), 0);
        program_expect("it's | a.svg", "val_loss");
        program_write("one.csv", "epoch,loss\n1,3\n"); /* gnuplot warns of what has no extent */
        cr_expect_eq(program_run("plot one.csv -o one.svg"), 0);
        cr_expect_str_eq(program_read("err"), "");
    }
}

Test(program_plot, names_runs_and_cuts_what_diverges)
{
    program_write("low.csv", "epoch,loss\n1,2\n2,1.8\n");
    program_write("good.csv", "epoch,loss\n1,1\n2,0.5\n");
    program_write("high.csv", "epoch,loss\n1,8\n2,1e9\n");
    cr_expect_eq(program_run("plot low.csv good.csv high.csv --titles 'too low,good,too high'"), 0);
    program_expect("out", "o good, loss");
    program_expect("err", "loss: drawn up to 2.15; 2 points lie beyond, as far as 1e+09");
    cr_expect_eq(program_run("plot low.csv good.csv high.csv --ymax 50"), 0);
    program_expect("out", "50 |");
    cr_expect_eq(program_run("plot good.csv high.csv --log --ymax 1e10"), 0);
    program_expect("out", "1e+09 |");
    cr_expect_eq(program_run("plot low.csv --titles a,b"), 2);
    program_expect("err", "--titles expects 1 name, one for each run");
    cr_expect_eq(program_run("plot low.csv --ymax much"), 2);
    program_expect("err", "--ymax expects a number other than 0, got 'much'");
    if (has_gnuplot()) {
        cr_expect_eq(
            program_run("plot low.csv good.csv high.csv --log --titles a,b,c -o rates.svg"), 0);
        program_expect("rates.svg", ">a, loss<");
    }
}

/* As a configuration names them: a comma within brackets separates none. */
Test(program_plot, draws_activations)
{
    cr_expect_eq(program_run("plot --activation 'sigmoid, leaky_relu: 0.2,max(0.1*z, z)'"), 0);
    program_expect("out", "f'(z)");
    program_expect("out", "* sigmoid");
    program_expect("out", "o leaky_relu: 0.2");
    program_expect("out", "+ max(0.1*z, z)");
    cr_expect_eq(program_run("plot --activation sigmoid,elux -o x.svg"), 2);
    program_expect("err", "unknown activation 'elux'; did you mean 'elu'?");
    cr_expect_eq(program_run("plot --activation 'max(0.1*zz, z)' -o x.svg"), 2);
    program_expect("err", "unknown name 'zz'");
    program_expect("err", "at character 9");
    cr_expect_eq(program_run("plot --activation elu a"), 2);
    program_expect("err", "--activation draws no runs");
    cr_expect(!program_has("x.svg"));
    if (has_gnuplot()) {
        cr_expect_eq(program_run("plot --activation sigmoid,elu -o activations.svg"), 0);
        program_expect("activations.svg", ">elu<");
    }
}
