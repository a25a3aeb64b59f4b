/*
 * The search for a learning rate.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(program_find_lr, .init = program_enter, .fini = scratch_leave);

#define ZERO(layer) "--set model." layer ".dense.kernel_initializer=zeros "
#define ZEROS       ZERO("0") ZERO("1") ZERO("2")

/* Without gnuplot there are points, and a word about the plots. */
Test(program_find_lr, finds_a_learning_rate)
{
    cr_expect_eq(program_run("find-lr " SPIRALS " --steps 60 --set training.batch_size=50"), 0);
    program_expect("out", "learning rate: ");
    program_expect("out", "* smoothed loss");
    const char *points = program_read("runs/spirals-find-lr/find_lr.csv");
    cr_expect_eq(strncmp(points, "learning_rate,loss,smoothed_loss\n1e-05,", 39), 0, "%s", points);
    const bool can_draw = system("command -v gnuplot >/dev/null") == 0;
    cr_expect_eq(program_has("runs/spirals-find-lr/find_lr.png"), can_draw);
    if (can_draw)
        program_expect("runs/spirals-find-lr/find_lr.svg", "suggested");
    cr_expect_null(strstr(program_read("err"), "not drawn"), "%s", program_read("err"));
    cr_expect_eq(program_run("find-lr " SPIRALS " --from 1e5 --to 1e6 --steps 20 -o none"), 1);
    program_expect("err", "begin lower (--from)");
    cr_expect_eq(program_run("find-lr " SPIRALS
                             " --to 1e-3 --steps 60 -o low --set training.optimizer=adam"),
                 0);
    program_expect("err", "the range ended at 0.001 before the loss began to climb");
    cr_expect_eq(program_run("find-lr " SPIRALS " --steps 60 -o still " ZEROS), 1);
    program_expect("err", "no rate is suggested: the net does not learn");
    cr_expect_eq(program_run("compare " SPIRALS
                             " --tune-rate -o still --vary training.optimizer=sgd,adam " ZEROS),
                 1);
    program_expect("err",
                   "no rate for the combination 'sgd': in the range test the net does not learn");
    cr_expect_eq(program_run("find-lr " SPIRALS " --from 2 --to 1 -o bad"), 2);
    cr_expect_eq(program_run("find-lr " SPIRALS " --steps 1 -o bad"), 2);
    cr_expect(!program_has("bad"));
}
