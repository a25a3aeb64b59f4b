/*
 * How the program names what it compares, and what it says of arguments that it would not look at.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/runnel_words_XXXXXX";

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

TestSuite(program_words, .init = enter_directory, .fini = leave_directory);

static const char *read_text(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Through the shell; the streams are kept in the files out and err. */
__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
    char words[4096], command[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(command, sizeof command, "'%s' %s >out 2>err </dev/null", RUNNEL_PROGRAM, words);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_in(const char *path, const char *part)
{
    const char *text = read_text(path);
    cr_expect(strstr(text, part) != NULL, "'%s' is not in %s:\n%s", part, path, text);
}

#define SPIRALS "'" RUNNEL_EXAMPLES "/spirals.yaml'"
#define SHORT   " --set training.epochs=2 "
#define LAYER   "dense: {units: 16, activation: elu, kernel_initializer: he_normal}, "
#define LAST    "dense: {units: 3, activation: softmax}]"

/* Ten layers are over 600 characters. */
#define DEEP LAYER LAYER LAYER LAYER LAYER LAYER LAYER LAYER LAYER LAYER

Test(program_words, whole_models_are_compared_by_numbers)
{
    cr_assert_eq(run("compare " SPIRALS SHORT "-q -o c --vary 'model=[" LAYER LAST ",[" DEEP LAST
                     "' --vary training.batch_size=32,64"),
                 0, "%s", read_text("err"));
    cr_expect_str_eq(read_text("err"), access("c/compare.png", F_OK) == 0 ? "" : read_text("err"));
    expect_in("out", "model  batch_size  val_accuracy");
    expect_in("out", "\n#1             32");
    expect_in("out", "\n#2             64");
    expect_in("out", "\nmodel #1: [" LAYER LAST "\n");
    expect_in("out", "\nmodel #2: [" DEEP LAST "\n");
    expect_in("c/compare.csv", "\"[" DEEP LAST "\",\"64\"");
    if (access("c/compare.svg", F_OK) == 0)
        expect_in("c/compare.svg", "#2 [dense: {units: 16, acti..., 64");
}

Test(program_words, keys_that_end_alike_are_told_apart)
{
    cr_assert_eq(run("compare " SPIRALS SHORT "-q -o c --vary model.0.dense.units=8,16 "
                     "--vary model.1.dense.units=4 --vary training.batch_size=64"),
                 0, "%s", read_text("err"));
    expect_in("out", "0.dense.units  1.dense.units  batch_size  val_accuracy");
}

Test(program_words, figures_go_by_other_names)
{
    cr_assert_eq(run("compare " SPIRALS SHORT "-q -o c --vary training.optimizer=Adam,SGD "
                     "--metric val_acc --target val_acc=0.2"),
                 0, "%s", read_text("err"));
    expect_in("out", "val_accuracy");
    cr_expect_eq(run("plot c/00-optimizer_Adam/run --columns acc,val_acc"), 0);
    expect_in("out", "val_accuracy");
    cr_expect_eq(run("plot c/00-optimizer_Adam/run --columns r2"), 1);
    expect_in("err", "no run has a column 'r2_score'");
}

Test(program_words, benchmarks_refuse_what_they_would_not_look_at)
{
    static const struct {
        const char *words, *message;
        int code;
    } cases[] = {
        {"bench machine " SPIRALS, "machine takes no CONFIG, got '", 2},
        {"bench optimizers missing.yaml", "optimizers takes no CONFIG, got 'missing.yaml'", 2},
        {"bench train --set training.epochs=1", "--set changes a CONFIG, and there is none", 2},
        {"bench latency --set training.epochs=1", "--set changes a CONFIG, and there is none", 2},
        {"bench machine --layers", "--layers is of train alone", 2},
        {"bench latency missing.yaml", "missing.yaml: ", 2},
        {"bench train missing.yaml", "missing.yaml: ", 2},
        {"bench latency " SPIRALS " --set data.train.spirals.rows=400 --quick --threads 1",
         "latency of 512 rows: expected as many, got 360", 1},
        {"topology --set training.epochs=1", "--set changes a --model, and there is none", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cr_expect_eq(run("%s", cases[i].words), cases[i].code, "%s", cases[i].words);
        expect_in("err", cases[i].message);
    }
}

Test(program_words, latency_is_that_of_the_configuration)
{
    cr_assert_eq(run("bench latency " SPIRALS " --quick --threads 1 --set name=mine "
                     "--set training.early_stopping.patience=3"),
                 0, "%s", read_text("err"));
    expect_in("out", "latency/mine/batch:1/threads:1");
    expect_in("out", "latency/mine/train/batch:512/threads:1");
}
