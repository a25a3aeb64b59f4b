/*
 * The example of a table as a user meets it: it learns, and all commands tell prices.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(houses, .init = program_enter, .fini = scratch_leave);

#define TABLE                                                                                      \
    "'" RUNNEL_EXAMPLES "/houses.yaml' --set 'data.train.csv.path=" RUNNEL_EXAMPLES                \
    "/houses.csv' --quiet"

/* The last line's number under a name of the first line. */
static double last_of(const char *path, const char *name)
{
    char *names = strdup(program_read(path)), *values = names;
    for (char *line = strchr(names, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
        values = line + 1;
    size_t column = 0;
    char *rest = NULL;
    for (char *cell = strtok_r(names, ",\n", &rest); cell && strcmp(cell, name) != 0;
         cell = strtok_r(NULL, ",\n", &rest))
        ++column;
    while (column-- > 0)
        values = strchr(values, ',') + 1;
    const double number = strtod(values, NULL);
    free(names);
    return number;
}

Test(houses, the_example_learns)
{
    cr_assert_eq(program_run("train " TABLE " --output run"), 0, "%s", program_read("err"));
    cr_expect_str_empty(program_read("err"));
    cr_expect_gt(last_of("run/history.csv", "val_r2_score"), 0.95);
    cr_expect_lt(last_of("run/history.csv", "loss"), 0.05);
    cr_expect(last_of("run/history.csv", "val_mae") > 1000);
    cr_assert_eq(
        program_run("evaluate run/model.safetensors --set 'data.test={csv: {path: " RUNNEL_EXAMPLES
                    "/houses.csv, target: price, missing: fill}}'"),
        0, "%s", program_read("err"));
    program_expect("out", "r2_score     0.9");
}

/* Towns are found, and nothing is tuned. */
Test(houses, the_preset_for_tables_learns)
{
    cr_assert_eq(program_run("train '" RUNNEL_EXAMPLES
                             "/houses_tabular.yaml' --set 'data.train.csv.path=" RUNNEL_EXAMPLES
                             "/houses.csv' --quiet --set training.epochs=64 --output run"),
                 0, "%s", program_read("err"));
    cr_expect_str_empty(program_read("err"));
    cr_expect_gt(last_of("run/history.csv", "val_r2_score"), 0.98);
}

Test(houses, prices_are_predicted)
{
    cr_assert_eq(program_run("train " TABLE " --output run"), 0, "%s", program_read("err"));
    cr_assert_eq(system("printf 'area,rooms,town\\n100,4,Kiel\\n200,8,Kiel\\n' >new.csv"), 0);
    cr_assert_eq(program_run("predict run/model.safetensors --data new.csv -o prices.csv"), 0, "%s",
                 program_read("err"));
    double first = 0, second = 0;
    cr_assert_eq(sscanf(program_read("prices.csv"), "price\n%lf\n%lf", &first, &second), 2);
    cr_expect_float_eq(first, 250000, 25000);
    cr_expect_float_eq(second, 460000, 50000);
    cr_assert_eq(program_run("predict run/model.safetensors --data new.csv -o prices.npy"), 0);
    double stored[2];
    FILE *file = fopen("prices.npy", "rb");
    cr_assert_eq(fseek(file, 128, SEEK_SET), 0);
    cr_assert_eq(fread(stored, sizeof *stored, 2, file), 2);
    fclose(file);
    cr_expect_float_eq(stored[0], first, 1e-6);
    cr_expect_float_eq(stored[1], second, 1e-6);
}

Test(houses, without_the_key_a_warning_names_it)
{
    cr_assert_eq(program_run("train " TABLE " --output run --set data.target_scaling=none"), 0);
    program_expect("err", "target 'price' has mean");
    program_expect("err", "see data.target_scaling: standardize");
}

Test(houses, negative_targets_under_relu_are_told)
{
    cr_assert_eq(program_run("train " TABLE " --output run --set model.1.dense.activation=relu"),
                 0);
    program_expect("err", "dense_2: activation relu gives numbers from 0 up");
    program_expect("err", "of the targets, standardized, lie elsewhere");
}

/* The same bytes on any number of workers, and for whom a kill stopped at any moment. */
#define STOPPING                                                                                   \
    TABLE " --set 'training.early_stopping={patience: 3, monitor: val_mae}' "                      \
          "--set training.checkpoint_every=9"

Test(houses, the_weights_depend_on_neither_workers_nor_kills)
{
    cr_assert_eq(program_run("train " STOPPING " --output whole --threads 1"), 0, "%s",
                 program_read("err"));
    cr_assert_eq(program_run("train " STOPPING " --output two --threads 2"), 0);
    cr_expect_eq(system("cmp whole/model.safetensors two/model.safetensors"), 0);
    int code = -1;
    for (int i = 0; i < 100 && code != 0; ++i) {
        char command[1024], until[64];
        snprintf(until, sizeof until, "timeout -s KILL 0.%03d", 20 + 8 * i);
        snprintf(command, sizeof command,
                 "%s '%s' train %s --output parts --resume --threads %d >out 2>err",
                 i < 99 ? until : "", RUNNEL_PROGRAM, STOPPING, 1 + i % 3);
        code = WEXITSTATUS(system(command));
    }
    cr_assert_eq(code, 0, "%s", program_read("err"));
    cr_expect_eq(system("cmp whole/model.safetensors parts/model.safetensors"), 0);
    cr_expect_eq(system("cut -d, -f1-8 whole/history.csv >a; cut -d, -f1-8 parts/history.csv >b; "
                        "cmp a b"),
                 0);
    cr_expect_eq(
        program_run("train " STOPPING " --output parts --resume --set data.target_scaling=none"),
        2);
    program_expect("err", "target_scaling");
}
