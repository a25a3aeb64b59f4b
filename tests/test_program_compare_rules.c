/*
 * The rules of a comparison: targets and misses, rates, budgets, ranges, names, paired differences.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(program_compare_rules, .init = program_enter, .fini = scratch_leave);

#define SHORT SPIRALS " --set training.epochs=2 --set training.batch_size=100 --quiet -o c "

static void write_history(int seed, const char *val_losses)
{
    char path[64], text[512] = "epoch,val_loss,samples_per_second\n";
    double loss;
    int used = 0;
    snprintf(path, sizeof path, "c/00-batch_size_100/seed%d/history.csv", seed);
    for (int epoch = 1; sscanf(val_losses, "%lf%n", &loss, &used) == 1; ++epoch) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%g,2700\n", epoch, loss);
        val_losses += used;
    }
    program_write(path, text);
}

/* An epoch's 2,700 rows take a second. */
Test(program_compare_rules, a_miss_counts_as_infinite)
{
    const char *words = "compare " SHORT "--vary training.batch_size=100 --repeats 3 "
                        "--metric val_loss --target val_loss=0.5";
    cr_expect_eq(program_run("%s", words), 0);
    write_history(1, "1 0.9 0.8 0.4");
    write_history(2, "0.4 0.3 0.2 0.1");
    write_history(3, "1 1 1 1");
    cr_expect_eq(program_run("%s", words), 0);
    program_expect("c/compare.json", "\"reached\": 2");
    program_expect("c/compare.json", "\"epochs_to_target\": 4, \"seconds_to_target\": 4}");
    program_expect("out", "4.0 (2 of 3)");
    write_history(1, "1 1 1 1");
    cr_expect_eq(program_run("%s", words), 0);
    program_expect("c/compare.json", "\"epochs_to_target\": null, \"seconds_to_target\": null}");
    program_expect("out", "never (1 of 3)");
    program_expect("out", "the target is given");
}

/* A loss of counts may be negative: the target lies above the best. */
Test(program_compare_rules, a_target_near_a_negative_best)
{
    program_write("t.csv", "x,y\n1,20\n2,30\n1,20\n2,30\n1,20\n2,30\n");
    program_write("t.yaml",
                  "data: {train: {csv: {path: t.csv, target: y}}, validation_split: 0.5}\n"
                  "model: [dense: {units: 1, activation: exponential}]\n"
                  "training: {loss: poisson, optimizer: {sgd: {learning_rate: 0.01}},\n"
                  "  batch_size: 3, epochs: 20}\n");
    cr_expect_eq(program_run("compare t.yaml --vary training.batch_size=3 --quiet -o c"), 0);
    program_expect("out", "epochs and time to val_loss -");
    program_expect("c/compare.json", "\"reached\": 1");
}

/* A column of compare.csv: that of the metric is the sixth with one variation. */
static size_t read_metric(double values[], size_t most)
{
    size_t count = 0;
    char *line, *rest, *text = strdup(program_read("c/compare.csv"));
    strtok_r(text, "\n", &rest);
    while ((line = strtok_r(NULL, "\n", &rest)) && count < most) {
        for (int comma = 0; comma < 5; ++comma)
            line = strchr(line, ',') + 1;
        values[count++] = strtod(line, NULL);
    }
    free(text);
    return count;
}

static double read_number(const char *behind, const char *name)
{
    const char *at = strstr(strstr(program_read("c/compare.json"), behind), name);
    return at ? strtod(at + strlen(name) + 3, NULL) : NAN;
}

/* The quantile 0.975 of two degrees of freedom in closed form: t = (2 p - 1) sqrt(2 / (4 p (1 -
 * p))) with p = 0.975. */
Test(program_compare_rules, differences_are_paired)
{
    cr_expect_eq(program_run("compare " SHORT "--vary training.optimizer=sgd,adam --repeats 3 "
                             "--metric val_loss"),
                 0);
    double losses[6], differences[3], mean = 0, squares = 0;
    cr_assert_eq(read_metric(losses, 6), 6);
    for (int i = 0; i < 3; ++i)
        mean += (differences[i] = losses[3 + i] - losses[i]) / 3;
    for (int i = 0; i < 3; ++i)
        squares += (differences[i] - mean) * (differences[i] - mean);
    const double t = 0.95 * sqrt(2 / (4 * 0.975 * 0.025)), reach = t * sqrt(squares / 2 / 3);
    const char *adam = "\"training.optimizer\": \"adam\"";
    cr_expect_float_eq(read_number(adam, "to_first"), mean, 1e-6);
    cr_expect_float_eq(read_number(adam, "to_first_low"), mean - reach, 1e-3 * reach);
    cr_expect_float_eq(read_number(adam, "to_first_high"), mean + reach, 1e-3 * reach);
    program_expect("out", "to the first");
}

Test(program_compare_rules, rates_lie_around_the_suggested_one)
{
    cr_expect_eq(program_run("compare " SHORT "--vary training.optimizer=adam --rates 3 "
                             "--target val_accuracy=0.1"),
                 0);
    const char *adam = "\"training.optimizer\": \"adam\"";
    const double suggested = read_number(adam, "suggested_rate");
    cr_expect_float_eq(read_number(adam, "learning_rate"), suggested / 10, 0.01 * suggested);
    size_t chosen = 0;
    for (const char *at = program_read("c/compare.json"); (at = strstr(at, "\"chosen\": true"));
         ++at)
        ++chosen;
    cr_expect_eq(chosen, 1);
    program_expect("out", "learning rate: the best of 3, by the time to the target");
    char directory[64];
    snprintf(directory, sizeof directory, "c/02-optimizer_adam-rate_%.3g/run/config.yaml",
             10 * suggested);
    cr_expect(program_has(directory), "%s", directory);
    program_expect("c/compare.json", "\"range_tests\": 1");
}

Test(program_compare_rules, ranges_are_drawn_from)
{
    const char *words = "compare " SHORT "--set training.optimizer=adam --trials 3 "
                        "--vary training.optimizer.adam.learning_rate=log:1e-3:1e-1 "
                        "--vary training.batch_size=int:90:92 --vary training.shuffle=true,false";
    cr_expect_eq(program_run("%s", words), 0);
    char first[8192];
    snprintf(first, sizeof first, "%s", program_read("c/compare.csv"));
    size_t count = 0;
    double rates[6];
    for (const char *line = strchr(first, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        int batch_size;
        cr_assert_eq(sscanf(line, "\n\"%lf\",\"%d\"", &rates[count], &batch_size), 2, "%s", line);
        cr_expect(rates[count] >= 1e-3 && rates[count] <= 1e-1);
        cr_expect(batch_size >= 90 && batch_size <= 92);
        ++count;
    }
    cr_assert_eq(count, 6);
    cr_expect_eq(rates[0], rates[3]);
    cr_expect_neq(rates[0], rates[1]);
    cr_expect_eq(program_run("%s", words), 0);
    cr_expect_str_eq(program_read("c/compare.csv"), first);
    cr_expect_eq(program_run("%s --seed 2 -o d", words), 0);
    cr_expect_neq(strcmp(program_read("d/compare.csv"), first), 0);
}

#define AFTER                                                                                      \
    "after:[{dense: {units: 4}}, batch_normalization, {dense: {units: 3, activation: softmax}}]"
#define BEFORE "before:[batch_normalization, {dense: {units: 3, activation: softmax}}]"

Test(program_compare_rules, values_have_names)
{
    cr_expect_eq(program_run("compare " SHORT "--markdown --vary 'model=" AFTER "," BEFORE "'"), 0);
    program_expect("out", "| model | val\\_accuracy |");
    program_expect("out", "|---|---:|");
    program_expect("out", "| after | ");
    cr_expect(program_has("c/01-model_before/run/config.yaml"));
    program_expect("c/compare.json", "\"names\": {\"model\": \"before\"}");
}

Test(program_compare_rules, a_budget_ends_each_training)
{
    cr_expect_eq(program_run("compare " SHORT "--vary training.seed=1,2 --budget 1e-6"), 0);
    program_expect("c/00-seed_1/run/config.yaml", "max_seconds: 1e-06");
    program_expect("c/00-seed_1/run/log", "training.max_seconds are over");
    double epochs = NAN;
    cr_expect_eq(sscanf(strchr(program_read("c/00-seed_1/run/history.csv"), '\n'), "%lf", &epochs),
                 1);
    cr_expect_float_eq(epochs, 100.0 / 2700, 1e-6);
}

Test(program_compare_rules, mistakes_are_refused)
{
    static const struct {
        const char *words, *message;
    } mistakes[] = {
        {"--vary training.batch_size=int:1:9", "--trials is missing"},
        {"--vary training.batch_size=1,2 --trials 3", "--trials draws from ranges"},
        {"--vary training.batch_size=int:9:1 --trials 3", "with LOW below HIGH"},
        {"--vary training.batch_size=int:1.5:3 --trials 3", "with LOW below HIGH"},
        {"--vary training.batch_size=log:0:1 --trials 3", "with LOW below HIGH"},
        {"--vary training.epochs=1 --budget 0", "--budget expects a number above 0"},
        {"--vary training.epochs=1 --rates 0", "--rates expects a whole number from 1"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; ++i) {
        cr_expect_eq(program_run("compare " SPIRALS " -o c %s", mistakes[i].words), 2, "%s",
                     mistakes[i].words);
        program_expect("err", mistakes[i].message);
        cr_expect(!program_has("c"));
    }
}
