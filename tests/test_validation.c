/*
 * Validation every so many steps: what is told and when, that it changes no weight by itself, and
 * that what is decided by it survives interruptions.
 */
#include "engine/schema/config.h"
#include "tests/config_texts.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 83, BATCH = 16, STEPS_PER_EPOCH = (ROWS + BATCH - 1) / BATCH };

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_data *other = fixture_data(120, 7, 5, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static rnl_config *create_config(int epochs, const char *more)
{
    return fixture_config("model:\n"
                          "  - dense: {units: 60, activation: elu, kernel_regularizer: l2}\n"
                          "  - batch_normalization\n"
                          "  - dense: {units: 5, activation: softmax}\n"
                          "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy],\n"
                          "  optimizer: {adam: {learning_rate: 0.01}}, batch_size: %d,\n"
                          "  epochs: %d%s}\n",
                          BATCH, epochs, more);
}

/* What a run tells; of every validation in `text`, the speed left out. */
typedef struct journal {
    uint64_t stop_at;
    size_t count;
    uint64_t steps[128];
    double epochs[128], losses[128], validation_losses[128];
    double sums[128]; /* of the losses of the rows of the first so many steps of an epoch */
    char text[1 << 14], told[512];
} journal;

static int on_step(const rnl_progress *progress, void *user)
{
    journal *j = user;
    if (progress->step < 128)
        j->sums[progress->step] = progress->figures[0].value * (double)progress->rows_done;
    return progress->step == j->stop_at;
}

static double figure(const rnl_progress *progress, const char *name)
{
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, name) == 0)
            return progress->figures[i].value;
    return NAN;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    journal *j = user;
    const size_t n = j->count++;
    j->steps[n] = progress->step;
    j->epochs[n] =
        (double)progress->epoch - 1 + (double)progress->rows_done / (double)progress->rows;
    j->losses[n] = figure(progress, "loss");
    j->validation_losses[n] = figure(progress, "val_loss");
    snprintf(j->text + strlen(j->text), sizeof j->text - strlen(j->text), "%llu %a: %a %a %a %a\n",
             (unsigned long long)progress->step, j->epochs[n], j->losses[n],
             j->validation_losses[n], figure(progress, "val_accuracy"),
             figure(progress, "learning_rate"));
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    journal *j = user;
    if (level == RNL_LOG_INFO && strstr(text, "step "))
        snprintf(j->told + strlen(j->told), sizeof j->told - strlen(j->told), "%s\n", text);
}

static rnl_status train(rnl_model *model, const rnl_data *data, size_t threads, journal *j,
                        const char *checkpoint)
{
    const rnl_options options = {.threads = threads,
                                 .checkpoint = checkpoint,
                                 .on_step = on_step,
                                 .on_epoch = on_epoch,
                                 .on_log = on_log,
                                 .user = j};
    return rnl_train(model, data, &options);
}

static rnl_model *create_model(const rnl_data *data, int epochs, const char *more)
{
    return fixture_model(create_config(epochs, more), data);
}

/* The validation loss of a run that validates nowhere before, stopped after so many steps. */
static double loss_after(const rnl_data *data, uint64_t step)
{
    journal j = {.stop_at = step};
    rnl_model *model = create_model(data, 4, "");
    cr_assert_eq(train(model, data, 1, &j, NULL), RNL_STOPPED);
    rnl_evaluation *evaluation = NULL;
    cr_assert_eq(rnl_evaluate(model, data, RNL_VALIDATION, NULL, &evaluation), RNL_OK);
    const double loss = evaluation->figures[0].value;
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    return loss;
}

/* The sum of the losses of the rows that a run without validation in between had after so many
 * steps. */
static double total(const journal *plain, uint64_t step)
{
    double sum = plain->sums[step];
    for (uint64_t end = STEPS_PER_EPOCH; end < step; end += STEPS_PER_EPOCH)
        sum += plain->sums[end];
    return sum;
}

static double rows_until(uint64_t step)
{
    const uint64_t rest = step % STEPS_PER_EPOCH;
    return (double)(step / STEPS_PER_EPOCH * ROWS + rest * BATCH);
}

/* The rows since the last validation, the weights of the moment, and the last step at last. */
Test(validation, tells_of_the_steps_since_the_last)
{
    static const uint64_t expected[] = {5, 10, 15, 20, 4 * STEPS_PER_EPOCH};
    rnl_data *data = create_data();
    static journal plain, j;
    rnl_model *model = create_model(data, 4, ", validate_every: 5");
    rnl_model *other = create_model(data, 4, "");
    cr_assert_eq(train(other, data, 1, &plain, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(train(model, data, 2, &j, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), fixture_hash(other));
    cr_expect_eq(plain.count, 4);
    cr_assert_eq(j.count, 5);
    for (size_t i = 0; i < 5; ++i) {
        const uint64_t before = i > 0 ? expected[i - 1] : 0;
        cr_expect_eq(j.steps[i], expected[i]);
        const double rows = rows_until(expected[i]) - rows_until(before);
        cr_expect_float_eq(j.epochs[i], rows_until(expected[i]) / ROWS, 1e-12);
        cr_expect_float_eq(j.losses[i], (total(&plain, expected[i]) - total(&plain, before)) / rows,
                           1e-9);
        const double loss = i < 4 ? loss_after(data, expected[i]) : plain.validation_losses[3];
        cr_expect_float_eq(j.validation_losses[i], loss, 1e-12, "%zu: %g, expected %g", i,
                           j.validation_losses[i], loss);
    }
    rnl_model_free(model);
    rnl_model_free(other);
    rnl_data_free(data);
}

/* More seldom than an epoch ends. */
Test(validation, may_be_rare)
{
    rnl_data *data = create_data();
    static journal j;
    rnl_model *model = create_model(data, 5, ", validate_every: 12");
    cr_assert_eq(train(model, data, 2, &j, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(j.count, 3);
    cr_expect_eq(j.epochs[0], 2);
    cr_expect_eq(j.epochs[1], 4);
    cr_expect_eq(j.epochs[2], 5);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A rate that falls at every validation but the first falls with the step that follows. */
Test(validation, decides_for_the_next_step)
{
    rnl_data *data = create_data();
    static journal j;
    rnl_model *falling = create_model(
        data, 4,
        ", validate_every: 4, schedule: {performance: {patience: 1, factor: 0.5, min_delta: 1e9}}");
    rnl_model *piecewise =
        create_model(data, 4,
                     ", schedule: {piecewise: {per: step, boundaries: [7, 11, 15, 19],\n"
                     "             values: [0.01, 0.005, 0.0025, 0.00125, 0.000625]}}");
    cr_assert_eq(train(falling, data, 2, &j, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(train(piecewise, data, 1, &j, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(falling), fixture_hash(piecewise));
    rnl_model_free(falling);
    rnl_model_free(piecewise);
    rnl_data_free(data);
}

#define DECIDING                                                                                   \
    ", validate_every: 4, schedule: {performance: {patience: 2, factor: 0.9}}, "                   \
    "early_stopping: {patience: 3}"

/* Stopped after any step, between it and its validation too, and resumed. */
Test(validation, is_resumed)
{
    rnl_data *data = create_data();
    static journal whole;
    rnl_model *model = create_model(data, 20, DECIDING);
    cr_assert_eq(train(model, data, 1, &whole, NULL), RNL_OK, "%s", rnl_message());
    const uint64_t last = whole.steps[whole.count - 1];
    cr_assert_gt(last, 4 * 4);
    cr_assert_lt(last, 20 * STEPS_PER_EPOCH, "it did not end early");
    char path[] = "/tmp/runnel_validation_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    for (uint64_t step = 1; step <= last; ++step) {
        static journal j;
        memset(&j, 0, sizeof j);
        j.stop_at = step;
        rnl_model *parts = create_model(data, 20, DECIDING), *resumed = NULL;
        cr_assert_eq(train(parts, data, 1 + step % 3, &j, path), RNL_STOPPED);
        cr_assert_eq(rnl_model_resume(&resumed, path, rnl_model_config(parts)), RNL_OK, "%s",
                     rnl_message());
        cr_expect_eq(rnl_model_reported_step(resumed), (step - 1) / 4 * 4);
        j.stop_at = 0;
        cr_assert_eq(train(resumed, data, 3 - step % 3, &j, NULL), RNL_OK, "%s", rnl_message());
        cr_expect_eq(fixture_hash(resumed), fixture_hash(model), "stopped at step %llu",
                     (unsigned long long)step);
        cr_expect_str_eq(j.text, whole.text, "stopped at step %llu", (unsigned long long)step);
        rnl_model_free(parts);
        rnl_model_free(resumed);
    }
    unlink(path);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* In the middle of an epoch, with the weights and in the words of that step. */
Test(validation, ends_early_between_epochs)
{
    rnl_data *data = create_data();
    static journal j, again, shorter;
    char path[] = "/tmp/runnel_validation_XXXXXX", told[256];
    cr_assert_geq(mkstemp(path), 0);
    rnl_model *model = create_model(data, 20, DECIDING), *resumed = NULL;
    cr_assert_eq(train(model, data, 2, &j, path), RNL_OK, "%s", rnl_message());
    size_t best = 0;
    for (size_t i = 0; i < j.count; ++i)
        if (j.validation_losses[i] < j.validation_losses[best])
            best = i;
    cr_assert_eq(j.count, best + 1 + 3);
    cr_assert_neq(j.steps[j.count - 1] % STEPS_PER_EPOCH, 0, "the test wants another seed");
    snprintf(told, sizeof told,
             "stopped early after step %llu: val_loss has not improved since step %llu (%g)\n"
             "back to the weights of step %llu, where val_loss was %g\n",
             (unsigned long long)j.steps[j.count - 1], (unsigned long long)j.steps[best],
             j.validation_losses[best], (unsigned long long)j.steps[best],
             j.validation_losses[best]);
    cr_expect_str_eq(j.told, told);
    shorter.stop_at = j.steps[best];
    rnl_model *stopped = create_model(data, 20, DECIDING);
    cr_assert_eq(train(stopped, data, 1, &shorter, NULL), RNL_STOPPED);
    cr_expect_eq(fixture_hash(model), fixture_hash(stopped));

    cr_assert_eq(rnl_model_resume(&resumed, path, rnl_model_config(model)), RNL_OK);
    cr_expect_eq(rnl_model_step(resumed), j.steps[j.count - 1]);
    cr_assert_eq(train(resumed, data, 1, &again, NULL), RNL_OK);
    cr_expect_eq(again.count, 0);
    cr_expect_eq(fixture_hash(resumed), fixture_hash(model));
    unlink(path);
    rnl_model_free(model);
    rnl_model_free(stopped);
    rnl_model_free(resumed);
    rnl_data_free(data);
}

#define IMPATIENT                                                                                  \
    ", validate_every: 4, schedule: {performance: {patience: 1, factor: 0.3, min_delta: 0.01}}"

/* The validation after the last step is forgotten where it turns out not to be the last. */
Test(validation, goes_on_for_more_epochs)
{
    rnl_data *data = create_data();
    static journal whole, first, second;
    char path[] = "/tmp/runnel_validation_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    rnl_model *model = create_model(data, 6, IMPATIENT), *resumed = NULL;
    rnl_model *three = create_model(data, 3, IMPATIENT);
    cr_assert_eq(train(model, data, 1, &whole, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(train(three, data, 2, &first, path), RNL_OK);
    cr_expect_eq(first.steps[first.count - 1], 3 * STEPS_PER_EPOCH);
    cr_assert_eq(rnl_model_resume(&resumed, path, rnl_model_config(model)), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(rnl_model_reported_step(resumed), 16);
    cr_assert_eq(train(resumed, data, 3, &second, NULL), RNL_OK);
    cr_expect_eq(fixture_hash(resumed), fixture_hash(model));
    cr_expect_str_eq(second.text, strstr(whole.text, "\n20 ") + 1);
    unlink(path);
    rnl_model_free(model);
    rnl_model_free(three);
    rnl_model_free(resumed);
    rnl_data_free(data);
}

Test(validation, mistakes)
{
    config_text_expect_refused("model: [dense: {units: 1}]\n"
                               "training: {loss: mean_squared_error, optimizer: sgd,\n"
                               "  validate_every: -1}\n",
                               NULL, "c.yaml:3:19: validate_every: expected an integer from 0 to ");
}
