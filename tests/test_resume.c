/*
 * Training that is interrupted, saved, loaded and resumed ends with the weights and the figures of
 * training that never was.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A position with a number of its own in each place. */
Test(resume, every_number_of_a_position_is_kept)
{
    rnl_position position, read;
    memset(&position, 0, sizeof position);
    memset(&read, 0, sizeof read);
    position.step = 901;
    position.epoch = 32;
    position.rows = 33;
    position.sums.rows = 34;
    position.sums.loss = 0.35;
    for (size_t m = 0; m < RNL_MAX_METRICS; ++m)
        position.sums.metrics[m] = 36 + (double)m;
    position.sums.missed = 5;
    position.reported_step = 6;
    position.train_rows = 70;
    position.momentum_product = 0.8;
    position.plateau = (rnl_plateau){1, 9, 10, 0.11, 0.12};
    position.patience = (rnl_patience){13, 14, 0.15, 16, 1};
    position.schedule_start = 17;
    position.schedule_epochs = 18;
    position.optimizer_offset = 19;
    position.phase = 2;
    position.phase_step = 20;
    position.phase_epoch = 21;
    position.found_rate = 0.22;
    char text[RNL_POSITION_TEXT];
    rnl_position_print(&position, text);
    cr_assert(rnl_position_parse(&read, text));
    cr_expect_arr_eq(&read, &position, sizeof position);
}

enum { ROWS = 83, BATCH = 16, EPOCHS = 4, STEPS_PER_EPOCH = (ROWS + BATCH - 1) / BATCH };

TestSuite(resume, .init = scratch_enter, .fini = scratch_leave);

static const char path[] = "checkpoint.safetensors";

static rnl_model *create_model(const rnl_data *data, const char *optimizer)
{
    return fixture_model(
        fixture_config("data: {train: {spirals: {rows: 10}}, scaling: standardize}\n"
                       "model:\n"
                       "  - dense: {units: 140, activation: elu, kernel_regularizer: {l2: 0.01},\n"
                       "            bias_regularizer: {l1: 0.01}}\n"
                       "  - dense: {units: 5, activation: softmax}\n"
                       "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy],\n"
                       "  optimizer: %s, batch_size: %d, epochs: %d}\n",
                       optimizer, BATCH, EPOCHS),
        data);
}

/* Rows to train on and rows to validate on. */
static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(ROWS, 7, 5, RNL_FLOAT32);
    rnl_data *other = fixture_data(20, 7, 5, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

typedef struct journal {
    uint64_t stop_at;
    char text[4096]; /* epoch by epoch: loss, accuracy, validation loss as bits */
} journal;

static int on_step(const rnl_progress *progress, void *user)
{
    const journal *j = user;
    return progress->step == j->stop_at;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    journal *j = user;
    char line[128];
    snprintf(line, sizeof line, "%zu %a %a %a\n", progress->epoch, progress->figures[0].value,
             progress->figures[1].value, progress->figures[2].value);
    strcat(j->text, line);
    return 0;
}

static rnl_status train(rnl_model *model, const rnl_data *data, size_t threads, journal *j)
{
    const rnl_options options = {
        .threads = threads, .on_step = on_step, .on_epoch = on_epoch, .user = j};
    return rnl_train(model, data, &options);
}

ParameterizedTestParameters(resume, ends_where_it_would_have_ended)
{
    static char optimizers[][64] = {
        "sgd",    "momentum", "nesterov", "adam",    "adamw",
        "adamax", "nadam",    "adagrad",  "rmsprop", "{rmsprop: {momentum: 0.9, centered: true}}"};
    return cr_make_param_array(char[64], optimizers, sizeof optimizers / sizeof *optimizers);
}

/* Stopped in the middle of an epoch, after its last step, and after the first step of all. */
ParameterizedTest(char (*optimizer)[64], resume, ends_where_it_would_have_ended)
{
    static const uint64_t stops[] = {1, 4, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 2,
                                     EPOCHS * STEPS_PER_EPOCH - 1};
    rnl_data *data = create_data();
    rnl_model *whole = create_model(data, *optimizer);
    journal expected = {0};
    cr_assert_eq(train(whole, data, 2, &expected), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_step(whole), 0);

    journal got = {0};
    rnl_model *model = create_model(data, *optimizer);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; ++i) {
        got.stop_at = stops[i];
        cr_assert_eq(train(model, data, 1 + i, &got), RNL_STOPPED, "%s", rnl_message());
        cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
        rnl_model_free(model);
        cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_model_step(model), stops[i]);
    }
    got.stop_at = 0;
    cr_assert_eq(train(model, data, 3, &got), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), fixture_hash(whole));
    cr_expect_str_eq(got.text, expected.text);

    /* The files are equal byte for byte as well. */
    cr_assert_eq(rnl_model_save(model, path), RNL_OK);
    cr_assert_eq(rnl_model_save(whole, "whole"), RNL_OK);
    char command[512];
    snprintf(command, sizeof command, "cmp %s whole", path);
    cr_expect_eq(system(command), 0);
    rnl_model_free(model);
    rnl_model_free(whole);
    rnl_data_free(data);
}

/* A file whose configuration asks for 10^15 bytes that it does not have. */
Test(resume, nothing_is_allocated_that_the_file_does_not_hold)
{
    static const char *const wide[] = {"model.0.dense.units=16777216",
                                       "model.1.dense.units=16777216"};
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, "sgd"), *loaded = NULL;
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_load(&loaded, path, wide, 2), RNL_BAD_DATA);
    cr_expect(strstr(rnl_message(), "dense_1.kernel does not have the shape"), "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}

/* rnl_stop before training lets one step pass; what the checkpoint option saves is what stands. */
Test(resume, stop_request_saves_a_checkpoint)
{
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, "momentum");
    rnl_stop(model);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2, .checkpoint = path}),
                 RNL_STOPPED);
    cr_expect_eq(strncmp(rnl_message(), "stopped after step 1, saved in checkpoint", 41), 0, "%s",
                 rnl_message());
    rnl_model *saved = NULL;
    cr_assert_eq(rnl_model_load(&saved, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_step(saved), 1);
    cr_expect_eq(fixture_hash(saved), fixture_hash(model));
    rnl_model_free(saved);

    /* Trained on, the checkpoint of the last epoch's end is kept beside the one before. */
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 2, .checkpoint = path}),
                 RNL_OK);
    cr_assert_eq(rnl_model_load(&saved, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_step(saved), EPOCHS * STEPS_PER_EPOCH);
    rnl_model_free(saved);
    cr_assert_eq(rnl_model_load(&saved, "checkpoint.safetensors.previous", NULL, 0), RNL_OK, "%s",
                 rnl_message());
    cr_expect_lt(rnl_model_step(saved), EPOCHS * STEPS_PER_EPOCH);
    rnl_model_free(saved);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Changes the bit of the file, in place. */
static void flip(char *bytes, size_t bit)
{
    FILE *file = fopen(path, "r+b");
    cr_assert_not_null(file);
    bytes[bit / 8] ^= (char)(1 << bit % 8);
    cr_assert_eq(fseek(file, (long)(bit / 8), SEEK_SET), 0);
    cr_assert_eq(fputc(bytes[bit / 8], file), (unsigned char)bytes[bit / 8]);
    cr_assert_eq(fclose(file), 0);
}

static void expect_refused(const rnl_config *config, const char *what, size_t at)
{
    rnl_model *model = NULL;
    cr_expect_eq(rnl_model_resume(&model, path, config), RNL_BAD_DATA, "%s %zu", what, at);
    cr_assert_null(model);
}

/* Whatever bit is wrong, wherever the file ends, training does not go on from it. */
Test(resume, damaged_checkpoint_is_refused)
{
    rnl_data *data = create_data();
    rnl_config *config = fixture_config("model: [dense: {units: 5, activation: softmax}]\n"
                                        "training: {loss: sparse_categorical_crossentropy,\n"
                                        "  optimizer: momentum}\n");
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK, "%s", rnl_message());
    rnl_stop(model);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = 1, .checkpoint = path}),
                 RNL_STOPPED);
    rnl_model_free(model);
    cr_assert_eq(rnl_model_resume(&model, path, config), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);

    static char bytes[1 << 14];
    FILE *file = fopen(path, "rb");
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert(count > 1000 && count < sizeof bytes);
    for (size_t bit = 0; bit < 8 * count; ++bit) {
        flip(bytes, bit);
        expect_refused(config, "bit", bit);
        flip(bytes, bit);
    }
    for (size_t length = count; length-- > 0;) {
        cr_assert_eq(truncate(path, (off_t)length), 0);
        expect_refused(config, "length", length);
    }
    rnl_config_free(config);
    rnl_data_free(data);
}

static int save_model(const rnl_progress *progress, void *user)
{
    return progress->epoch == 1 && rnl_model_save(user, path) != RNL_OK;
}

/* What a callback saves is where the model was last collected: whole, if not new. */
Test(resume, saving_in_a_callback_is_consistent)
{
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, "adam"), *saved = NULL;
    const uint64_t before = fixture_hash(model);
    const rnl_options options = {.threads = 2, .on_epoch = save_model, .user = model};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_load(&saved, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_model_step(saved), 0);
    cr_expect_eq(fixture_hash(saved), before);
    rnl_model_free(saved);
    rnl_model_free(model);
    rnl_data_free(data);
}

static void expect_step(const char *file, uint64_t step)
{
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_load(&model, file, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(model->position.step, step, "%s", file);
    rnl_model_free(model);
}

/* A damaged checkpoint does not take the place of the whole one before it, and a link that stands
 * where the next is written is not followed. */
Test(resume, checkpoints_replace_no_good_one_by_a_damaged_one)
{
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, "sgd");
    static const char previous[] = "checkpoint.safetensors.previous",
                      next[] = "checkpoint.safetensors.next";
    journal j = {.stop_at = 3};
    cr_assert_eq(train(model, data, 1, &j), RNL_STOPPED);
    cr_assert_eq(symlink(previous, next), 0);
    for (uint64_t step = 1; step <= 2; ++step) {
        model->position.step = step;
        cr_assert_eq(rnl_model_save_keeping(model, path, false), RNL_OK, "%s", rnl_message());
        cr_expect_eq(access(previous, F_OK) == 0, step == 2);
    }
    expect_step(previous, 1);
    cr_assert_eq(truncate(path, 200), 0);
    model->position.step = 3;
    cr_assert_eq(rnl_model_save_keeping(model, path, false), RNL_OK, "%s", rnl_message());
    expect_step(path, 3);
    expect_step(previous, 1);
    rnl_model_free(model);
    rnl_data_free(data);
}
