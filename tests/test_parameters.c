/*
 * Parameters by name: described, read, set and copied, at rest and in the callbacks of a training.
 */
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 100, FEATURES = 7, CLASSES = 5, UNITS = 130, BATCH = 20, KERNEL = FEATURES * UNITS };

/* Two column blocks, four optimizer arrays and moving statistics; 5 steps an epoch. */
static rnl_model *create(const rnl_data *data, const char *optimizer, int epochs)
{
    return fixture_model(
        fixture_config(
            "model: [dense: {units: %d, activation: elu, kernel_regularizer: {l2: 0.5}},\n"
            "        batch_normalization, dense: {units: %d, activation: softmax}]\n"
            "training: {loss: sparse_categorical_crossentropy, optimizer: %s,\n"
            "           batch_size: %d, epochs: %d}\n",
            UNITS, CLASSES, optimizer, BATCH, epochs),
        data);
}

/* ---- at rest --------------------------------------------------------------------------------- */

Test(parameters, are_described_in_order)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = create(data, "adam", 1);
    static const struct {
        const char *name;
        size_t rank, shape[2], count;
        int fixed;
    } expected[] = {
        {"dense_1.kernel", 2, {FEATURES, UNITS}, KERNEL, 0},
        {"dense_1.bias", 1, {UNITS, 1}, UNITS, 0},
        {"batch_normalization_1.gamma", 1, {UNITS, 1}, UNITS, 0},
        {"batch_normalization_1.beta", 1, {UNITS, 1}, UNITS, 0},
        {"batch_normalization_1.moving_mean", 1, {UNITS, 1}, UNITS, 1},
        {"batch_normalization_1.moving_variance", 1, {UNITS, 1}, UNITS, 1},
        {"dense_2.kernel", 2, {UNITS, CLASSES}, UNITS * CLASSES, 0},
        {"dense_2.bias", 1, {CLASSES, 1}, CLASSES, 0},
    };
    const size_t count = sizeof expected / sizeof *expected;
    rnl_parameter_description d;
    cr_assert_eq(rnl_model_parameter_count(model), count);
    for (size_t i = 0; i < count; ++i) {
        cr_assert_eq(rnl_model_describe_parameter(model, i, &d), RNL_OK);
        cr_expect_str_eq(d.name, expected[i].name);
        cr_expect_eq(d.rank, expected[i].rank);
        cr_expect_eq(memcmp(d.shape, expected[i].shape, sizeof d.shape), 0);
        cr_expect_eq(d.count, expected[i].count);
        cr_expect_eq(d.fixed, expected[i].fixed);
    }
    cr_expect_eq(rnl_model_describe_parameter(model, count, &d), RNL_BAD_CONFIG);
    rnl_model_free(model);
    rnl_data_free(data);
}

static void expect_message(const char *part)
{
    cr_expect(strstr(rnl_message(), part) != NULL, "'%s' is not in '%s'", part, rnl_message());
}

Test(parameters, are_read_and_set_by_name)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *model = create(data, "adam", 1);
    float kernel[KERNEL], back[KERNEL];
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.kernel", kernel, KERNEL), RNL_OK);
    cr_expect_eq(memcmp(kernel, model->layers[0].parameters[0].arrays[RNL_VALUES], sizeof kernel),
                 0);
    kernel[5] = 0.25f;
    cr_assert_eq(rnl_model_set_parameter(model, "dense_1.kernel", kernel, KERNEL), RNL_OK);
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.kernel", back, KERNEL), RNL_OK);
    cr_expect_eq(memcmp(kernel, back, sizeof kernel), 0);
    cr_expect_eq(rnl_model_get_parameter(model, "dense_1.kernal", back, KERNEL), RNL_BAD_CONFIG);
    expect_message("no parameter 'dense_1.kernal'; did you mean 'dense_1.kernel'?");
    cr_expect_eq(rnl_model_get_parameter(model, "dense_1.kernel", back, 3), RNL_BAD_DATA);
    expect_message("dense_1.kernel: expected its 7 x 130 numbers, got 3");
    kernel[9] = NAN;
    cr_expect_eq(rnl_model_set_parameter(model, "dense_1.kernel", kernel, KERNEL), RNL_BAD_DATA);
    expect_message("dense_1.kernel: expected finite numbers, got nan at 9");
    cr_assert_eq(rnl_model_get_parameter(model, "dense_1.kernel", kernel, KERNEL), RNL_OK);
    cr_expect_eq(memcmp(kernel, back, sizeof kernel), 0, "a refused value is not set");
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(parameters, are_copied_between_models)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    rnl_model *from = create(data, "adam", 1), *to = create(data, "sgd", 1);
    rnl_model *narrow = fixture_model(
        fixture_config("model: [dense: {units: %d}, batch_normalization, dense: {units: 4}]\n"
                       "training: {loss: mean_squared_error, optimizer: sgd}\n",
                       UNITS),
        &(const rnl_data){.train = {.rows = ROWS,
                                    .features = FEATURES,
                                    .rank = 1,
                                    .shape = {FEATURES},
                                    .inputs = data->train.inputs,
                                    .element = RNL_FLOAT32,
                                    .name = data->train.name}});
    cr_assert_eq(rnl_train(from, data, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_neq(fixture_hash(to), fixture_hash(from));
    cr_assert_eq(rnl_model_copy_parameters(to, from), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(to), fixture_hash(from));
    const uint64_t before = fixture_hash(narrow);
    cr_expect_eq(rnl_model_copy_parameters(narrow, from), RNL_BAD_DATA);
    expect_message("dense_2.kernel: expected 130 x 4 numbers, got 130 x 5");
    cr_expect_eq(fixture_hash(narrow), before, "a refused copy copies nothing");
    rnl_model_free(from);
    rnl_model_free(to);
    rnl_model_free(narrow);
    rnl_data_free(data);
}

/* ---- in training ----------------------------------------------------------------------------- */

/* What a callback does at one step. */
typedef struct visit {
    rnl_model *model, *other;
    uint64_t step; /* at which it acts */
    bool sets, stops;
    float kernel[KERNEL];
    double loss;
    rnl_status status;
} visit;

/* Halves the first kernel: what a program might do that makes a decay of its own. */
static rnl_status halve(rnl_model *model)
{
    float kernel[KERNEL];
    rnl_status status = rnl_model_get_parameter(model, "dense_1.kernel", kernel, KERNEL);
    for (size_t i = 0; i < KERNEL; ++i)
        kernel[i] /= 2;
    if (status == RNL_OK)
        status = rnl_model_set_parameter(model, "dense_1.kernel", kernel, KERNEL);
    return status;
}

static int on_step(const rnl_progress *progress, void *user)
{
    visit *v = user;
    v->loss = progress->figures[0].value;
    if (progress->step != v->step)
        return 0;
    v->status = rnl_model_get_parameter(v->model, "dense_1.kernel", v->kernel, KERNEL);
    if (v->sets && v->status == RNL_OK)
        v->status = halve(v->model);
    if (v->other && v->status == RNL_OK)
        v->status = rnl_model_copy_parameters(v->other, v->model);
    return v->stops;
}

/* The model after a training with the callback at a step. */
static rnl_model *train(const rnl_data *data, visit *v, size_t threads)
{
    const rnl_options options = {.threads = threads, .on_step = on_step, .user = v};
    v->model = create(data, "adam", 2);
    const rnl_status status = rnl_train(v->model, data, &options);
    cr_assert_eq(status, v->stops ? RNL_STOPPED : RNL_OK, "%s", rnl_message());
    cr_assert_eq(v->status, RNL_OK, "%s", rnl_message());
    return v->model;
}

/* The kernel that a callback reads is that of a training which ends there. */
Test(parameters, are_read_between_two_steps)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    for (size_t threads = 1; threads <= 3; ++threads) {
        visit reads = {.step = 7}, stops = {.step = 7, .stops = true}, none = {0};
        rnl_model *model = train(data, &reads, threads), *stopped = train(data, &stops, threads),
                  *alone = train(data, &none, threads);
        cr_expect_eq(memcmp(reads.kernel, stopped->layers[0].parameters[0].arrays[RNL_VALUES],
                            sizeof reads.kernel),
                     0);
        cr_expect_eq(fixture_hash(model), fixture_hash(alone), "reading changes nothing");
        rnl_model_free(model);
        rnl_model_free(stopped);
        rnl_model_free(alone);
    }
    rnl_data_free(data);
}

/* Layers of a few milliseconds a step: other workers still update when the callback runs. */
static rnl_model *create_wide(const rnl_data *data)
{
    return fixture_model(
        fixture_config("model: [dense: {units: 900, activation: elu}, dense: {units: 900},\n"
                       "        dense: {units: %d, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, optimizer: adam,\n"
                       "           batch_size: %d}\n",
                       CLASSES, BATCH),
        data);
}

typedef struct wide_visit {
    rnl_model *model;
    float *kernel; /* (900, 900), NULL: the training stops */
} wide_visit;

static int on_wide_step(const rnl_progress *progress, void *user)
{
    const wide_visit *v = user;
    if (progress->step != 3)
        return 0;
    return v->kernel == NULL ||
           rnl_model_get_parameter(v->model, "dense_2.kernel", v->kernel, 900 * 900) != RNL_OK;
}

Test(parameters, wait_for_the_other_workers)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    wide_visit stops = {.model = create_wide(data)},
               reads = {.model = create_wide(data), .kernel = malloc(900 * 900 * sizeof(float))};
    rnl_options options = {.threads = 3, .on_step = on_wide_step, .user = &stops};
    cr_assert_eq(rnl_train(stops.model, data, &options), RNL_STOPPED);
    options.user = &reads;
    cr_assert_eq(rnl_train(reads.model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_eq(memcmp(stops.model->layers[1].parameters[0].arrays[RNL_VALUES], reads.kernel,
                        900 * 900 * sizeof(float)),
                 0);
    free(reads.kernel);
    rnl_model_free(stops.model);
    rnl_model_free(reads.model);
    rnl_data_free(data);
}

/* Training goes on from what a callback sets as from what is set while training is stopped there:
 * weights, optimizer's state and the penalty in the next step's loss. */
Test(parameters, are_set_between_two_steps)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    uint64_t hash = 0;
    for (size_t threads = 1; threads <= 3; ++threads) {
        visit sets = {.step = 6, .sets = true}, stops = {.step = 6, .stops = true};
        rnl_model *model = train(data, &sets, threads), *stopped = train(data, &stops, threads);
        cr_assert_eq(halve(stopped), RNL_OK);
        stops.stops = false;
        const rnl_options options = {.threads = threads, .on_step = on_step, .user = &stops};
        stops.step = 0;
        cr_assert_eq(rnl_train(stopped, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect_eq(fixture_hash(model), fixture_hash(stopped));
        cr_expect_eq(sets.loss, stops.loss);
        cr_expect(threads == 1 || hash == fixture_hash(model), "on %zu workers", threads);
        hash = fixture_hash(model);
        rnl_model_free(model);
        rnl_model_free(stopped);
    }
    rnl_data_free(data);
}

/* A stop in the callback that sets keeps what it set. */
Test(parameters, are_kept_by_a_stop)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    visit v = {.step = 6, .sets = true, .stops = true};
    rnl_model *model = train(data, &v, 2);
    const float *kernel = model->layers[0].parameters[0].arrays[RNL_VALUES];
    for (size_t i = 0; i < KERNEL; ++i)
        cr_assert_eq(kernel[i], v.kernel[i] / 2);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A second network that follows the one in training. */
Test(parameters, are_copied_out_of_a_training)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    visit copies = {.step = 8, .other = create(data, "sgd", 1)}, stops = {.step = 8, .stops = true};
    rnl_model *model = train(data, &copies, 2), *stopped = train(data, &stops, 2);
    cr_expect_eq(fixture_hash(copies.other), fixture_hash(stopped));
    rnl_model_free(copies.other);
    rnl_model_free(model);
    rnl_model_free(stopped);
    rnl_data_free(data);
}

/* ---- in the other callbacks ------------------------------------------------------------------ */

typedef struct others {
    rnl_model *model;
    rnl_status begin, epoch, log;
} others;

static int on_begin(void *user)
{
    others *o = user;
    o->begin = halve(o->model);
    return 0;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    others *o = user;
    if (progress->epoch == 1)
        o->epoch = halve(o->model);
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    others *o = user;
    if (strstr(text, "MB: parameters"))
        o->log = halve(o->model);
}

/* Set before the first step and after the first epoch; refused while a message is given. */
Test(parameters, are_set_before_and_between_epochs)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    others o = {.model = create(data, "adam", 2)};
    const rnl_options options = {
        .threads = 2, .on_begin = on_begin, .on_epoch = on_epoch, .on_log = on_log, .user = &o};
    visit stops = {.model = create(data, "adam", 2), .step = 5, .stops = true};
    cr_assert_eq(halve(stops.model), RNL_OK);
    cr_assert_eq(rnl_train(o.model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_eq(o.begin, RNL_OK);
    cr_expect_eq(o.epoch, RNL_OK);
    cr_expect_eq(o.log, RNL_BAD_CONFIG);
    const rnl_options stopping = {.threads = 2, .on_step = on_step, .user = &stops};
    cr_assert_eq(rnl_train(stops.model, data, &stopping), RNL_STOPPED);
    cr_assert_eq(halve(stops.model), RNL_OK);
    cr_assert_eq(rnl_train(stops.model, data, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(o.model), fixture_hash(stops.model));
    rnl_model_free(o.model);
    rnl_model_free(stops.model);
    rnl_data_free(data);
}
