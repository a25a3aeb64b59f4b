/*
 * The momentum of each epoch in history.csv, and histories of programs that knew of none.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(momentum_column, .init = program_enter, .fini = scratch_leave);

#define OPTIMIZER SPIRALS " -q --set training.optimizer="

/* The cell of a column in the line of an epoch. */
static const char *cell_of(const char *path, const char *column, int epoch)
{
    static char command[256];
    snprintf(command, sizeof command,
             "awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == \"%s\") c = i } $1 == %d { "
             "print \"<\" $c \">\" }' %s >cell",
             column, epoch, path);
    cr_assert_eq(system(command), 0);
    return program_read("cell");
}

static double number_of(const char *path, const char *column, int epoch)
{
    return strtod(cell_of(path, column, epoch) + 1, NULL);
}

/* Smith's cycle over 11 epochs: down for 4.5, up for 4.5, high for the last one. */
static double expected_momentum(int t)
{
    return t <= 4 ? 0.95 - 0.1 * t / 4.5 : t <= 9 ? 0.85 + 0.1 * (t - 4.5) / 4.5 : 0.95;
}

static void check_cycle(const char *optimizer)
{
    cr_assert_eq(program_run("train " OPTIMIZER "%s --set training.epochs=11 -f -o cycle --set "
                             "'training.schedule={one_cycle: {max_rate: 0.01, per: epoch}}'",
                             optimizer),
                 0, "%s", program_read("err"));
    for (int t = 0; t < 11; ++t) {
        const double found = number_of("cycle/history.csv", "momentum", t + 1);
        cr_expect_float_eq(found, expected_momentum(t), 1e-8, "%s, %d: %g", optimizer, t, found);
    }
}

Test(momentum_column, follows_the_cycle)
{
    check_cycle("momentum");
    check_cycle("adam");
    cr_expect_eq(program_run("plot cycle"), 0);
    program_expect("out", "\nmomentum\n");
}

static void expect_level(const char *optimizer, const char *cell)
{
    cr_assert_eq(
        program_run("train " OPTIMIZER "'%s' --set training.epochs=2 -f -o level", optimizer), 0);
    cr_expect_str_eq(cell_of("level/history.csv", "momentum", 2), cell, "%s: %s", optimizer,
                     program_read("cell"));
}

Test(momentum_column, is_empty_without_momentum)
{
    expect_level("sgd", "<>\n");
    expect_level("adagrad", "<>\n");
    expect_level("rmsprop", "<>\n");
    expect_level("{rmsprop: {momentum: 0.5}}", "<0.5>\n");
    expect_level("nesterov", "<0.9>\n");
    expect_level("nadam", "<0.9>\n");
    cr_expect_eq(program_run("plot level"), 0);
    cr_expect_null(strstr(program_read("out"), "momentum"), "it does not change");
    cr_expect_eq(program_run("plot level --columns momentum"), 0);
}

/* Readers take an empty cell, and files without the column. */
Test(momentum_column, is_read_or_missing)
{
    cr_assert_eq(program_run("train " OPTIMIZER "sgd --set training.epochs=2 -o new"), 0);
    cr_assert_eq(program_run("train " OPTIMIZER "sgd --set training.epochs=2 -o old"), 0);
    cr_assert_eq(system("cut -d, -f1-6,8 new/history.csv >old/history.csv"), 0);
    cr_expect_eq(program_run("plot new old"), 0);
    cr_expect_str_eq(program_read("err"), "");
    if (system("command -v gnuplot >/dev/null") == 0) {
        cr_expect_eq(program_run("report new old -o page.html"), 0);
        cr_expect_null(strstr(program_read("page.html"), "nan"));
    }
    program_write("bad.csv", "epoch,loss\n1,\n2,2,\n");
    cr_expect_eq(program_run("plot bad.csv"), 1);
    program_expect("err", "bad.csv:3: not a line of history.csv");
}

/* Lines keep the columns of the header that stands above them. */
Test(momentum_column, does_not_enter_an_older_history)
{
    cr_assert_eq(program_run("train " OPTIMIZER "momentum --set training.epochs=2 -o r"), 0);
    cr_assert_eq(system("cut -d, -f1-6,8 r/history.csv >older && mv older r/history.csv"), 0);
    cr_assert_eq(program_run("train " OPTIMIZER "momentum --set training.epochs=3 -o r --resume"),
                 0);
    cr_expect_eq(system("awk -F, 'NF != 7 { exit 1 }' r/history.csv"), 0);
    cr_expect_eq(system("test $(wc -l <r/history.csv) = 4"), 0);
    cr_expect_eq(program_run("plot r"), 0);
}
