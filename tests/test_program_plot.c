/*
 * Learning curves, as text and as pictures.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(program_plot, .init = program_enter, .fini = program_leave);

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
    program_write("b.csv", "epoch,loss\n1,two\n");
    cr_expect_eq(program_run("plot b.csv"), 1);
    program_expect("err", "b.csv:2: not a line of history.csv");
    cr_expect_eq(program_run("plot"), 2);
    cr_expect_eq(system("PATH=/nowhere '" RUNNEL_PROGRAM "' plot a -o a.svg 2>err"), 1 << 8);
    program_expect("err", "gnuplot");
    cr_expect(!program_has("a.svg") && !program_has("a.svg.tmp"));
    if (system("command -v gnuplot >/dev/null") == 0) {
        cr_expect_eq(program_run("plot a -o \"it's | a.svg\""), 0);
        program_expect("it's | a.svg", "val_loss");
        program_write("one.csv", "epoch,loss\n1,3\n"); /* gnuplot warns of what has no extent */
        cr_expect_eq(program_run("plot one.csv -o one.svg"), 0);
        cr_expect_str_eq(program_read("err"), "");
    }
}
