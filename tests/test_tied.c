/*
 * Layers whose kernel is another's, transposed: in the file, over a pause, on any number of
 * workers, and what is refused.  Their gradients are judged in test_layers.c.
 */
#include "engine/schema/config.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 75, FEATURES = 20, UNITS = 70 };

#define PLAIN "optimizer: adam, batch_size: 32"

static rnl_model *create(const rnl_data *data, const char *more)
{
    return fixture_model(
        fixture_config("data: {targets: inputs, scaling: standardize}\n"
                       "model:\n"
                       "  - dense: {units: %d, activation: tanh, kernel_regularizer: {l2: 0.001}}\n"
                       "  - dense: {units: 9, activation: elu, name: code,\n"
                       "            kernel_constraint: {max_norm: 1.5}}\n"
                       "  - dense: {units: %d, activation: tanh, tied_to: code}\n"
                       "  - dense: {units: %d, tied_to: dense_1, learning_rate_factor: 0.5}\n"
                       "training: {loss: mean_squared_error, epochs: 4, %s}\n",
                       UNITS, UNITS, FEATURES, more),
        data);
}

static rnl_data *rows(void)
{
    return fixture_data(ROWS, FEATURES, 4, RNL_FLOAT32);
}

static const float *kernel_of(const rnl_model *model, size_t layer)
{
    return model->layers[layer].parameters[0].arrays[RNL_VALUES];
}

static void expect_tied(const rnl_model *model)
{
    for (size_t i = 0; i < FEATURES; ++i)
        for (size_t j = 0; j < UNITS; ++j)
            cr_assert_eq(kernel_of(model, 3)[j * FEATURES + i], kernel_of(model, 0)[i * UNITS + j]);
    for (size_t i = 0; i < UNITS; ++i)
        for (size_t j = 0; j < 9; ++j)
            cr_assert_eq(kernel_of(model, 2)[j * UNITS + i], kernel_of(model, 1)[i * 9 + j]);
}

static uint64_t train(const rnl_data *data, const char *more, size_t threads)
{
    rnl_model *model = create(data, more);
    cr_assert_eq(rnl_train(model, data, &(const rnl_options){.threads = threads}), RNL_OK, "%s",
                 rnl_message());
    expect_tied(model);
    const uint64_t hash = fixture_hash(model);
    rnl_model_free(model);
    return hash;
}

/* All that comes between a gradient and a weight, in mini-batches of one and of several row
 * blocks. */
Test(tied, one_result_on_any_number_of_workers)
{
    static const char *const settings[] = {
        PLAIN,
        "optimizer: nesterov, batch_size: 75, inspect: true",
        "optimizer: nadam, batch_size: 32, clipping: {global_clipnorm: 0.1}",
        "optimizer: adam, batch_size: 32, precision: mixed_bfloat16",
        "optimizer: adam, precision: mixed_bfloat16, batch_size: 75, clipping: {clipvalue: 0.01}",
    };
    rnl_data *data = rows();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; ++i) {
        const uint64_t alone = train(data, settings[i], 1);
        cr_expect_eq(train(data, settings[i], 2), alone, "%s", settings[i]);
        cr_expect_eq(train(data, settings[i], 5), alone, "%s", settings[i]);
    }
    rnl_data_free(data);
}

/* The norm of all gradients counts a tied kernel once: with a limit just above it nothing is
 * clipped, and the weights are those without one. */
Test(tied, clips_one_gradient)
{
    rnl_data *data = rows();
    const uint64_t plain = train(data, "optimizer: sgd, batch_size: 75", 1);
    cr_expect_eq(
        train(data, "optimizer: sgd, batch_size: 75, clipping: {global_clipnorm: 1000}", 1), plain);
    rnl_data_free(data);
}

static int stop_at_5(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->step == 5;
}

/* Stopped within an epoch, saved, loaded, resumed; the file holds all kernels and the tie. */
Test(tied, goes_on_and_is_saved_whole, .init = scratch_enter, .fini = scratch_leave)
{
    static const char path[] = "tied.safetensors";
    rnl_data *data = rows();
    const uint64_t expected = train(data, PLAIN, 1);
    rnl_model *model = create(data, PLAIN), *loaded = NULL;
    const rnl_options stopping = {.threads = 2, .on_step = stop_at_5};
    cr_assert_eq(rnl_train(model, data, &stopping), RNL_STOPPED);
    cr_assert_eq(rnl_model_save(model, path), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_model_resume(&loaded, path, rnl_model_config(model)), RNL_OK, "%s",
                 rnl_message());
    cr_assert_eq(rnl_train(loaded, data, &(const rnl_options){.threads = 3}), RNL_OK, "%s",
                 rnl_message());
    cr_expect_eq(fixture_hash(loaded), expected);
    cr_assert_eq(rnl_model_save(loaded, path), RNL_OK, "%s", rnl_message());
    rnl_model_free(model);
    cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    expect_tied(model);
    cr_expect_eq(fixture_loss(model, data), fixture_loss(loaded, data));
    rnl_model_free(model);
    rnl_model_free(loaded);
    rnl_data_free(data);
}

/* A program sets the one kernel, and the other follows, also between two steps. */
static int set_kernel(const rnl_progress *progress, void *user)
{
    static float zeros[FEATURES * UNITS];
    if (progress->step == 4)
        cr_expect_eq(rnl_model_set_parameter(user, "dense_1.kernel", zeros, FEATURES * UNITS),
                     RNL_OK, "%s", rnl_message());
    return progress->step == 5;
}

Test(tied, follows_what_a_program_sets)
{
    static float values[FEATURES * UNITS];
    rnl_data *data = rows();
    rnl_model *model = create(data, "optimizer: {sgd: {learning_rate: 1e-6}}, batch_size: 32");
    for (size_t i = 0; i < FEATURES * UNITS; ++i)
        values[i] = (float)i;
    cr_assert_eq(rnl_model_set_parameter(model, "dense_1.kernel", values, FEATURES * UNITS),
                 RNL_OK);
    expect_tied(model);
    cr_expect_eq(rnl_model_set_parameter(model, "dense_4.kernel", values, FEATURES * UNITS),
                 RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "it is dense_1.kernel, transposed") != NULL, "%s",
              rnl_message());
    rnl_model *other = create(data, PLAIN);
    cr_assert_eq(rnl_model_copy_parameters(other, model), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(other), fixture_hash(model));
    const rnl_options options = {.on_step = set_kernel, .user = other};
    cr_assert_eq(rnl_train(other, data, &options), RNL_STOPPED, "%s", rnl_message());
    expect_tied(other);
    cr_expect_lt(fabs((double)kernel_of(other, 0)[7]), 0.1);
    rnl_model_free(model);
    rnl_model_free(other);
    rnl_data_free(data);
}

/* Folding leaves layers that say the same and are tied no more. */
Test(tied, layers_fold)
{
    rnl_data *data = rows();
    rnl_model *model = fixture_model(
        fixture_config("data: {targets: inputs}\n"
                       "model: [{dense: {units: 9}}, batch_normalization, {activation: tanh},\n"
                       "        {dense: {units: %d, tied_to: dense_1}}]\n"
                       "training: {loss: mean_squared_error, optimizer: adam, epochs: 3}\n",
                       FEATURES),
        data);
    cr_assert_eq(rnl_train(model, data, NULL), RNL_OK, "%s", rnl_message());
    rnl_model *folded = NULL;
    char *report = NULL;
    cr_assert_eq(rnl_model_fold(model, &folded, &report), RNL_OK, "%s", rnl_message());
    cr_expect_float_eq(fixture_loss(folded, data), fixture_loss(model, data), 1e-5);
    rnl_text_free(report);
    rnl_model_free(folded);
    rnl_model_free(model);
    rnl_data_free(data);
}

static void expect_refused(const char *second, const char *words)
{
    rnl_data *data = rows();
    rnl_model *model = NULL;
    rnl_config *config = fixture_config("data: {targets: inputs}\n"
                                        "model: [{dense: {units: 9, name: encoder}}, %s,\n"
                                        "        {dense: {units: %d}}]\n"
                                        "training: {loss: mean_squared_error, optimizer: adam}\n",
                                        second, FEATURES);
    cr_expect_eq(rnl_model_create(&model, config, data), RNL_BAD_CONFIG, "%s", second);
    cr_expect(strstr(rnl_message(), words) != NULL, "'%s' is not in '%s'", words, rnl_message());
    rnl_config_free(config);
    rnl_data_free(data);
}

Test(tied, mistakes_are_refused)
{
    expect_refused("{dense: {units: 20, tied_to: encodr}}",
                   "test.yaml:2:46: dense_2: tied_to: expected the name of an earlier dense layer, "
                   "got 'encodr'; did you mean 'encoder'?");
    expect_refused("{dense: {units: 20, tied_to: dense_3}}", "got 'dense_3'");
    expect_refused("{dense: {units: 21, tied_to: encoder}}",
                   "expected a kernel of 21 x 9, the transposed of this layer's, got that of "
                   "encoder, 20 x 9");
    expect_refused(
        "{dense: {units: 20, tied_to: encoder, name: a}}, {dense: {units: 9, tied_to: a}}",
        "tied_to: a is tied itself, to encoder");
    expect_refused("{dense: {units: 20, tied_to: encoder, kernel_constraint: non_neg}}",
                   "non_neg: expected none beside tied_to: the kernel is that of encoder");
}
