/*
 * Metrics of all rows in training: the same on any number of workers, after a stop anywhere, and as
 * an evaluation has them.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 83, BATCH = 16, EPOCHS = 3, STEPS = EPOCHS * ((ROWS + BATCH - 1) / BATCH) };

TestSuite(class_metrics, .init = scratch_enter, .fini = scratch_leave);

static const char path[] = "checkpoint.safetensors";

static rnl_data *create_data(size_t classes)
{
    rnl_data *data = fixture_data(ROWS, 7, classes, RNL_FLOAT32);
    rnl_data *other = fixture_data(41, 7, classes, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static rnl_model *create_model(const rnl_data *data, size_t classes, const char *more)
{
    return fixture_model(
        fixture_config("model:\n"
                       "  - dense: {units: 140, activation: elu}\n"
                       "  - dense: {units: %zu, activation: %s}\n"
                       "training: {loss: %s, metrics: [auc, accuracy, f1, balanced_accuracy],\n"
                       "  optimizer: adam, batch_size: %d, epochs: %d%s}\n",
                       classes == 2 ? 1 : classes, classes == 2 ? "sigmoid" : "softmax",
                       classes == 2 ? "bce" : "sparse_categorical_crossentropy", BATCH, EPOCHS,
                       more),
        data);
}

typedef struct journal {
    uint64_t stop_at;
    size_t lines;
    double last[10]; /* of training and validation: loss, then the metrics */
    char text[8192]; /* all figures as bits, but for the speed, which is the last */
} journal;

static int on_step(const rnl_progress *progress, void *user)
{
    const journal *j = user;
    cr_expect_eq(progress->figure_count, 4);
    for (size_t i = 0; i < progress->figure_count; ++i)
        cr_expect_str_neq(progress->figures[i].name, "auc");
    return progress->step == j->stop_at;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    journal *j = user;
    for (size_t i = 0; i + 1 < progress->figure_count; ++i) {
        const rnl_figure *figure = &progress->figures[i];
        const size_t length = strlen(j->text);
        snprintf(j->text + length, sizeof j->text - length, "%s %a ", figure->name, figure->value);
        if (i < 10)
            j->last[i] = figure->value;
    }
    strcat(j->text, "\n");
    ++j->lines;
    return 0;
}

static rnl_status train(rnl_model *model, const rnl_data *data, size_t threads, journal *j)
{
    const rnl_options options = {
        .threads = threads, .on_step = on_step, .on_epoch = on_epoch, .user = j};
    return rnl_train(model, data, &options);
}

static journal whole(const rnl_data *data, size_t classes, const char *more, size_t threads)
{
    journal j = {0};
    rnl_model *model = create_model(data, classes, more);
    cr_assert_eq(train(model, data, threads, &j), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    return j;
}

Test(class_metrics, on_any_number_of_workers)
{
    for (size_t classes = 2; classes <= 5; classes += 3) {
        rnl_data *data = create_data(classes);
        const journal expected = whole(data, classes, ", shards: 4", 1);
        cr_expect_eq(expected.lines, EPOCHS);
        for (size_t threads = 2; threads <= 8; threads *= 2)
            cr_expect_str_eq(whole(data, classes, ", shards: 4", threads).text, expected.text);
        rnl_data_free(data);
    }
}

/* Stopped within epochs, at their ends, and between validations; also in each step. */
static void check_stopped(size_t classes, const char *more, uint64_t every)
{
    rnl_data *data = create_data(classes);
    const journal expected = whole(data, classes, more, 2);
    journal got = {0};
    rnl_model *model = create_model(data, classes, more);
    for (uint64_t step = every; step < STEPS; step += every) {
        got.stop_at = step;
        cr_assert_eq(train(model, data, 1, &got), RNL_STOPPED, "%s", rnl_message());
        cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
        rnl_model_free(model);
        cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    }
    got.stop_at = 0;
    cr_assert_eq(train(model, data, 2, &got), RNL_OK, "%s", rnl_message());
    cr_expect_str_eq(got.text, expected.text);
    cr_expect_null(model->tally);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(class_metrics, after_stops)
{
    check_stopped(2, "", 1);
    check_stopped(5, "", 4);
    check_stopped(5, ", validate_every: 5", 1);
    check_stopped(5, ", validate_every: 7", 2);
    check_stopped(2, ", validate_every: 100000", 7);
}

/* The figures of training are those of the rows as the weights changed; with weights that stay,
 * they are those of an evaluation. */
Test(class_metrics, are_those_of_an_evaluation)
{
    for (size_t classes = 2; classes <= 5; classes += 3) {
        rnl_data *data = create_data(classes);
        const char still[] = ", shards: 2, schedule: {formula: \"0 * step + 1e-30\"}";
        journal j = {0};
        rnl_model *model = create_model(data, classes, still);
        cr_assert_eq(train(model, data, 3, &j), RNL_OK, "%s", rnl_message());
        for (size_t p = 0; p < 2; ++p) {
            const rnl_part part = p == 0 ? RNL_TRAIN : RNL_VALIDATION;
            rnl_evaluation *evaluation = NULL;
            cr_assert_eq(rnl_evaluate(model, data, part, NULL, &evaluation), RNL_OK);
            cr_expect_str_eq(evaluation->figures[1].name, "auc");
            for (size_t i = 1; i < 5; ++i)
                cr_expect_eq(evaluation->figures[i].value, j.last[5 * p + i], "%s",
                             evaluation->figures[i].name);
            rnl_evaluation_free(evaluation);
        }
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

Test(class_metrics, rise)
{
    static const char *const rising[] = {"auc", "val_auc", "f1", "val_balanced_accuracy",
                                         "val_roc_auc_score"};
    for (size_t i = 0; i < sizeof rising / sizeof *rising; ++i)
        cr_expect(rnl_figure_rises(rising[i]), "%s", rising[i]);
    cr_expect_not(rnl_figure_rises("val_log_loss"));
    cr_expect_not(rnl_figure_rises("mape"));
}

/* Worse weights with each step: the best are those before. */
Test(class_metrics, early_stopping_takes_the_largest)
{
    rnl_data *data = create_data(2);
    rnl_model *model =
        create_model(data, 2, ", early_stopping: {monitor: val_auc, patience: 1000}");
    rnl_evaluation *evaluation = NULL;
    journal j = {0};
    cr_assert_eq(train(model, data, 2, &j), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_evaluate(model, data, RNL_VALIDATION, NULL, &evaluation), RNL_OK);
    double best = -1;
    const char *text = j.text;
    while ((text = strstr(text, "val_auc "))) {
        text += strlen("val_auc ");
        best = fmax(best, strtod(text, NULL));
    }
    cr_expect_eq(evaluation->figures[1].value, best);
    cr_expect_gt(best, 0);
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A checkpoint between two reports without what the metrics need. */
Test(class_metrics, of_a_checkpoint_without_them)
{
    rnl_data *data = create_data(5);
    rnl_model *model = create_model(data, 5, ""), *loaded = NULL;
    journal j = {.stop_at = 2};
    cr_assert_eq(train(model, data, 1, &j), RNL_STOPPED);
    rnl_tally_free(model->tally);
    model->tally = NULL;
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_load(&loaded, path, NULL, 0), RNL_BAD_DATA);
    cr_expect_not_null(strstr(rnl_message(), "tensor metrics.counts is missing"), "%s",
                       rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(class_metrics, need_classes)
{
    static const char *const names[] = {"auc", "f1", "balanced_accuracy", "log_loss"};
    rnl_data *data = create_data(5);
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        char expected[128];
        rnl_model *model = NULL;
        rnl_config *config = fixture_config("model: [dense: {units: 5}]\n"
                                            "training: {loss: mse, optimizer: sgd,\n"
                                            "  metrics: [%s]}\n",
                                            names[i]);
        cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
        snprintf(expected, sizeof expected,
                 "test.yaml:3:13: metric %s needs classes, which loss mean_squared_error does not "
                 "have",
                 names[i]);
        cr_expect_str_eq(rnl_message(), expected);
        rnl_config_free(config);
        config = fixture_config("model: [dense: {units: 5, activation: sigmoid}]\n"
                                "training: {loss: bce, optimizer: sgd,\n"
                                "  metrics: [%s]}\n",
                                names[i]);
        cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG);
        cr_expect_not_null(strstr(rnl_message(), "with several outputs, each a label"), "%s",
                           rnl_message());
        rnl_config_free(config);
    }
    rnl_data_free(data);
}
