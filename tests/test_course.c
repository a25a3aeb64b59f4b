/*
 * The clocks of a training: how often it saves, and the times and rows that it tells.
 */
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 20, BATCH = 10, STEPS_PER_EPOCH = 2 };

/* The engine's clock, which the test sets, in place of the machine's, under which a test may be
 * halted for any time. */
static atomic_int seconds_now = 1000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    *time = (struct timespec){.tv_sec = atomic_load(&seconds_now)};
    return 0;
}

static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, 3, 3, RNL_FLOAT32);
    rnl_data *other = fixture_data(ROWS, 3, 3, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static rnl_model *create_model(const rnl_data *data, int epochs, const char *training)
{
    return fixture_model(
        fixture_config("model: [dense: {units: 3, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, batch_size: %d,\n"
                       "           optimizer: {sgd: {learning_rate: 0.01}}, epochs: %d%s}\n",
                       BATCH, epochs, training),
        data);
}

/* What a run has told. */
typedef struct journal {
    size_t checkpoints, tellings;
    unsigned long long last_checkpoint;
    size_t timed_rows, timed_rows_in_step;
    double seconds, samples_per_second;
    uint64_t stop_at;
    int seconds_of_inspect, seconds_of_step, seconds_of_epoch; /* what callbacks take */
} journal;

static void count_checkpoints(rnl_log_level level, const char *text, void *user)
{
    journal *j = user;
    (void)level;
    j->checkpoints += sscanf(text, "checkpoint of step %llu saved", &j->last_checkpoint) == 1;
}

static int note_step(const rnl_progress *progress, void *user)
{
    journal *j = user;
    j->timed_rows_in_step = progress->timed_rows;
    seconds_now += j->seconds_of_step;
    return progress->step == j->stop_at;
}

static int note_epoch(const rnl_progress *progress, void *user)
{
    journal *j = user;
    ++j->tellings;
    seconds_now += j->seconds_of_epoch;
    j->timed_rows = progress->timed_rows;
    j->seconds = progress->seconds;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "samples_per_second") == 0)
            j->samples_per_second = progress->figures[i].value;
    return 0;
}

static int take_time(const rnl_inspection *inspection, void *user)
{
    (void)inspection;
    seconds_now += ((const journal *)user)->seconds_of_inspect;
    return 0;
}

static const char checkpoint[] = "checkpoint", best[] = "best";

TestSuite(course, .init = scratch_enter, .fini = scratch_leave);

static rnl_status train(rnl_model *model, const rnl_data *data, journal *j)
{
    const rnl_options options = {.threads = 1,
                                 .checkpoint = checkpoint,
                                 .best = best,
                                 .on_step = note_step,
                                 .on_epoch = note_epoch,
                                 .on_inspect = take_time,
                                 .on_log = count_checkpoints,
                                 .user = j};
    return rnl_train(model, data, &options);
}

/* Epochs of a second or more are saved, and the last one in any case. */
Test(course, short_epochs_are_not_all_saved)
{
    enum { EPOCHS = 30 };
    rnl_data *data = create_data();
    for (int seconds = 0; seconds <= 2; ++seconds) {
        rnl_model *model = create_model(data, EPOCHS, "");
        journal j = {.seconds_of_epoch = seconds};
        cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
        cr_expect_eq(j.tellings, EPOCHS);
        cr_expect_eq(j.checkpoints, seconds > 0 ? EPOCHS : 1, "%zu of %d s", j.checkpoints,
                     seconds);
        cr_expect_eq(j.last_checkpoint, EPOCHS * STEPS_PER_EPOCH);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

Test(course, checkpoints_come_as_often_as_asked_for)
{
    enum { EPOCHS = 21 };
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, EPOCHS, ", checkpoint_every: 4");
    journal j = {0};
    cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
    cr_expect_eq(j.checkpoints, EPOCHS * STEPS_PER_EPOCH / 4 + 1);
    cr_expect_eq(j.last_checkpoint, EPOCHS * STEPS_PER_EPOCH);
    rnl_model_free(model);
    rnl_data_free(data);
}

static uint64_t hash_of_file(const char *path)
{
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* Every epoch is better than the one before, so the best weights are the last ones. */
Test(course, the_best_weights_are_saved_whether_restored_or_not)
{
    static const char *const stopping[] = {
        ", early_stopping: {monitor: loss, patience: 9}",
        ", early_stopping: {monitor: loss, patience: 9, restore_best_weights: false}"};
    rnl_data *data = create_data();
    for (size_t i = 0; i < 2; ++i) {
        rnl_model *model = create_model(data, 40, stopping[i]);
        journal j = {.stop_at = 25 * STEPS_PER_EPOCH + 1};
        cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
        rnl_model *shorter = create_model(data, 25, stopping[i]);
        cr_assert_eq(rnl_train(shorter, data, NULL), RNL_OK, "%s", rnl_message());
        cr_expect_eq(hash_of_file(best), fixture_hash(shorter), "%s", stopping[i]);
        j.stop_at = 0;
        cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
        cr_expect_eq(hash_of_file(best), fixture_hash(model), "%s", stopping[i]);
        rnl_model_free(shorter);
        rnl_model_free(model);
    }
    rnl_data_free(data);
}

/* The time of an epoch has in it what is done around the training, its rate has not. */
Test(course, times_are_by_the_clock)
{
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, 3, ", inspect: true");
    journal j = {.seconds_of_inspect = 7, .seconds_of_step = 2};
    cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
    cr_expect_eq(j.seconds, 7 + 2 * STEPS_PER_EPOCH, "%g s", j.seconds);
    cr_expect_eq(j.timed_rows, ROWS);
    cr_expect_eq(j.samples_per_second, ROWS / (2.0 * STEPS_PER_EPOCH), "%g", j.samples_per_second);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(course, rows_are_those_of_the_time)
{
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, 4, ", validate_every: 3");
    journal j = {.stop_at = 1};
    cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
    j.stop_at = 2;
    cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
    cr_expect_eq(j.timed_rows_in_step, BATCH, "the first step was in another run");
    j.stop_at = 5;
    cr_assert_eq(train(model, data, &j), RNL_STOPPED, "%s", rnl_message());
    cr_expect_eq(j.timed_rows, BATCH, "two of the three steps were in other runs");
    j.stop_at = 0;
    cr_assert_eq(train(model, data, &j), RNL_OK, "%s", rnl_message());
    cr_expect_eq(j.timed_rows, 2 * BATCH, "what is left after the last three");
    rnl_model_free(model);
    rnl_data_free(data);
}
