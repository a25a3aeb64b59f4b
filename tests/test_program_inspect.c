/*
 * What a run tells of its layers, and what the program sees in it.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(program_inspect, .init = program_enter, .fini = scratch_leave);

static const char inspected[] = "epoch,layer,mean,std,saturated,dead,gradient_norm,update_norm,"
                                "weight_norm,gradient_to_weights,update_to_weights,"
                                "zero_weights\n";

/* Without the share of zeros, which earlier programs did not write. */
static const char older[] = "epoch,layer,mean,std,saturated,dead,gradient_norm,update_norm,"
                            "weight_norm,gradient_to_weights,update_to_weights\n";

static size_t lines_of(const char *path)
{
    size_t lines = 0;
    for (const char *c = program_read(path); *c; ++c)
        lines += *c == '\n';
    return lines;
}

/* Epoch 0 and each of the others, on three layers. */
Test(program_inspect, looks_inside)
{
    static const char options[] = SPIRALS " --output r --set training.inspect=true";
    cr_assert_eq(program_run("train %s --set training.epochs=2", options), 0);
    program_expect("out", "inspection: r/inspect.csv\n");
    cr_expect_eq(strncmp(program_read("r/inspect.csv"), inspected, sizeof inspected - 1), 0);
    program_expect("r/inspect.csv", "\n0,dense_1,");
    cr_expect_eq(lines_of("r/inspect.csv"), 1 + 3 * 3);
    cr_expect_eq(program_run("inspect r"), 0);
    program_expect("out", "r/inspect.csv, after epoch 2\n");
    program_expect("out", "\ndense_1 ");
    const char *last = strstr(program_read("out"), "\ndense_3 ");
    cr_expect(last && !strstr(last, "\ndense_1 "), "one epoch alone");
    cr_expect_str_eq(program_read("err"), "");
    cr_expect_eq(program_run("inspect r/inspect.csv --epoch 0"), 0);
    program_expect("out", "before the first step");
    cr_expect_eq(program_run("inspect r --epoch 3"), 1);
    program_expect("err", "has no epoch 3");
    cr_expect_eq(program_run("inspect elsewhere"), 1);
    program_expect("err", "training.inspect: true");
    cr_expect_eq(program_run("inspect r --epoch two"), 2);

    /* A line of epoch 12 that a killed run has not finished is none of epoch 1. */
    cr_assert_eq(system("printf 1 >> r/inspect.csv"), 0);
    cr_assert_eq(program_run("train %s --resume --set training.epochs=3", options), 0);
    cr_expect_eq(lines_of("r/inspect.csv"), 1 + 4 * 3);
    cr_expect_eq(program_run("inspect r --epoch 3"), 0);
    program_expect("out", "\ndense_1 ");
    cr_assert_eq(program_run("train " SPIRALS " --output plain --set training.epochs=3"), 0);
    cr_expect_not(program_has("plain/inspect.csv"));
    /* 2,371 parameters of four bytes. */
    cr_expect_eq(system("tail -c 9484 r/model.safetensors >a;"
                        "tail -c 9484 plain/model.safetensors | cmp - a"),
                 0);

    /* It may be asked for later on, and goes with its run. */
    cr_assert_eq(program_run("train " SPIRALS " --output plain --resume --set training.epochs=4 "
                             "--set training.inspect=true"),
                 0);
    cr_expect_eq(lines_of("plain/inspect.csv"), 1 + 3);
    cr_assert_eq(program_run("train " SPIRALS " --output plain --force --set training.epochs=1"),
                 0);
    cr_expect_not(program_has("plain/inspect.csv"));
}

static void expect_finding(const char *lines, const char *expected, const char *other)
{
    FILE *file = fopen("inspect.csv", "w");
    fprintf(file, "%s%s", older, lines);
    fclose(file);
    cr_expect_eq(program_run("inspect ."), 0);
    program_expect("out", expected);
    cr_expect_eq(strstr(program_read("out"), other), NULL, "%s", program_read("out"));
}

/* Just within the limits and just beyond; the last layer with a kernel is not hidden. */
Test(program_inspect, says_what_it_sees_inside)
{
    expect_finding("1,a,0,1,0.25,,1.1e-3,1,10,1,0.1\n1,b,0,1,,0.25,,,,,\n1,c,0,1,,,1,0,2,0.5,0\n"
                   "1,d,0,1,0.9,0.9,5e-9,0,0,,\n",
                   "healthy", "try");
    expect_finding("1,a,0,1,,,9e-4,0,1,1,0\n1,b,0,1,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "vanishing gradients: that of a, the first hidden layer, is 0.0009 of that of b",
                   "healthy");
    expect_finding("1,a,0,1,,,0,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "vanishing gradients: that of a is 0", "healthy");
    expect_finding("1,a,0,1,,,2000,0,1,1,0\n1,b,0,1,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "exploding gradients: that of a, the first hidden layer, is 2e+03 times",
                   "vanish");
    expect_finding("1,a,0,1,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0.11\n",
                   "exploding updates: the next step would move c by 0.11 of its weights (over "
                   "0.1; 1 layer)",
                   "healthy");
    expect_finding("1,a,0,1,,,1,inf,1,1,inf\n1,c,0,1,,,9,0,1,1,0.1\n",
                   "exploding: a number of a is NaN or infinite", "healthy");
    expect_finding("1,a,0,1,,0.26,1,0,1,1,0\n1,b,0,1,,0.5,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
                   "dying units: 50.0 % of b are 0 for every row (over 25 %; 2 layers)",
                   "mini-batch");
    expect_finding("0,a,0,1,,0.26,1,0,1,1,0\n0,c,0,1,,,9,0,1,1,0\n",
                   "dying units: 26.0 % of a are 0 for every row", "mini-batch");
    expect_finding("1,a,0,1,0.26,,1,0,1,1,0\n1,c,0,1,0.9,,9,0,1,1,0\n",
                   "saturation: 26.0 % of the outputs of a", "healthy");
    expect_finding("1,a,0,2,,,1,0,1,1,0\n1,b,0,0.0021,,,1,0,1,1,0\n1,c,0,1e-5,,,9,0,1,1,0\n",
                   "healthy", "fading");
    expect_finding(
        "1,a,0,2,,,1,0,1,1,0\n1,b,0,0.0019,,,1,0,1,1,0\n1,c,0,1,,,9,0,1,1,0\n",
        "fading outputs: the standard deviation of those of b, the last hidden layer, is\n"
        "  0.00095 of that of a",
        "healthy");
    expect_finding("1,a,0,2,,,1,0,1,1,0\n1,b,0,1,,,1,0,1,1,0\n1,b2,0,0,,,1,0,1,1,0\n"
                   "1,c,0,1,,,9,0,1,1,0\n",
                   "those of b2, the last hidden layer, is\n  0 of that of a", "healthy");
    static const char *const damaged[] = {"1,a,0,1\n", "1,a,0,1,,,x,0,1,1,0\n",
                                          "x,a,0,1,,,1,0,1,1,0\n", "1,a,0,1,,,1,0,1,1,0,\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; ++i) {
        char text[256];
        snprintf(text, sizeof text, "%s%s", older, damaged[i]);
        program_write("inspect.csv", text);
        cr_expect_eq(program_run("inspect ."), 1, "%s", damaged[i]);
        program_expect("err", "inspect.csv:2: not a line of inspect.csv");
    }
    program_write("inspect.csv", "epoch,loss\n1,2\n");
    cr_expect_eq(program_run("inspect ."), 1);
    program_write("inspect.csv", inspected);
    cr_expect_eq(program_run("inspect ."), 1);
    program_expect("err", "has no epoch yet");
}

/* A run that goes on keeps the columns of its file. */
Test(program_inspect, reads_files_without_the_share_of_zeros)
{
    static const char options[] = SPIRALS " -o r -q --set training.inspect=true";
    cr_assert_eq(program_run("train %s --set training.epochs=2", options), 0);
    cr_assert_eq(system("cut -d, -f1-11 r/inspect.csv >older && mv older r/inspect.csv"), 0);
    cr_expect_eq(program_run("inspect r"), 0);
    cr_assert_eq(program_run("train %s --set training.epochs=3 --resume", options), 0);
    cr_expect_eq(system("awk -F, 'NF != 11 { exit 1 }' r/inspect.csv"), 0);
    cr_expect_eq(lines_of("r/inspect.csv"), 1 + 4 * 3);
    cr_expect_eq(program_run("inspect r"), 0);
    program_expect("out", "after epoch 3");
    program_write("bad.csv", "epoch,layer,mean\n1,dense_1,0.5\n");
    cr_expect_eq(program_run("inspect bad.csv"), 1);
    program_expect("err", "bad.csv:2: not a line of inspect.csv");
}
