/*
 * The range test of the learning rate: against a closed form, and in what must not hang on it.
 */
#include "engine/training/find_rate.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One weight on two rows with the same input: y = w x with a squared error. */
static rnl_model *create_line(rnl_data **data, const float x[2], const float y[2])
{
    static const size_t shape[] = {1};
    const rnl_rows rows = {
        .rows = 2, .rank = 1, .shape = shape, .floats = x, .values = y, .value_columns = 1};
    cr_assert_eq(rnl_data_create(data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return fixture_model(
        fixture_config("model: [dense: {units: 1, use_bias: false, kernel_initializer: zeros}]\n"
                       "training: {loss: mean_squared_error, optimizer: sgd, batch_size: 2}\n"),
        *data);
}

/* The loss is the square of the distance to the mean target, 1, and their variance, 4; a step of
 * rate r multiplies the distance by 1 - 2 r x^2. */
Test(find_rate, closed_form)
{
    static const float x[] = {1.5F, 1.5F}, y[] = {3, -1};
    rnl_data *data = NULL;
    rnl_model *model = create_line(&data, x, y);
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {0.3, 4, 40};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK, "%s",
                 rnl_message());
    double distance = 1, smoothed = 0, weight = 0, lowest = INFINITY, lowest_rate = 0,
           turn_rate = 0;
    const double kept = 1 - 25.0 / 40;
    for (size_t i = 0; i < found->count; ++i) {
        const rnl_rate_point *point = &found->points[i];
        const double rate = 0.3 * pow(4 / 0.3, (double)i / 39), loss = distance * distance + 4;
        smoothed = kept * smoothed + (1 - kept) * loss;
        weight = kept * weight + (1 - kept);
        cr_expect_float_eq(point->learning_rate, rate, 1e-12 * rate);
        cr_expect_float_eq(point->loss, loss, 1e-4 * loss, "step %zu: %g, not %g", i, point->loss,
                           loss);
        cr_expect_float_eq(point->smoothed, smoothed / weight, 1e-4 * smoothed / weight);
        if (smoothed / weight < lowest) {
            lowest = smoothed / weight;
            lowest_rate = rate;
        }
        if (smoothed / weight <= 1.25 * lowest)
            turn_rate = rate;
        distance *= 1 - 2 * rate * 1.5 * 1.5;
    }
    cr_expect_lt(found->count, 40);
    cr_expect(found->diverged);
    cr_expect_gt(smoothed / weight, 4 * lowest);
    cr_expect_float_eq(found->points[found->lowest].learning_rate, lowest_rate, 1e-9);
    cr_expect_float_eq(found->learning_rate, turn_rate / 10, 1e-9);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* The range begins at a rate at which the error grows at once. */
Test(find_rate, no_rate_is_suggested_where_the_loss_never_falls)
{
    static const float x[] = {1.5F, 1.5F}, y[] = {3, 3};
    rnl_data *data = NULL;
    rnl_model *model = create_line(&data, x, y);
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {1, 1e6, 0};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK);
    cr_expect(isnan(found->learning_rate));
    cr_expect(found->diverged);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* A range that ends before the loss climbs still suggests a rate, and says so. */
Test(find_rate, tells_that_the_range_ended_first)
{
    static const float x[] = {1.5F, 1.5F}, y[] = {3, 3};
    rnl_data *data = NULL;
    rnl_model *model = create_line(&data, x, y);
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {1e-4, 1e-2, 0};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK);
    cr_expect_float_eq(found->learning_rate, 1e-3, 1e-9);
    cr_expect_gt(found->fall, 0.5);
    cr_assert_not_null(found->remark);
    cr_expect(strstr(found->remark, "the range ended at 0.01") != NULL, "%s", found->remark);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Mini-batches of targets 0.1 and 10 in turns, at rates at which nothing is learned.  The losses,
 * 0.01 and 100, have diverged at the second step already; the search looks after the fourth, a 25th
 * of all. */
Test(find_rate, nothing_diverges_before_losses_are_smoothed)
{
    static const float x[] = {1, 1, 1, 1}, y[] = {0.1F, 0.1F, 10, 10};
    const rnl_rows rows = {.rows = 4,
                           .rank = 1,
                           .shape = (const size_t[]){1},
                           .floats = x,
                           .values = y,
                           .value_columns = 1};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: 1, use_bias: false, kernel_initializer: zeros}]\n"
                       "training: {loss: mean_squared_error, optimizer: sgd, batch_size: 2,\n"
                       "           shuffle: false}\n"),
        data);
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {1e-9, 1e-8, 100};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK);
    cr_expect(found->diverged);
    cr_expect_eq(found->count, 4);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Rates too small to change a weight: a loss that stands still did not rise either. */
Test(find_rate, a_loss_that_stands_still_is_nothing_learned)
{
    static const float x[] = {1.5F, 1.5F}, y[] = {3, -1};
    rnl_data *data = NULL;
    rnl_model *model = create_line(&data, x, y);
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {1e-12, 1e-11, 50};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK);
    cr_expect(isnan(found->learning_rate) && !found->diverged && found->lowest == 0);
    cr_assert_not_null(found->remark);
    cr_expect(strstr(found->remark, "does not learn") != NULL, "%s", found->remark);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* Inputs of 0 by themselves, and by their scaling. */
Test(find_rate, no_rate_is_suggested_where_there_is_nothing_to_learn)
{
    static const struct {
        const char *data, *layers, *remark;
        float input;
    } cases[] = {
        {"none", "dense: {units: 5, activation: softmax}", "all inputs are 0", 0},
        {"standardize", "dense: {units: 5, activation: softmax}", "all inputs are 0", 7},
        {"none",
         "dense: {units: 20, kernel_initializer: zeros, activation: relu}, "
         "dense: {units: 5, kernel_initializer: zeros, use_bias: false, activation: softmax}",
         "does not learn", 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        rnl_data *data = fixture_data(200, 7, 5, RNL_FLOAT32);
        for (size_t i = 0; i < 200 * 7; ++i)
            ((float *)data->train.inputs)[i] = cases[c].input;
        rnl_model *model = fixture_model(
            fixture_config("data: {scaling: %s}\nmodel: [%s]\n"
                           "training: {loss: sparse_categorical_crossentropy, epochs: 2,\n"
                           "  optimizer: {sgd: {momentum: 0.9}},\n"
                           "  schedule: {one_cycle: {max_rate: auto}}}\n",
                           cases[c].data, cases[c].layers),
            data);
        rnl_rate_search *found = NULL;
        cr_assert_eq(rnl_find_learning_rate(model, data, NULL, NULL, &found), RNL_OK, "%s",
                     rnl_message());
        cr_expect(isnan(found->learning_rate), "%zu: %g", c, found->learning_rate);
        cr_assert_not_null(found->remark);
        cr_expect(strstr(found->remark, cases[c].remark) != NULL, "%s", found->remark);
        cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
        cr_expect(strstr(rnl_message(), cases[c].remark) != NULL, "%s", rnl_message());
        rnl_rate_search_free(found);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

#define EPOCHS 3

static rnl_config *noise_config(const char *schedule)
{
    return fixture_config(
        "model: [dense: {units: 60, activation: elu}, batch_normalization, dropout: {rate: 0.2},\n"
        "        dense: {units: 5, activation: softmax}]\n"
        "training: {loss: sparse_categorical_crossentropy, optimizer: nadam, batch_size: 16,\n"
        "           epochs: %d, schedule: {%s}}\n",
        EPOCHS, schedule);
}

static rnl_data *create_data(void)
{
    return fixture_data(200, 7, 5, RNL_FLOAT32);
}

static uint64_t train(rnl_model *model, const rnl_data *data, size_t threads)
{
    const rnl_options options = {.threads = threads};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    return fixture_hash(model);
}

static int keep_loss(const rnl_progress *progress, void *user)
{
    ((double *)user)[progress->epoch - 1] = progress->figures[0].value;
    return 0;
}

/* What is found does not hang on the number of workers, nor what is trained afterwards on it. */
Test(find_rate, leaves_no_trace)
{
    rnl_data *data = create_data();
    rnl_model *model = fixture_model(noise_config("exponential: {steps: 2}"), data);
    const uint64_t before = fixture_hash(model);
    rnl_rate_search *first = NULL;
    for (size_t threads = 1; threads <= 5; threads += 2) {
        const rnl_options options = {.threads = threads};
        rnl_rate_search *found = NULL;
        cr_assert_eq(rnl_find_learning_rate(model, data, NULL, &options, &found), RNL_OK);
        first = first ? first : found;
        cr_expect_eq(found->count, first->count);
        cr_expect_eq(memcmp(found->points, first->points, found->count * sizeof *found->points), 0,
                     "%zu workers", threads);
        if (found != first)
            rnl_rate_search_free(found);
    }
    rnl_rate_search_free(first);
    cr_expect_eq(fixture_hash(model), before);
    rnl_model *untested = fixture_model(noise_config("exponential: {steps: 2}"), data);
    cr_expect_eq(train(model, data, 2), train(untested, data, 2));
    rnl_model_free(model);
    rnl_model_free(untested);
    rnl_data_free(data);
}

/* With a rate that does not grow, the steps are those of an epoch: 12 of 16 rows, one of 8. */
Test(find_rate, trains_as_training_does)
{
    rnl_data *data = create_data();
    rnl_model *model = fixture_model(noise_config("exponential: {steps: 1e9}"), data);
    rnl_rate_search *found = NULL;
    const rnl_rate_range range = {0.001, 0.001 * (1 + 1e-12), 13};
    cr_assert_eq(rnl_find_learning_rate(model, data, &range, NULL, &found), RNL_OK);
    cr_assert_eq(found->count, 13);
    double sum = 0, losses[EPOCHS];
    for (size_t i = 0; i < 13; ++i)
        sum += found->points[i].loss * (i < 12 ? 16 : 8);
    const rnl_options options = {.on_epoch = keep_loss, .user = losses};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK);
    cr_expect_float_eq(sum / 200, losses[0], 1e-12, "%.15g, not %.15g", sum / 200, losses[0]);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == *(const uint64_t *)user;
}

/* `auto` trains as the number that the test suggests does; killed and resumed, too. */
Test(find_rate, one_cycle_takes_it)
{
    rnl_data *data = create_data();
    rnl_model *automatic = fixture_model(noise_config("one_cycle"), data);
    rnl_rate_search *found = NULL;
    cr_assert_eq(rnl_find_learning_rate(automatic, data, NULL, NULL, &found), RNL_OK);
    char schedule[80];
    snprintf(schedule, sizeof schedule, "one_cycle: {max_rate: %.17g}", found->learning_rate);
    rnl_model *given = fixture_model(noise_config(schedule), data);
    const uint64_t expected = train(given, data, 1);
    cr_expect_eq(train(automatic, data, 3), expected);

    char path[] = "/tmp/runnel_find_rate_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    uint64_t stop = 20;
    rnl_config *config = noise_config("one_cycle: {max_rate: auto}");
    rnl_model *stopped = NULL, *resumed = NULL;
    cr_assert_eq(rnl_model_create(&stopped, config, data), RNL_OK);
    const rnl_options options = {
        .threads = 2, .checkpoint = path, .on_step = stop_at, .user = &stop};
    cr_assert_eq(rnl_train(stopped, data, &options), RNL_STOPPED, "%s", rnl_message());
    cr_assert_eq(rnl_model_resume(&resumed, path, config), RNL_OK, "%s", rnl_message());
    cr_expect_eq(train(resumed, data, 4), expected);
    unlink(path);

    rnl_rate_search_free(found);
    rnl_config_free(config);
    rnl_model_free(automatic);
    rnl_model_free(given);
    rnl_model_free(stopped);
    rnl_model_free(resumed);
    rnl_data_free(data);
}

Test(find_rate, refuses_a_loss_that_is_infinite_from_the_beginning)
{
    static const float x[] = {1, 1}, y[] = {1e30F, 1e30F};
    rnl_data *data = NULL;
    rnl_model *model = create_line(&data, x, y);
    rnl_rate_search *found = NULL;
    cr_expect_eq(rnl_find_learning_rate(model, data, NULL, NULL, &found), RNL_NOT_FINITE);
    cr_expect_null(found);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(find_rate, mistakes)
{
    static const rnl_rate_range ranges[] = {{1, 0.5, 10},         {-1, 1, 10}, {NAN, 1, 10},
                                            {1e-3, INFINITY, 10}, {0, 0, 1},   {0, 0, 1000001}};
    rnl_data *data = create_data(), *nothing = NULL;
    rnl_model *model = fixture_model(noise_config("one_cycle"), data);
    rnl_rate_search *found = NULL;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; ++i)
        cr_expect_eq(rnl_find_learning_rate(model, data, &ranges[i], NULL, &found), RNL_BAD_CONFIG,
                     "range %zu", i);
    cr_assert_eq(rnl_data_create(&nothing, NULL, NULL, NULL), RNL_OK);
    cr_expect_eq(rnl_find_learning_rate(model, nothing, NULL, NULL, &found), RNL_BAD_DATA);
    uint64_t stop = 3;
    const rnl_options stopping = {.on_step = stop_at, .user = &stop};
    cr_expect_eq(rnl_find_learning_rate(model, data, NULL, &stopping, &found), RNL_STOPPED);
    cr_expect_null(found);
    rnl_model_free(model);
    rnl_data_free(data);
    rnl_data_free(nothing);
}

/* Inputs so large that the least rate makes the error grow. */
Test(find_rate, one_cycle_says_that_there_is_none)
{
    static const float x[] = {1e4F, 1e4F}, y[] = {3, 3};
    rnl_data *data = NULL;
    rnl_model *line = create_line(&data, x, y);
    rnl_model *model = fixture_model(
        fixture_config("model: [dense: {units: 1, use_bias: false, kernel_initializer: zeros}]\n"
                       "training: {loss: mean_squared_error, optimizer: sgd,\n"
                       "           schedule: one_cycle}\n"),
        data);
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(),
                     "test.yaml:3:22: schedule one_cycle: max_rate: a range test from 1e-5 to 10 "
                     "suggests no rate: the smoothed loss was lowest at the first, 1e-05; begin "
                     "lower; or give a number");
    rnl_model_free(line);
    rnl_model_free(model);
    rnl_data_free(data);
}
