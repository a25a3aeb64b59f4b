/*
 * `learning_rate: auto`: what the range test suggests, found once.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 200, FEATURES = 7, CLASSES = 5 };

static rnl_config *config_with(const char *optimizer, const char *more)
{
    return fixture_config("model: [dense: {units: 12, activation: tanh},\n"
                          "        dense: {units: %d, activation: softmax}]\n"
                          "training: {loss: sparse_categorical_crossentropy, batch_size: 16,\n"
                          "           epochs: 4, seed: 3, optimizer: {%s}%s}\n",
                          CLASSES, optimizer, more);
}

typedef struct journal {
    uint64_t stop_at; /* a step */
    size_t searches;  /* told in the log */
    double rate;      /* of the first epoch */
} journal;

static int stop(const rnl_progress *progress, void *user)
{
    return progress->step == ((const journal *)user)->stop_at;
}

static void count_searches(rnl_log_level level, const char *text, void *user)
{
    (void)level;
    ((journal *)user)->searches += strstr(text, "learning_rate ") && strstr(text, "range test");
}

static int keep_rate(const rnl_progress *progress, void *user)
{
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (progress->epoch == 1 && strcmp(progress->figures[i].name, "learning_rate") == 0)
            ((journal *)user)->rate = progress->figures[i].value;
    return 0;
}

static rnl_status train(rnl_model *model, const rnl_data *data, size_t threads, journal *j,
                        const char *checkpoint)
{
    const rnl_options options = {.threads = threads,
                                 .on_step = stop,
                                 .on_epoch = keep_rate,
                                 .on_log = count_searches,
                                 .checkpoint = checkpoint,
                                 .user = j};
    return rnl_train(model, data, &options);
}

/* As if the suggested number were written, on any number of workers, and stopped in between. */
static void check(const char *kind, const char *parameters, const char *more)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    char automatic[128], given[128], path[] = "/tmp/runnel_auto_rate_XXXXXX";
    snprintf(automatic, sizeof automatic, "%s: {learning_rate: auto%s}", kind, parameters);
    rnl_config *config = config_with(automatic, more);
    rnl_model *model = NULL, *stopped = NULL, *resumed = NULL;
    rnl_rate_search *found = NULL;
    cr_assert_eq(rnl_model_create(&model, config, data), RNL_OK);
    cr_assert_eq(rnl_model_create(&stopped, config, data), RNL_OK);
    cr_assert_eq(rnl_find_learning_rate(model, data, NULL, NULL, &found), RNL_OK);
    snprintf(given, sizeof given, "%s: {learning_rate: %.17g%s}", kind, found->learning_rate,
             parameters);
    rnl_model *expected = fixture_model(config_with(given, more), data);

    journal whole = {0}, plain = {0}, first = {.stop_at = 20}, rest = {0};
    cr_assert_eq(train(expected, data, 1, &plain, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(train(model, data, 3, &whole, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), fixture_hash(expected), "%s", kind);
    cr_expect_eq(whole.rate, plain.rate, "%s: %g, %g", kind, whole.rate, plain.rate);
    cr_expect(whole.searches == 1 && plain.searches == 0, "%zu", whole.searches);

    cr_assert_geq(mkstemp(path), 0);
    cr_assert_eq(train(stopped, data, 2, &first, path), RNL_STOPPED);
    cr_assert_eq(rnl_model_resume(&resumed, path, config), RNL_OK, "%s", rnl_message());
    cr_assert_eq(train(resumed, data, 4, &rest, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(resumed), fixture_hash(expected), "%s", kind);
    cr_expect_eq(rest.searches, 0, "%s", kind);
    unlink(path);
    rnl_rate_search_free(found);
    rnl_model_free(model);
    rnl_model_free(stopped);
    rnl_model_free(resumed);
    rnl_model_free(expected);
    rnl_config_free(config);
    rnl_data_free(data);
}

Test(auto_rate, is_what_the_range_test_suggests)
{
    check("sgd", "", "");
    check("nesterov", "", ", schedule: {exponential: {steps: 3}}");
    check("adam", ", beta_1: 0.8", "");
    check("adamw", "", ", schedule: cosine");
    check("nadam", "", ", schedule: {formula: \"rate * 0.9\"}");
    check("adamax", "", "");
    check("adagrad", "", "");
    check("rmsprop", ", centered: true", ", schedule: {performance: {patience: 1, monitor: loss}}");
}

static int never(void *user)
{
    *(bool *)user = true;
    return 0;
}

/* Inputs of 0: nothing is found, and nothing begins. */
Test(auto_rate, says_that_there_is_none)
{
    rnl_data *data = fixture_data(ROWS, FEATURES, CLASSES, RNL_FLOAT32);
    memset((float *)(uintptr_t)data->train.inputs, 0, ROWS * FEATURES * sizeof(float));
    rnl_model *model = fixture_model(config_with("adam: {learning_rate: auto}", ""), data);
    bool begun = false;
    const rnl_options options = {.on_begin = never, .user = &begun};
    cr_expect_eq(rnl_train(model, data, &options), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "optimizer adam: learning_rate: a range test from 1e-5 to 10 "
                                    "suggests no rate: all inputs are 0"),
              "%s", rnl_message());
    cr_expect_not(begun);
    rnl_model_free(model);
    rnl_data_free(data);
}

Test(auto_rate, is_a_word_and_no_other)
{
    rnl_config *config = NULL;
    static const char text[] = "model: [dense: 1]\n"
                               "training: {loss: mean_squared_error, optimizer: {sgd: %s}}\n";
    char wrong[200];
    snprintf(wrong, sizeof wrong, text, "{learning_rate: automatic}");
    cr_expect_eq(rnl_config_parse(&config, "c", wrong, NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "or auto, got 'automatic'"), "%s", rnl_message());
    snprintf(wrong, sizeof wrong, text, "{learning_rate: 0}");
    cr_expect_eq(rnl_config_parse(&config, "c", wrong, NULL, 0), RNL_BAD_CONFIG);
    char *printed = NULL;
    snprintf(wrong, sizeof wrong, text, "auto");
    cr_assert_eq(rnl_config_parse(&config, "c", wrong, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_config_print(config, &printed), RNL_OK);
    cr_expect(strstr(printed, "learning_rate: auto"), "%s", printed);
    rnl_text_free(printed);
    rnl_config_free(config);
}
