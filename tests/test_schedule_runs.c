/*
 * Schedules of the learning rate in whole trainings: interrupted, as formulas, tables and functions
 * of the program, and refused.
 */
#include "engine/kinds/schedules.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { ROWS = 83, BATCH = 16, EPOCHS = 4, STEPS = EPOCHS * ((ROWS + BATCH - 1) / BATCH) };

static const char *const schedules[] = {
    "power: {steps: 5}",
    "exponential: {steps: 2}",
    "piecewise: {boundaries: [1, 3], values: [0.02, 0.01, 0.001]}",
    "performance: {patience: 1, min_delta: 1.0, factor: 0.5}",
    "one_cycle: {max_rate: 0.05}",
    "cosine: {warmup: 4}",
    "formula: rate * 0.8",
    "formula: {expression: 'rate * 0.98 + 1e-4 * step', per: step}",
};

static const char *const optimizers[] = {
    "sgd",    "momentum", "nesterov", "adam",    "adamw",
    "adamax", "nadam",    "adagrad",  "rmsprop", "{rmsprop: {momentum: 0.9, centered: true}}"};

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_data *other = fixture_data(20, 7, 5, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static rnl_config *training_config(const char *optimizer, const char *schedule, int epochs)
{
    return fixture_config("model: [dense: {units: 20, activation: elu},\n"
                          "        dense: {units: 5, activation: softmax}]\n"
                          "training: {loss: sparse_categorical_crossentropy, optimizer: %s,\n"
                          "           schedule: {%s}, batch_size: %d, epochs: %d}\n",
                          optimizer, schedule, BATCH, epochs);
}

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == *(const uint64_t *)user;
}

/* Every optimizer under every schedule: stopped at another step, resumed with another number of
 * workers, the same weights. */
Test(schedule_runs, are_resumed)
{
    rnl_data *data = create_data();
    char path[] = "/tmp/runnel_schedule_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    uint64_t stop = 0;
    for (size_t o = 0; o < COUNT(optimizers); ++o)
        for (size_t s = 0; s < COUNT(schedules); ++s) {
            rnl_config *config = training_config(optimizers[o], schedules[s], EPOCHS);
            rnl_model *whole = NULL, *parts = NULL, *resumed = NULL;
            cr_assert_eq(rnl_model_create(&whole, config, data), RNL_OK);
            cr_assert_eq(rnl_train(whole, data, &(const rnl_options){.threads = 1}), RNL_OK, "%s",
                         rnl_message());
            stop = stop % (STEPS - 1) + 1;
            cr_assert_eq(rnl_model_create(&parts, config, data), RNL_OK);
            const rnl_options options = {
                .threads = 2, .checkpoint = path, .on_step = stop_at, .user = &stop};
            cr_assert_eq(rnl_train(parts, data, &options), RNL_STOPPED);
            cr_assert_eq(rnl_model_resume(&resumed, path, config), RNL_OK, "%s", rnl_message());
            cr_assert_eq(rnl_train(resumed, data, &(const rnl_options){.threads = 3}), RNL_OK);
            cr_expect_eq(fixture_hash(resumed), fixture_hash(whole), "%s under %s at step %llu",
                         optimizers[o], schedules[s], (unsigned long long)stop);
            rnl_model_free(whole);
            rnl_model_free(parts);
            rnl_model_free(resumed);
            rnl_config_free(config);
        }
    unlink(path);
    rnl_data_free(data);
}

static int keep_rate(const rnl_progress *progress, void *user)
{
    double *rates = user;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "learning_rate") == 0)
            rates[progress->epoch - 1] = progress->figures[i].value;
    return 0;
}

/* The learning rate of an epoch is that of its last step. */
Test(schedule_runs, are_logged)
{
    rnl_data *data = create_data();
    double rates[EPOCHS];
    rnl_model *model =
        fixture_model(training_config("sgd", "exponential: {steps: 1, rate: 0.5}", EPOCHS), data);
    const rnl_options options = {.on_epoch = keep_rate, .user = rates};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    for (size_t i = 0; i < EPOCHS; ++i)
        cr_expect_float_eq(rates[i], 0.01 * pow(0.5, (double)i), 1e-12);
    rnl_model_free(model);
    model = fixture_model(training_config("sgd", "one_cycle: {max_rate: 0.8}", EPOCHS), data);
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_float_eq(rates[EPOCHS - 1], 0.00008, 1e-12, "%g", rates[EPOCHS - 1]);
    rnl_model_free(model);
    rnl_data_free(data);
}

static rnl_model *trained(const rnl_data *data, const char *schedule, const rnl_options *options)
{
    rnl_model *model = fixture_model(training_config("momentum", schedule, EPOCHS), data);
    cr_assert_eq(rnl_train(model, data, options), RNL_OK, "%s: %s", schedule, rnl_message());
    return model;
}

/* Trains under both schedules to the same weights. */
static void expect_same(const char *schedule, const rnl_options *options, const char *other)
{
    rnl_data *data = create_data();
    rnl_model *a = trained(data, schedule, options), *b = trained(data, other, NULL);
    cr_expect_eq(fixture_hash(a), fixture_hash(b), "%s, %s", schedule, other);
    rnl_model_free(a);
    rnl_model_free(b);
    rnl_data_free(data);
}

/* The operations are those of the named schedules, and so are the bits. */
Test(schedule_runs, formulas_of_named_schedules)
{
    expect_same("formula: 0.01 * 0.1^(epoch/20)", NULL, "exponential: {steps: 20}");
    expect_same("formula: 0.01 * 0.1^floor(epoch/2)", NULL,
                "exponential: {steps: 2, staircase: true}");
    expect_same("formula: {expression: '0.01 / (1 + step/7)^2', per: step}", NULL,
                "power: {steps: 7, power: 2}");
    expect_same("formula: 'if(epoch < 2, 0.01, 0.002)'", NULL,
                "piecewise: {boundaries: [2], values: [0.01, 0.002]}");
}

/* The rate of each epoch is made of the one before, the first of the optimizer's: that of the
 * exponential one epoch later. */
Test(schedule_runs, formula_that_carries_its_rate)
{
    rnl_data *data = create_data();
    double rates[EPOCHS];
    const rnl_options options = {.on_epoch = keep_rate, .user = rates};
    rnl_model_free(trained(data, "formula: rate * 0.1^(1/20)", &options));
    for (size_t i = 0; i < EPOCHS; ++i)
        cr_expect_float_eq(rates[i], 0.01 * pow(0.1, (double)(i + 1) / 20), 1e-16, "%zu: %.17g", i,
                           rates[i]);
    rnl_model_free(trained(data,
                           "formula: 0.01 * (epochs - epoch) / epochs + steps * 1e-6 + "
                           "step * 1e-5",
                           &options));
    for (size_t i = 0; i < EPOCHS; ++i)
        cr_expect_float_eq(rates[i],
                           0.01 * (EPOCHS - (double)i) / EPOCHS + STEPS * 1e-6 + (double)i * 6e-5,
                           1e-15, "%zu: %.17g", i, rates[i]);
    rnl_data_free(data);
}

static double falling(const rnl_schedule_point *point, void *user)
{
    uint64_t *calls = user;
    cr_expect_eq(point->step, *calls);
    cr_expect_eq(point->steps, STEPS);
    cr_expect_eq(point->epochs, EPOCHS);
    cr_expect_eq(point->epoch, point->step / (STEPS / EPOCHS));
    ++*calls;
    return point->learning_rate * 0.75;
}

static double nothing(const rnl_schedule_point *point, void *user)
{
    (void)user;
    return point->step < 5 ? 0.01 : NAN;
}

Test(schedule_runs, of_the_program)
{
    uint64_t calls = 0;
    expect_same("formula: {expression: rate * 0.75, per: step}", NULL,
                "formula: {expression: rate * 0.75, per: step}");
    rnl_data *data = create_data();
    rnl_config *plain = fixture_config("model: [dense: {units: 20, activation: elu},\n"
                                       "        dense: {units: 5, activation: softmax}]\n"
                                       "training: {loss: sparse_categorical_crossentropy,\n"
                                       "  optimizer: momentum, batch_size: %d, epochs: %d}\n",
                                       BATCH, EPOCHS);
    rnl_model *model = fixture_model(plain, data);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.schedule = falling, .user = &calls}),
                 RNL_OK, "%s", rnl_message());
    cr_expect_eq(calls, STEPS);
    rnl_model *other =
        trained(data, "formula: {expression: rate * 0.75, per: step}", &(const rnl_options){0});
    cr_expect_eq(fixture_hash(model), fixture_hash(other));
    cr_expect_eq(rnl_train(model, data, &(const rnl_options){.schedule = nothing}), RNL_NOT_FINITE);
    cr_expect_str_eq(rnl_message(), "step 6: the schedule gives a learning rate of nan");
    rnl_model_free(model);
    model = fixture_model(training_config("sgd", "cosine", EPOCHS), data);
    cr_expect_eq(rnl_train(model, data, &(const rnl_options){.schedule = falling, .user = &calls}),
                 RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), "test.yaml:4:23: schedule: expected none beside the program's "
                                    "own, got cosine");
    rnl_model_free(model);
    rnl_model_free(other);
    rnl_data_free(data);
}

/* A file of rates, which the configuration then holds. */
Test(schedule_runs, table)
{
    char path[] = "/tmp/runnel_rates_XXXXXX", schedule[128], *text = NULL;
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert_not_null(file);
    fputs("epoch,learning_rate,momentum,remark\n0,0.02,0.9,x\n1,0.01,0.9,\n3,0.001,0.9,\n", file);
    fclose(file);
    snprintf(schedule, sizeof schedule, "table: %s", path);
    expect_same(schedule, NULL, "piecewise: {boundaries: [1, 3], values: [0.02, 0.01, 0.001]}");
    rnl_config *config = training_config("sgd", schedule, EPOCHS), *again = NULL;
    cr_expect(rnl_config_reads(config, path));
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    unlink(path);
    cr_assert_eq(rnl_config_parse(&again, "again", text, NULL, 0), RNL_OK, "%s", rnl_message());
    const rnl_moment moment = {0.5, 2, 2, EPOCHS, EPOCHS, 0, 0};
    const rnl_scheduled at =
        rnl_schedule_at(&again->training.schedule, &(const rnl_plateau){0}, &moment);
    cr_expect_eq(at.learning_rate, 0.01);
    cr_expect_eq(at.momentum, 0.9);
    rnl_text_free(text);
    rnl_config_free(config);
    rnl_config_free(again);
}

static void expect_table_refused(const char *content, const char *message)
{
    char path[] = "/tmp/runnel_rates_XXXXXX", text[256];
    FILE *file = fdopen(mkstemp(path), "w");
    rnl_config *config = NULL;
    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
    snprintf(text, sizeof text,
             "model: [dense: {units: 1}]\n"
             "training: {loss: mean_squared_error, optimizer: sgd, schedule: {table: %s}}\n",
             path);
    cr_expect_neq(rnl_config_parse(&config, "test.yaml", text, NULL, 0), RNL_OK, "%s", content);
    cr_expect(strstr(rnl_message(), message), "%s: %s", content, rnl_message());
    unlink(path);
}

Test(schedule_runs, tables_that_are_refused)
{
    expect_table_refused("epoch,rate\n0,1\n", ":1:1: expected the columns epoch or step");
    expect_table_refused("epoch,learning_rate\n0,0.1\n1,fast\n",
                         ":3:3: expected a rate from 0 to 1e6, got 'fast'");
    expect_table_refused("epoch,learning_rate\n0.5,0.1\n", ":2:1: expected a whole number from 0");
    expect_table_refused("epoch,learning_rate\n0\n", ":2:1: expected as many cells");
    expect_table_refused("epoch,learning_rate\n", "table: expected rows in ");
    expect_table_refused("step,learning_rate\n3,0.1\n3,0.2\n",
                         "expected growing numbers, got 3 after 3");
}

/* A checkpoint after one epoch, resumed with another number of epochs. */
static rnl_status resume_with(const rnl_data *data, const char *schedule, int epochs, bool restart,
                              double *rates)
{
    char path[] = "/tmp/runnel_schedule_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    uint64_t stop = STEPS / EPOCHS;
    rnl_config *config = training_config("sgd", schedule, EPOCHS);
    rnl_config *other = training_config("sgd", schedule, epochs);
    rnl_model *model = NULL, *resumed = NULL;
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK);
    const rnl_options options = {
        .threads = 1, .checkpoint = path, .on_step = stop_at, .user = &stop};
    cr_assert_eq(rnl_train(model, data, &options), RNL_STOPPED);
    cr_assert_eq(rnl_model_resume(&resumed, path, other), RNL_OK, "%s", rnl_message());
    if (restart)
        rnl_model_restart_schedule(resumed);
    const rnl_options logging = {.on_epoch = keep_rate, .user = rates};
    const rnl_status status = rnl_train(resumed, data, &logging);
    rnl_model_free(model);
    rnl_model_free(resumed);
    rnl_config_free(config);
    rnl_config_free(other);
    unlink(path);
    return status;
}

Test(schedule_runs, that_depend_on_the_length_refuse_another)
{
    rnl_data *data = create_data();
    double rates[2 * EPOCHS];
    cr_expect_eq(resume_with(data, "cosine", EPOCHS + 1, false, rates), RNL_BAD_CONFIG);
    cr_expect_str_eq(
        rnl_message(),
        "test.yaml:4:23: schedule cosine: training.epochs was 4 when it began and is 5 "
        "now, on which it depends; it can be begun anew: --restart-schedule");
    cr_expect_eq(resume_with(data, "cosine", EPOCHS, false, rates), RNL_OK);
    cr_expect_eq(resume_with(data, "exponential: {steps: 2}", EPOCHS + 1, false, rates), RNL_OK);
    cr_expect_float_eq(rates[0], 0.01, 1e-12, "of the epoch that was stopped at its end: %g",
                       rates[0]);
    /* Begun anew after one epoch of three more: a third of the way, two thirds, the last step. */
    cr_expect_eq(resume_with(data, "cosine: {per: epoch}", EPOCHS + 1, true, rates), RNL_OK, "%s",
                 rnl_message());
    for (int i = 0; i < EPOCHS; ++i)
        cr_expect_float_eq(rates[i + 1], 0.01 * (1 + cos(M_PI * i / EPOCHS)) / 2, 1e-12, "%d: %g",
                           i, rates[i + 1]);
    rnl_data_free(data);
}

Test(schedule_runs, mistakes)
{
    static const struct {
        const char *schedule, *message;
    } mistakes[] = {
        {"piecewise: {boundaries: [5, 5], values: [0.1, 0.2, 0.3]}",
         "test.yaml:4:47: boundaries: expected growing numbers, got 5 after 5"},
        {"piecewise: {boundaries: [5], values: [0.1]}",
         "test.yaml:4:60: values: expected one more than the 1 boundaries, got 1"},
        {"piecewise: {boundaries: [5], values: [0.1, 0]}",
         "values: expected a number above 0 and at most 1000000, got '0'"},
        {"piecewise: {boundaries: 5, values: [0.1, 0]}", "expected a list of numbers"},
        {"power: {}", "the key 'steps' is missing"},
        {"one_cycle: {max_rate: 0}", "max_rate: expected a number above 0"},
        {"exponential: {steps: 2, per: epochs}", "unknown unit 'epochs'; did you mean 'epoch'?"},
        {"onecycle: {max_rate: 1}", "did you mean 'one_cycle'?"},
        {"performance: {monitor: val_los}",
         "test.yaml:4:23: monitor: the run has no figure 'val_los'; did you mean 'val_loss'?"},
        {"performance: {monitor: accuracy}",
         "monitor: the run has no figure 'accuracy'; it has loss, val_loss (see training.metrics)"},
        {"performance: {factor: 1}", "factor: expected a number above 0"},
        {"formula: 0.01 * 0.1^(epoc/20)",
         "test.yaml:4:32: formula: unknown name 'epoc', at character 13 of \"0.01 * "
         "0.1^(epoc/20)\"; did you mean epoch?"},
        {"formula: 0.01 - epochs", "test.yaml:4:23: schedule: expected rates from 0 to 1e6, got "
                                   "-2.99 in epoch 0, counted from 0"},
        {"formula: 0 * 2", "formula: expected a rate above 0 in some step, got \"0 * 2\""},
        {"formula: {expression: log(-1 - step), per: step}",
         "got nan in step 0, counted from 0: log(-1 - step) is nan, at character 1 of "
         "\"log(-1 - step)\""},
        {"formula: rate / (1 - epoch)",
         "got inf in epoch 1, counted from 0: rate / (1 - epoch) is inf, at character 1 of \"rate"},
        {"formula: 'if(epoch < 1, 0.01, rate * sqrt(0.5 - epoch))'",
         "got nan in epoch 1, counted from 0: sqrt(0.5 - epoch) is nan, at character 28 of"},
    };
    rnl_data *data = create_data();
    for (size_t i = 0; i < COUNT(mistakes); ++i) {
        char text[512];
        snprintf(text, sizeof text,
                 "model: [dense: {units: 20, activation: elu},\n"
                 "        dense: {units: 5, activation: softmax}]\n"
                 "training: {loss: sparse_categorical_crossentropy, optimizer: sgd,\n"
                 "           schedule: {%s}, batch_size: 8, epochs: 3}\n",
                 mistakes[i].schedule);
        rnl_config *config = NULL;
        rnl_model *model = NULL;
        rnl_status status = rnl_config_parse(&config, "test.yaml", text, NULL, 0);
        if (status == RNL_OK) {
            cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK);
            status = rnl_train(model, data, NULL);
            rnl_model_free(model);
            rnl_config_free(config);
        }
        cr_expect_eq(status, RNL_BAD_CONFIG, "%s", mistakes[i].schedule);
        cr_expect(strstr(rnl_message(), mistakes[i].message) != NULL, "%s: %s",
                  mistakes[i].schedule, rnl_message());
    }
    rnl_data_free(data);
}
